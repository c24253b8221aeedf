// What the pages of cameras and of pipelines have in common: figures, lists that keep themselves up to date, and
// pictures that move.

const EVERY = 2000; // milliseconds between two looks
const PATIENCE = 8000; // that an answer may take
const AGAIN = 3000; // after which a picture is asked for again
export const write = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
const rate = (value) => (typeof value === "number" ? `${value.toFixed(1)} Hz` : String(value ?? "").split(" - ")[0].replace("Hz", " Hz"));
const unit = (value, factor, name) => (typeof value === "number" ? `${Math.round(value * factor)} ${name}` : "");
export const FIGURES = {
  rx: (of) => rate(of.rx), tx: (of) => rate(of.tx), clients: (of) => String(of.clients ?? ""), lost: (of) => String(of.lost ?? ""),
  dropped: (of) => String(of.dropped ?? ""),
  latency: (of) => unit(of.latency, 1000, "ms"), cpu: (of) => unit(of.cpu, 1, "%"), memory: (of) => unit(of.memory, 1e-6, "MB"),
};

// Says what is wrong, or nothing.
export function say(element, text) {
  write(element, text);
  element.hidden = !text;
}

export async function ask(path) {
  const answer = await fetch(new URL(path, location.origin), { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new Error("You are not logged in any more: load this page anew.");
  const found = await answer.json();
  if (found.state !== "ok") throw new Error(found.status);
  return found;
}

// Asks again and again, each time a pause after the last answer. Nothing is asked while nobody looks.
export function again(every, once, failed) {
  let timer = 0;
  let busy = false;
  async function turn() {
    clearTimeout(timer);
    if (document.hidden || busy) return;
    busy = true;
    try {
      await once();
    } catch (error) {
      failed(error);
    } finally {
      busy = false;
      timer = setTimeout(turn, every);
    }
  }
  document.addEventListener("visibilitychange", turn);
  turn();
}

// Looks at all instances.
export function poll(path, show, failed = () => {}) {
  again(EVERY, async () => show((await ask(path)).info.active_instances || {}), failed);
}

export async function stop(api, name) {
  const token = document.querySelector("input[name=token]")?.value || "";
  const answer = await fetch(`${api}/${encodeURIComponent(name)}`, { method: "DELETE", headers: { "X-CSRF-Token": token }, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).status || `The server answered with ${answer.status}.`);
}

function showRow(row, instance) {
  const broken = row.dataset.state === "error" && !instance && !row.dataset.ran;
  const state = broken ? "error" : !instance ? "off" : instance.online === false ? "offline" : "running";
  if (instance) row.dataset.ran = "yes";
  if (!broken) write(row.querySelector(".reason"), instance?.status || "");
  if (row.dataset.state !== state) {
    row.dataset.state = state;
    const sign = document.querySelector(`#signs [data-state="${state}"]`).cloneNode(true);
    row.querySelector(".of-state").replaceChildren(...sign.childNodes);
  }
  for (const one of row.querySelectorAll("form.stop, .watch")) one.hidden = !instance;
  for (const one of row.querySelectorAll("form.start")) one.hidden = Boolean(instance);
  for (const cell of row.querySelectorAll("[data-figure]")) {
    write(cell, instance ? FIGURES[cell.dataset.figure](instance.statistics || {}) : "");
  }
}

function find(list) {
  const form = document.getElementById("find");
  const words = form.elements.q.value.trim().toLowerCase();
  const group = form.elements.group?.value || "";
  let shown = 0;
  for (const row of list.querySelectorAll("tr[data-name]")) {
    row.hidden = !row.dataset.words.includes(words) || (group !== "" && !JSON.parse(row.dataset.groups).includes(group));
    if (!row.hidden) shown += 1;
  }
  write(document.getElementById("shown"), String(shown));
}

// Keeps a list up to date. “others” is told what runs and is not in the list.
export function watchList(list, api, others = () => {}) {
  const form = document.getElementById("find");
  const trouble = document.getElementById("trouble");
  // What was left out by the server can be found by the server alone.
  if (!new URLSearchParams(location.search).size) {
    form.addEventListener("input", () => find(list));
    form.addEventListener("submit", (event) => { event.preventDefault(); find(list); });
    form.querySelector("button").hidden = true;
  }
  list.addEventListener("submit", async (event) => {
    if (!event.target.matches(".stop")) return;
    event.preventDefault();
    const row = event.target.closest("tr");
    try {
      await stop(api, row.dataset.name);
      row.querySelector("a").focus();
    } catch (error) {
      say(trouble, error.message);
    }
    for (const button of event.target.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    delete event.target.dataset.sent;
  });
  poll(list.dataset.info, (running) => {
    const rows = [...list.querySelectorAll("tr[data-name]")];
    for (const row of rows) showRow(row, running[row.dataset.name]);
    write(document.getElementById("running"), String(rows.filter((row) => running[row.dataset.name]).length));
    others(running, rows);
    say(trouble, "");
  }, (error) => say(trouble, `These figures are old: ${error.message}`));
}

// Has a picture move as a form says. “why” is asked where none comes: it fails with the reason.
export function movingPicture(picture, form, api, why) {
  const trouble = document.getElementById("trouble");
  const full = document.getElementById("full");
  let timer = 0;
  const chosen = () => {
    const given = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value.trim()) given.set(key, value.trim());
    return given;
  };
  function show() {
    clearTimeout(timer);
    const given = chosen();
    history.replaceState(null, "", `${new URL(form.action).pathname}?${given}${location.hash}`);
    document.getElementById("download").href = `${api}/image?${given}`;
    given.set("t", String(Date.now()));
    if (document.hidden) picture.removeAttribute("src");
    else picture.src = `${api}/mjpeg?${given}`;
  }
  // Why there is no picture is said by the server; the picture itself cannot tell.
  async function failed() {
    if (document.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(show, AGAIN);
    try {
      await why();
      say(trouble, "No picture came. It is asked for again.");
    } catch (error) {
      say(trouble, error.message);
    }
  }
  picture.addEventListener("error", failed);
  picture.addEventListener("load", () => { trouble.hidden = true; });
  form.addEventListener("change", show);
  form.addEventListener("submit", (event) => { event.preventDefault(); show(); });
  document.addEventListener("visibilitychange", show);
  if (document.fullscreenEnabled) {
    full.hidden = false;
    full.addEventListener("click", () => document.getElementById("screen").requestFullscreen());
  }
  show();
}

// A button that copies a text.
export function copies(button, source) {
  if (!navigator.clipboard) return;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    write(button, "Copied");
  });
}
