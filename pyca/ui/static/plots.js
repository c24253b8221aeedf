// Draws profiles with their fits, and marks of a beam on its picture, in SVG.

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 190; // pixels of a plot
const [LEFT, RIGHT, TOP, BOTTOM] = [10, 10, 10, 24]; // that are left free around it
const TICKS = 5;

const number = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
export const shown = (value) => {
  if (typeof value !== "number") return String(value ?? "–");
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
};

function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

// The index at which an axis has a value, between two where need be. Axes are even, and may descend.
function indexOf(axis, value) {
  const step = axis.length > 1 ? (axis[axis.length - 1] - axis[0]) / (axis.length - 1) : 0;
  return step ? (value - axis[0]) / step : null;
}

function lengthOf(axis, length) {
  const step = axis.length > 1 ? (axis[axis.length - 1] - axis[0]) / (axis.length - 1) : 0;
  return step ? Math.abs(length / step) : null;
}

// A line through all points; where there are more than pixels, through the least and the greatest of each pixel.
function line(values, x, y, width) {
  const each = Math.max(1, Math.floor(values.length / width));
  const points = [];
  for (let from = 0; from < values.length; from += each) {
    const part = values.slice(from, from + each).filter((value) => number(value) !== null);
    if (!part.length) continue;
    points.push([from, Math.min(...part)]);
    if (part.length > 1) points.push([from + each / 2, Math.max(...part)]);
  }
  return points.map(([at, value], place) => `${place ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
}

// region: first and last index of a good region.
export function plot(svg, name, { axis, profile, fit, region, mean, sigma }) {
  const width = Math.max(svg.clientWidth, 120);
  const all = [...profile, ...(fit || [])].filter((value) => number(value) !== null);
  if (!all.length) return;
  const low = all.reduce((least, value) => Math.min(least, value), Infinity);
  const high = all.reduce((most, value) => Math.max(most, value), -Infinity);
  const span = high - low || 1;
  const last = Math.max(profile.length - 1, 1);
  const x = (index) => LEFT + (index / last) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / span) * (HEIGHT - TOP - BOTTOM);
  const parts = [];
  if (region) parts.push(element("rect", { class: "region", x: x(region[0]), y: TOP, width: Math.max(x(region[1]) - x(region[0]), 1), height: HEIGHT - TOP - BOTTOM }));
  parts.push(element("path", { class: "base", d: `M${LEFT} ${HEIGHT - BOTTOM}H${width - RIGHT}` }));
  for (let tick = 0; tick < TICKS; tick += 1) {
    const index = Math.round((last * tick) / (TICKS - 1));
    const anchor = tick === 0 ? "start" : tick === TICKS - 1 ? "end" : "middle";
    parts.push(element("text", { x: x(index), y: HEIGHT - 6, "text-anchor": anchor }, shown(Number((axis[index] ?? index).toPrecision(4)))));
  }
  parts.push(element("text", { x: LEFT + 2, y: TOP + 10 }, shown(Number(high.toPrecision(4)))));
  parts.push(element("path", { class: "profile", d: line(profile, x, y, width) }));
  if (fit) parts.push(element("path", { class: "fit", d: line(fit, x, y, width) }));
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(...parts);
  const fitted = number(mean) === null ? "" : `: mean ${shown(mean)}, σ ${shown(sigma)}`;
  svg.setAttribute("aria-label", `${name}${fitted}, from ${shown(low)} to ${shown(high)}`);
}

// Each mark twice, dark below light, so that it is seen on every ground.
function marks(name, attributes, kind = "") {
  return ["shade", "mark"].map((one) => element(name, { ...attributes, class: `${one} ${kind}`, "vector-effect": "non-scaling-stroke" }));
}

export function overlay(svg, values, [width, height]) {
  const { x_axis: across = [], y_axis: down = [] } = values;
  const parts = [];
  const [x, y] = [indexOf(across, number(values.x_center_of_mass)), indexOf(down, number(values.y_center_of_mass))];
  const known = number(values.x_center_of_mass) !== null && number(values.y_center_of_mass) !== null;
  if (known && x !== null && y !== null) {
    const arm = Math.max(width, height) / 30;
    parts.push(...marks("path", { d: `M${x + 0.5 - arm} ${y + 0.5}h${2 * arm}M${x + 0.5} ${y + 0.5 - arm}v${2 * arm}` }));
  }
  const fits = ["x_fit_mean", "y_fit_mean", "x_fit_standard_deviation", "y_fit_standard_deviation"].map((key) => number(values[key]));
  if (!fits.includes(null)) {
    const [cx, cy] = [indexOf(across, fits[0]), indexOf(down, fits[1])];
    const [rx, ry] = [lengthOf(across, fits[2]), lengthOf(down, fits[3])];
    if (![cx, cy, rx, ry].includes(null)) parts.push(...marks("ellipse", { cx: cx + 0.5, cy: cy + 0.5, rx, ry }));
  }
  const region = values.good_region;
  if (Array.isArray(region) && region.length === 4) {
    const [left, top, right, bottom] = region;
    parts.push(...marks("rect", { x: left, y: top, width: Math.max(right - left, 0), height: Math.max(bottom - top, 0) }, "dashed"));
  }
  for (let slice = 0; number(values[`slice_${slice}_center_x`]) !== null; slice += 1) {
    const [cx, cy] = [indexOf(across, values[`slice_${slice}_center_x`]), indexOf(down, number(values[`slice_${slice}_center_y`]))];
    if (cx !== null && cy !== null) parts.push(...marks("circle", { cx: cx + 0.5, cy: cy + 0.5, r: Math.max(width, height) / 200 }));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
  return parts.length > 0;
}
