// The touch view: asks the interface how the stream does, once a second, and orders what a finger wants.

const { body } = document;
const part = (id) => document.getElementById(id);
const [words, clock, go, sure, keep, stop, picture, blank, time, rate, links, blind, trouble] = [
  "words", "clock", "go", "sure", "keep", "stop", "picture", "blank", "time", "rate", "links", "blind", "trouble",
].map(part);
const mayOperate = "operate" in body.dataset;
const PATIENCE = 6000; // milliseconds that an answer may take
const SURE = 8000; // for which a question stands
const SAID = 10000; // for which it is said why an order was not carried out
const CALM = 600; // in which a second tap still belongs to the first
const NAMES = { idle: "Off", preparing: "Preparing", streaming: "On air", stopping: "Stopping" };

let skew = 0; // seconds that the box's clock is ahead of ours
let told = null; // the last report
let ordered = ""; // what a finger wanted just now
let asked = 0; // when the question came up
let question = 0;
let refusal = null; // why the last order was not carried out: text, state of the stream then, and when

const now = () => Date.now() / 1000 + skew;
const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };
const two = (number) => String(number).padStart(2, "0");

async function call(name, method = "GET") {
  const answer = await fetch(`${body.dataset.interface}/${name}`, {
    method, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new Error("You are not logged in any more: load this page anew.");
  const found = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(found.reason || `The box answered with ${answer.status}.`);
  return found;
}

function span(seconds) {
  const whole = Math.max(Math.floor(seconds), 0);
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

const bits = (number) => (number >= 999500 ? `${(number / 1e6).toFixed(1)} Mbit/s` : `${Math.round(number / 1e3)} kbit/s`);

// It stays until somebody can have read it, or something else has happened.
function refused(state) {
  if (refusal) refusal.state ??= state;
  if (refusal && (refusal.state !== state || performance.now() - refusal.at > SAID)) refusal = null;
  return refusal?.text;
}

function show() {
  const { state, error } = told;
  const problem = state === "idle" && Boolean(error);
  body.className = problem ? "is-problem" : `is-${state}`;
  write(words, problem ? "Off: error" : told.blind && state === "streaming" ? "On air, blind" : NAMES[state]);
  const on = state === "preparing" || state === "streaming";
  const label = ordered || (on ? "Stop" : state === "stopping" ? "Stopping" : "Start");
  write(go.querySelector("span"), label);
  go.querySelector("svg").toggleAttribute("hidden", on || Boolean(ordered));
  go.disabled = !mayOperate || Boolean(ordered) || state === "stopping";
  if (!on) back();
  blind.disabled = !mayOperate;
  blind.setAttribute("aria-pressed", String(told.blind));
  write(blind, told.blind ? "Blind: show again" : "Blind");
  write(rate, on ? bits(told.bitrate) : "");
  const wanted = told.links.filter((link) => link.state !== "off");
  const live = wanted.filter((link) => link.state === "live").length;
  write(links, on ? `${live} of ${wanted.length} destination${wanted.length === 1 ? "" : "s"}` : "");
  const faults = wanted.filter((link) => link.error && link.state !== "live").map((link) => `${link.label || link.address}: ${link.error}`);
  write(trouble, refused(state) ?? [error, ...faults].filter(Boolean).slice(0, 2).join(" · "));
  const shown = on && told.program !== "nothing";
  if (!shown) { picture.hidden = true; blank.hidden = false; }
  else if (!document.hidden) look();
}

// A picture that is loaded before it is shown does not flicker.
async function look() {
  const image = new Image();
  image.src = `${body.dataset.picture}?t=${Math.floor(now() / 2)}`;
  if (picture.src === image.src) return;
  try { await image.decode(); } catch { return; }
  picture.src = image.src;
  picture.hidden = false;
  blank.hidden = true;
}

async function ask() {
  try {
    const answer = await call("report");
    skew = answer.now - Date.now() / 1000;
    told = answer;
    if (ordered === "Starting" ? answer.state !== "idle" || answer.error : answer.state !== "streaming") ordered = "";
    show();
  } catch (error) {
    body.className = "is-problem";
    write(words, "No answer");
    write(trouble, error.name === "Error" ? error.message : "The box does not answer. It is asked again by itself.");
    go.disabled = true;
  }
}

async function order(name, text) {
  [ordered, refusal] = [text, null];
  if (told) show();
  try {
    await call(name, "PUT");
  } catch (error) {
    ordered = "";
    refusal = { text: error.message, state: told?.state, at: performance.now() };
  }
  await ask();
}

// One tap must not end a stream: it asks, and the answer stands where the finger is not.
function back() {
  clearTimeout(question);
  if (sure.hidden) return;
  const focused = sure.contains(document.activeElement);
  sure.hidden = true;
  go.hidden = false;
  if (focused) go.focus();
}

go.addEventListener("click", () => {
  if (told?.state !== "streaming" && told?.state !== "preparing") return order("start", "Starting");
  go.hidden = true;
  sure.hidden = false;
  asked = performance.now();
  keep.focus();
  question = setTimeout(back, SURE);
});
keep.addEventListener("click", () => { if (performance.now() - asked > CALM) back(); });
stop.addEventListener("click", () => {
  if (performance.now() - asked < CALM) return;
  back();
  order("stop", "Stopping");
});
blind.addEventListener("click", () => order(told?.blind ? "unblind" : "blind", ""));
document.addEventListener("keydown", (event) => { if (event.key === "Escape") back(); });

function tick() {
  const date = new Date(now() * 1000);
  write(clock, `${two(date.getHours())}:${two(date.getMinutes())}`);
  const on = Boolean(told && told.started && told.state === "streaming");
  part("on-air").hidden = !on;
  write(time, on ? span(now() - told.started) : "");
}

async function forever() {
  if (!document.hidden) await ask();
  setTimeout(forever, 1000);
}

document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
setInterval(tick, 500);
tick();
forever();
