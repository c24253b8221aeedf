// Keeps the list of pipelines up to date; shows what an instance sends: picture, marks, profiles and figures.

import { again, ask, copies, FIGURES, movingPicture, poll, say, watchList, write } from "./imaging.js";
import { overlay, plot, shown } from "./plots.js";

const list = document.getElementById("pipelines");
const instance = document.getElementById("instance");
const OFTEN = 400; // milliseconds between two messages
const KNOWN = new Set(["width", "height", "timestamp", "processing_parameters"]);
const byId = (id) => document.getElementById(id);

// Who is at something of a list stays there when the list is made anew; where it is gone they get to the search.
function keepingFocus(change) {
  const row = document.activeElement.closest?.("#pipelines tr[data-name]");
  const place = row ? [...row.querySelectorAll("a, button")].indexOf(document.activeElement) : -1;
  change();
  if (place < 0) return;
  const now = [...list.querySelectorAll("tr[data-name]")].find((one) => one.dataset.name === row.dataset.name);
  const target = now?.querySelectorAll("a, button")[place] || byId("find").elements.q;
  target.focus({ preventScroll: true });
}

// Instances come and go: where the rows do not fit any more they are taken from the page as it is now.
let fetching = false;
async function renew(running, rows) {
  const here = rows.map((row) => row.dataset.name);
  const again = rows.some((row) => "over" in row.dataset && running[row.dataset.name]);
  const came = again || Object.keys(running).some((name) => !here.includes(name));
  const went = rows.some((row) => !("saved" in row.dataset || "over" in row.dataset) && !running[row.dataset.name]);
  if (fetching || !(came || went)) return;
  fetching = true;
  try {
    const answer = await fetch(new URL(location.search, byId("find").action), { cache: "no-store", redirect: "error", headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const body = page.querySelector("#pipelines tbody");
    if (!answer.ok || !body) return;
    keepingFocus(() => list.tBodies[0].replaceWith(document.adoptNode(body)));
    write(byId("shown"), page.getElementById("shown").textContent);
    byId("find").dispatchEvent(new Event("input"));
  } catch {
    return; // it is tried again with the next look
  } finally {
    fetching = false;
  }
}

function offerCameras() {
  const field = document.querySelector("[data-cameras]");
  field?.addEventListener("focus", async () => {
    try {
      const { cameras } = await ask(field.dataset.cameras);
      field.list.replaceChildren(...cameras.map((name) => Object.assign(document.createElement("option"), { value: name })));
    } catch {
      return; // a camera can be named without
    }
  }, { once: true });
}

function sizeOf({ values, arrays }) {
  const image = arrays.image || Object.values(arrays).find((one) => one.shape.length === 2);
  if (image?.shape.length === 2) return [image.shape[1], image.shape[0]];
  if (typeof values.width === "number" && typeof values.height === "number") return [values.width, values.height];
  return values.x_profile && values.y_profile ? [values.x_profile.length, values.y_profile.length] : null;
}

function showFigures(values) {
  for (const cell of document.querySelectorAll("[data-channel]")) {
    KNOWN.add(cell.dataset.channel);
    write(cell, shown(values[cell.dataset.channel]));
  }
  for (const row of document.querySelectorAll("[data-pair]")) {
    row.hidden = ![...row.cells].some((cell) => values[cell.dataset.channel] !== undefined);
  }
  const others = Object.keys(values).filter((name) => !KNOWN.has(name) && values[name] !== null && typeof values[name] !== "object");
  const body = byId("others");
  if (others.join("\n") !== [...body.rows].map((row) => row.cells[0].textContent).join("\n")) {
    body.replaceChildren(...others.map((name) => {
      const row = document.createElement("tr");
      const head = Object.assign(document.createElement("th"), { scope: "row", textContent: name });
      row.append(head, Object.assign(document.createElement("td"), { className: "figure number" }));
      return row;
    }));
  }
  others.forEach((name, place) => write(body.rows[place].cells[1], shown(values[name])));
}

function showPlots(values) {
  let any = false;
  ["x", "y"].forEach((axis, place) => {
    const profile = values[`${axis}_profile`];
    if (!Array.isArray(profile)) return;
    any = true;
    byId("plots").hidden = false;
    const region = values.good_region?.length === 4 ? [values.good_region[place], values.good_region[place + 2]] : null;
    plot(byId(`${axis}-plot`), `${axis} profile`, {
      axis: values[`${axis}_axis`] || [], profile, region, fit: values[`${axis}_fit_gauss_function`],
      mean: values[`${axis}_fit_mean`], sigma: values[`${axis}_fit_standard_deviation`],
    });
  });
  byId("plots").hidden = !any;
}

function showMessage(message) {
  const { values, pulse_id: pulse, timestamp } = message;
  const size = sizeOf(message);
  const wanted = byId("over").querySelector("input").checked;
  const has = size && wanted && overlay(byId("overlay"), values, size);
  byId("overlay").toggleAttribute("hidden", !has);
  byId("legend").hidden = !has;
  write(byId("pulse"), String(pulse));
  write(byId("moment"), `· ${new Date(timestamp * 1000).toLocaleTimeString([], { hour12: false })}`);
  showFigures(values);
  showPlots(values);
}

function watchMessages(api) {
  const trouble = byId("trouble");
  byId("over").hidden = false;
  again(OFTEN, async () => {
    showMessage(await ask(`${api}/values`));
    if (trouble.dataset.from === "values") say(trouble, "");
  }, (error) => {
    trouble.dataset.from = "values";
    say(trouble, error.message);
  });
}

function watchInstance() {
  const { api, name, info } = instance.dataset;
  const address = byId("address");
  const picture = byId("picture");
  const ran = Boolean(picture);
  let known = "";
  if (picture) {
    movingPicture(picture, byId("look"), api, async () => {
      const { arrays } = await ask(`${api}/values`);
      if (!Object.values(arrays).some((one) => one.shape.length === 2)) throw new Error("This instance sends no image.");
    });
    watchMessages(api);
    copies(byId("copy"), address);
  }
  poll(info, (running) => {
    const now = running[name];
    const config = now ? JSON.stringify(now.config) : known;
    if (known && config !== known) say(byId("elsewhere"), "The parameters were changed elsewhere. Load this page anew to see them.");
    known ||= config;
    if (byId("status-then")) byId("status-then").hidden = true;
    const ended = ran && !now ? "The instance has ended. Load this page anew to see how." : "";
    const came = !ran && now ? "The instance runs. Load this page anew to see what it sends." : "";
    say(byId("status-now"), ended || came || now?.status || "");
    for (const cell of document.querySelectorAll(".rates [data-figure]")) {
      write(cell, (now && FIGURES[cell.dataset.figure](now.statistics || {})) || "–");
    }
    if (address && now) write(address, now.stream_address);
    if (byId("copy")) byId("copy").hidden = !now || !navigator.clipboard;
  }, (error) => say(byId("status-now"), `These figures are old: ${error.message}`));
}

if (list) watchList(list, "/api/v1/pipeline", renew);
if (instance) watchInstance();
offerCameras();
