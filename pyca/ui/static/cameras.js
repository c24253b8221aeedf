// Keeps the list of cameras up to date, finds cameras while one types, and makes the picture move.

const list = document.getElementById("cameras");
const viewer = document.getElementById("viewer");
const trouble = document.getElementById("trouble");
const EVERY = 2000; // milliseconds between two looks
const PATIENCE = 8000; // that an answer may take
const AGAIN = 3000; // after which a picture is asked for again
const write = (element, text) => { if (element && element.textContent !== text) element.textContent = text; };
const rate = (value) => (typeof value === "number" ? `${value.toFixed(1)} Hz` : String(value ?? "").split(" - ")[0].replace("Hz", " Hz"));
const unit = (value, factor, name) => (typeof value === "number" ? `${Math.round(value * factor)} ${name}` : "");
const FIGURES = {
  rx: (of) => rate(of.rx), tx: (of) => rate(of.tx), clients: (of) => String(of.clients ?? ""), lost: (of) => String(of.lost ?? ""),
  latency: (of) => unit(of.latency, 1000, "ms"), cpu: (of) => unit(of.cpu, 1, "%"), memory: (of) => unit(of.memory, 1e-6, "MB"),
};
const WORDS = { rx: "in", tx: "out", clients: "clients", lost: "lost", latency: "latency", cpu: "CPU", memory: "memory" };

async function ask(path) {
  const answer = await fetch(new URL(path, location.origin), { cache: "no-store", redirect: "manual", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.type === "opaqueredirect" || answer.status === 401) throw new Error("You are not logged in any more: load this page anew.");
  const found = await answer.json();
  if (found.state !== "ok") throw new Error(found.status);
  return found;
}

// Nothing is asked while nobody looks.
function poll(path, show) {
  let timer = 0;
  let busy = false;
  async function once() {
    clearTimeout(timer);
    if (document.hidden || busy) return;
    busy = true;
    try {
      show((await ask(path)).info.active_instances || {});
      if (list) trouble.hidden = true;
    } catch (error) {
      if (list) {
        write(trouble, `These figures are old: ${error.message}`);
        trouble.hidden = false;
      }
    } finally {
      busy = false;
      timer = setTimeout(once, EVERY);
    }
  }
  document.addEventListener("visibilitychange", once);
  once();
}

function showList(running) {
  let number = 0;
  for (const row of list.querySelectorAll("tr[data-name]")) {
    const instance = running[row.dataset.name];
    const broken = row.dataset.state === "error" && !instance && !row.dataset.ran;
    const state = broken ? "error" : !instance ? "off" : instance.online === false ? "offline" : "running";
    if (instance) row.dataset.ran = "yes";
    if (instance) number += 1;
    if (!broken) write(row.querySelector(".reason"), instance?.status || "");
    if (row.dataset.state !== state) {
      row.dataset.state = state;
      const sign = document.querySelector(`#signs [data-state="${state}"]`).cloneNode(true);
      row.querySelector(".of-state").replaceChildren(...sign.childNodes);
    }
    const stop = row.querySelector("form");
    if (stop) stop.hidden = !instance;
    for (const cell of row.querySelectorAll("[data-figure]")) {
      write(cell, instance ? FIGURES[cell.dataset.figure](instance.statistics || {}) : "");
    }
  }
  write(document.getElementById("running"), String(number));
}

function find() {
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

function watchList() {
  const form = document.getElementById("find");
  // What was left out by the server can be found by the server alone.
  if (!new URLSearchParams(location.search).size) {
    form.addEventListener("input", find);
    form.addEventListener("submit", (event) => { event.preventDefault(); find(); });
    form.querySelector("button").hidden = true;
  }
  list.addEventListener("submit", async (event) => {
    event.preventDefault();
    const row = event.target.closest("tr");
    try {
      await stop(row.dataset.name);
      row.querySelector("a").focus();
    } catch (error) {
      write(trouble, error.message);
      trouble.hidden = false;
    }
    for (const button of event.target.querySelectorAll("button")) button.removeAttribute("aria-disabled");
    delete event.target.dataset.sent;
  });
  poll(list.dataset.info, showList);
}

async function stop(name) {
  const token = document.querySelector("input[name=token]")?.value || "";
  const answer = await fetch(`/api/v1/cam/${encodeURIComponent(name)}`, { method: "DELETE", headers: { "X-CSRF-Token": token }, signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).status || `The server answered with ${answer.status}.`);
}

function watchCamera() {
  const form = document.getElementById("look");
  const picture = document.getElementById("picture");
  const full = document.getElementById("full");
  const copy = document.getElementById("copy");
  const address = document.getElementById("address");
  let timer = 0;
  const chosen = () => {
    const given = new URLSearchParams();
    for (const [key, value] of new FormData(form)) if (value.trim()) given.set(key, value.trim());
    return given;
  };
  function show() {
    clearTimeout(timer);
    const given = chosen();
    history.replaceState(null, "", `?${given}`);
    document.getElementById("download").href = `${viewer.dataset.api}/image?${given}`;
    given.set("t", String(Date.now()));
    if (document.hidden) picture.removeAttribute("src");
    else picture.src = `${viewer.dataset.api}/mjpeg?${given}`;
  }
  // Why there is no picture is said by the server; the picture itself cannot tell.
  async function failed() {
    if (document.hidden) return;
    clearTimeout(timer);
    timer = setTimeout(show, AGAIN);
    try {
      await ask(`${viewer.dataset.api}/geometry`);
      write(trouble, "No picture came. It is asked for again.");
    } catch (error) {
      write(trouble, error.message);
    }
    trouble.hidden = false;
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
  if (navigator.clipboard) {
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(address.textContent);
      write(copy, "Copied");
    });
  }
  show();
  let ran = false;
  poll(viewer.dataset.info, (running) => {
    const instance = running[viewer.dataset.name];
    if (ran && !instance) {
      write(trouble, "The camera is off. “Show” starts it again.");
      trouble.hidden = false;
    }
    ran = Boolean(instance);
    write(address, instance?.stream_address || "starts when somebody watches");
    copy.hidden = !instance || !navigator.clipboard;
    const said = Object.keys(WORDS).map((key) => [FIGURES[key](instance?.statistics || {}), WORDS[key]]).filter(([text]) => text);
    write(document.getElementById("figures"), instance ? said.map((one) => one.join(" ")).join(" · ") : "off");
  });
}

if (list) watchList();
if (viewer) watchCamera();
