// Keeps a page up to date, shows questions as dialogs, moves the meters. Without it everything works as pages.

const status = document.querySelector("#status[data-from]");
const offline = document.getElementById("offline");
const notice = document.getElementById("notice");
const dialog = document.getElementById("dialog");
const pause = Number(status?.dataset.refresh) * 1000;
const PATIENCE = 8000; // milliseconds that an answer may take
const LONGEST_PAUSE = 10000;
const EXPECTANT = 15; // seconds for which something that is due is looked for
// Addresses are built on the origin: a page opened with “user:password@” in its address could fetch nothing else.
const address = (path) => new URL(path, location.origin);
const TOLD = ".alarm.urgent b, [data-tell]"; // what is said aloud when it is new
const all = (root, selector) => [...root.querySelectorAll(selector)];

let skew = 0; // seconds that the agent's clock is ahead of ours
const now = () => Date.now() / 1000 + skew;

class LoggedOut extends Error {}

// A redirection leads to the login page; it is not followed, because its answer is no answer to what was asked.
async function get(path, headers = {}) {
  const answer = await fetch(address(path), {
    headers, cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE),
  });
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new LoggedOut();
  if (!answer.ok && answer.status !== 304) throw new Error(`status ${answer.status}`);
  return answer;
}

// Asks again and again, each time a pause after the last answer, so that a slow server never has two questions
// at once. Nothing is asked while nobody looks.
class Poll {
  constructor(path, every, show) {
    Object.assign(this, { path, every, show, tag: null, timer: 0, busy: false, failures: 0 });
  }

  async ask() {
    clearTimeout(this.timer);
    if (document.hidden || this.busy) return;
    this.busy = true;
    let wait = 0;
    try {
      const answer = await get(this.path, this.tag ? { "If-None-Match": this.tag } : {});
      if (answer.status === 200) {
        this.tag = answer.headers.get("ETag");
        await this.show(answer);
      }
      this.failures = 0;
      reach(answer);
    } catch (error) {
      this.failures += 1;
      this.failed(error);
    } finally {
      this.busy = false;
      wait = Math.min(this.every() * 2 ** Math.min(this.failures, 5), Math.max(LONGEST_PAUSE, this.every()));
      this.timer = setTimeout(() => this.ask(), wait);
    }
  }

  failed() {}
}

let away = 0; // since when the agent does not answer, in seconds of its clock

function reach(answer) {
  const sent = Date.parse(answer.headers.get("Date")) / 1000;
  // The header tells whole seconds: a smaller difference says nothing.
  if (Math.abs(sent - now()) > 2) skew = sent - Date.now() / 1000;
  if (away) {
    away = 0;
    offline.hidden = true;
    offline.replaceChildren();
    document.body.classList.remove("old");
  }
}

function lost(error) {
  const name = error instanceof LoggedOut ? "logged-out" : "away";
  if (!away) away = now();
  document.body.classList.add("old");
  if (offline.dataset.name === name && !offline.hidden) return;
  offline.dataset.name = name;
  offline.replaceChildren(document.getElementById(name).content.cloneNode(true));
  for (const since of all(offline, "time")) {
    since.textContent = timeOfDay(away, Number(since.dataset.offset));
  }
  offline.hidden = false;
}

// The time of day where the agent is, written like all others on the page.
function timeOfDay(moment, offset) {
  return new Date((moment + offset) * 1000).toISOString().slice(11, 16);
}

// Replaces only the sections that changed, so that focus, selection and open details survive.
async function show(answer) {
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  const changed = ({ id, dataset }) => document.getElementById(id) && !(dataset.key && dataset.key === document.getElementById(id).dataset.key);
  const sections = all(fresh, "section[id]").filter(changed);
  await Promise.allSettled(sections.flatMap((section) => all(section, "img")).map((image) => loaded(image.getAttribute("src"))));
  const known = new Set(all(document, TOLD).map((alarm) => alarm.textContent));
  count(fresh);
  let left = false;
  for (const section of sections) {
    const old = document.getElementById(section.id);
    for (const one of all(old, "details[open][id]")) section.querySelector(`#${CSS.escape(one.id)}`)?.setAttribute("open", "");
    if (section.isEqualNode(old)) continue;
    const selected = getSelection();
    if (selected && !selected.isCollapsed && selected.containsNode(old, true)) left = true;
    else replace(old, document.adoptNode(section));
  }
  if (left) refresh.tag = null; // what is being copied is replaced the next time
  const title = document.querySelector("section[data-title]")?.dataset.title;
  if (title) document.title = title;
  tell(all(document, TOLD).map((alarm) => alarm.textContent).filter((text) => !known.has(text)));
  live?.ask();
}

function replace(old, section) {
  const reachable = (root) => all(root, "a, button, summary, input, [tabindex]");
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const place = focused ? reachable(old).indexOf(focused) : -1;
  old.replaceWith(section);
  if (focused) (document.getElementById(focused.id) || reachable(section)[place])?.focus({ preventScroll: true });
}

// Only what is new is said to those who listen; all else they find when they want it.
function tell(texts) {
  const told = document.getElementById("told");
  if (told && texts.length) told.textContent = texts.join(" ");
}

// A picture that is loaded before it is shown does not flicker.
async function loaded(source) {
  const image = new Image();
  image.src = source;
  await image.decode();
  return image;
}

// The numbers that run: recorded and remaining time. They are moments, so that nothing drifts.
function count(root = status) {
  if (away) return; // nobody knows how it goes on
  for (const one of all(root, "[data-up]")) write(one, clock(now() - Number(one.dataset.up)));
  for (const one of all(root, "[data-down]")) write(one, clock(Number(one.dataset.down) - now()));
  for (const bar of all(root, "progress[data-since]")) bar.setAttribute("value", Math.max(Math.round(now() - Number(bar.dataset.since)), 0));
}

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function clock(seconds) {
  const whole = Math.max(Math.round(seconds), 0);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

// Pictures and meters, while somebody looks and something is live.
async function move(answer) {
  const { previews = [], levels = {} } = await answer.json();
  for (const meter of all(status, "[data-level]")) sound(meter, levels[meter.dataset.level]);
  await Promise.allSettled(previews.map(swap));
}

async function swap({ number, modified, stale }) {
  const figure = status.querySelector(`[data-number="${number}"]`);
  if (!figure) return;
  const old = figure.querySelector("img");
  // What is live and what is not is said in words, which come with the next refresh.
  if (stale !== figure.classList.contains("stale") || (modified && !old)) return refresh.ask();
  const age = figure.querySelector("[data-age]");
  if (age && modified) write(age, `live, ${Math.max(Math.round(now() - modified), 0)} s old`);
  if (!old || !modified || figure.dataset.modified === String(modified)) return;
  const image = await loaded(`${figure.dataset.picture}?t=${modified}`);
  figure.dataset.modified = String(modified);
  for (const name of ["alt", "width", "height"]) image.setAttribute(name, old.getAttribute(name));
  old.replaceWith(image);
}

function sound(meter, level) {
  const { silence, clipping } = meter.dataset;
  const old = !level || level.stale || level.rms === null;
  const none = !old && level.rms <= Number(silence);
  const loud = !old && level.peak >= Number(clipping);
  const words = old ? "not measured" : none ? "no sound" : loud ? "too loud" : `${minus(level.rms)} dB`;
  write(meter.querySelector(".words"), words);
  meter.classList.toggle("bad", none || loud);
  meter.classList.toggle("old", old);
  meter.querySelector(".rms").setAttribute("width", old ? 0 : share(level.rms));
  meter.querySelector(".peak").setAttribute("x", old ? -9 : Math.min(share(level.peak), 597));
}

const minus = (number) => String(Math.round(number)).replace("-", "−");
const share = (level) => Math.round(Math.min(Math.max((level ?? -60) + 60, 0), 60) * 10);

async function ask(link) {
  try {
    const answer = await get(link.getAttribute("href"));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const question = page.querySelector(".question");
    if (!question.id) question.querySelector("h1").id = "question";
    if (question.tagName === "FORM") question.action = address(link.getAttribute("href")).pathname;
    dialog.replaceChildren(document.adoptNode(question));
    dialog.showModal();
  } catch {
    location.assign(link.href);
  }
}

function closeMenus(except) {
  for (const menu of all(document, "details.menu[open]")) if (!menu.contains(except)) menu.open = false;
}

document.addEventListener("click", (event) => {
  closeMenus(event.target);
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const link = event.target.closest("[data-dialog]");
  if (link && dialog.showModal) {
    event.preventDefault();
    ask(link);
  } else if (event.target.closest("dialog [data-close]") || event.target === dialog) {
    event.preventDefault();
    dialog.close();
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.querySelector("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
});
// The link that opened the dialog may have been replaced meanwhile by a newer one of the same name.
let opener = "";
document.addEventListener("click", (event) => { opener = event.target.closest?.("[data-dialog]")?.id || opener; }, true);
dialog.addEventListener("close", () => {
  dialog.replaceChildren();
  document.getElementById(opener)?.focus({ preventScroll: true });
});

// A form is sent once, however often it is pressed.
document.addEventListener("submit", (event) => {
  if (event.defaultPrevented || event.target.method !== "post") return;
  if (event.target.dataset.sent) return event.preventDefault();
  event.target.dataset.sent = "yes";
  for (const button of all(event.target, "button")) button.setAttribute("aria-disabled", "true");
});
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of all(document, "[data-sent]")) delete form.dataset.sent;
  for (const button of all(document, "button[aria-disabled]")) button.removeAttribute("aria-disabled");
  if (dialog.open) dialog.close();
  refresh?.ask();
});

// Whoever loads the answer to a form anew shall not send it once more.
const reload = document.querySelector("[data-reload]")?.dataset.reload;
if (reload) history.replaceState(null, "", reload);

const here = new URL(location.href);
let acted = 0; // when something was ordered whose effect is still to be seen
if (here.searchParams.has("done")) {
  acted = now();
  // The word about what was done just now must not come back with the next reload.
  here.searchParams.delete("done");
  history.replaceState(null, "", here.pathname + here.search);
  // What stands in a live region from the start is not announced: it is put there once more.
  const text = notice.textContent;
  notice.textContent = "";
  setTimeout(() => { notice.textContent = text; }, 200);
  setTimeout(() => { notice.hidden = true; }, 20000);
}

// Where something is about to begin or to end nobody shall wait for the usual refresh.
function patience() {
  const due = [acted, ...all(status, "[data-due]").map((one) => Number(one.dataset.due))].filter((moment) => moment > now() - EXPECTANT);
  const first = Math.min(...due) - now();
  return Math.min(pause, first > 0 ? first * 1000 + 300 : 1000);
}

let refresh = null;
let live = null;
if (status) {
  if (status.dataset.now) skew = Number(status.dataset.now) - Date.now() / 1000;
  refresh = new Poll(status.dataset.from, patience, show);
  refresh.failed = lost;
  if (status.dataset.live) {
    live = new Poll(status.dataset.live, () => (status.querySelector("[data-number]:not(.stale), [data-level]:not(.old)") ? 1000 : pause), move);
    live.timer = setTimeout(() => live.ask(), 500);
  }
  refresh.timer = setTimeout(() => refresh.ask(), Math.min(pause, 3000));
  setInterval(() => { if (!document.hidden) count(); }, 1000);
  document.addEventListener("visibilitychange", () => { refresh.ask(); live?.ask(); });
  addEventListener("online", () => refresh.ask());
}
