// Keeps the first screen up to date and shows questions as dialogs. Without it everything works as pages.

const status = document.getElementById("status");
const offline = document.getElementById("offline");
const dialog = document.getElementById("dialog");
const pause = Number(status?.dataset.refresh) * 1000;
// Addresses are built on the origin: a page opened with “user:password@” in its address could fetch nothing else.
const address = (path) => new URL(path, location.origin);

let tag = null;
let timer = 0;
let received = performance.now();

async function refresh() {
  clearTimeout(timer);
  if (!status || document.hidden) return;
  try {
    const headers = tag ? { "If-None-Match": tag } : {};
    const answer = await fetch(address(status.dataset.from), { headers, cache: "no-store" });
    if (answer.status === 200) {
      tag = answer.headers.get("ETag");
      await show(await answer.text());
    } else if (answer.status !== 304) {
      throw new Error(`status ${answer.status}`);
    }
    offline.hidden = true;
  } catch {
    offline.textContent = "This page is not up to date. The agent does not answer; it is asked again every few seconds.";
    offline.hidden = false;
  }
  timer = setTimeout(refresh, pause);
}

// Replaces only the sections that changed, so that focus, selection and open details survive.
async function show(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  await Promise.allSettled([...fresh.images].map(preload));
  received = performance.now();
  for (const section of fresh.querySelectorAll("section[id]")) {
    const old = document.getElementById(section.id);
    const opened = [...old.querySelectorAll("details[open]")].map((element) => element.id);
    const focused = old.contains(document.activeElement) ? document.activeElement.id : "";
    for (const id of opened) section.querySelector(`#${CSS.escape(id)}`)?.setAttribute("open", "");
    if (!section.isEqualNode(old)) {
      old.replaceWith(document.adoptNode(section));
      if (focused) document.getElementById(focused)?.focus();
    }
  }
  document.title = document.getElementById("alarms").dataset.title;
}

// A picture that is loaded before it is shown does not flicker.
async function preload(image) {
  const loaded = new Image();
  loaded.src = image.getAttribute("src");
  await loaded.decode();
}

// The numbers that run: recorded and remaining time. They are set anew by every refresh.
function count() {
  const passed = Math.round((performance.now() - received) / 1000);
  for (const element of status.querySelectorAll("[data-up]")) write(element, Number(element.dataset.up) + passed);
  for (const element of status.querySelectorAll("[data-down]")) write(element, Number(element.dataset.down) - passed);
  for (const bar of status.querySelectorAll("progress[data-count]")) bar.value = Number(bar.dataset.count) + passed;
}

function write(element, seconds) {
  const whole = Math.max(seconds, 0);
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const text = hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
  if (element.textContent !== text) element.textContent = text;
}

async function ask(link) {
  try {
    const answer = await fetch(address(link.getAttribute("href")), { cache: "no-store" });
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

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const link = event.target.closest("[data-dialog]");
  if (link && dialog.showModal) {
    event.preventDefault();
    ask(link);
  } else if (event.target.closest("dialog [data-close]") || event.target === dialog) {
    event.preventDefault();
    dialog.close();
  }
});

document.addEventListener("visibilitychange", refresh);
const address_now = new URL(location.href);
if (address_now.searchParams.has("done")) {
  // The word about what was done just now must not come back with the next reload.
  address_now.searchParams.delete("done");
  history.replaceState(null, "", address_now.pathname + address_now.search);
  setTimeout(() => { document.getElementById("notice").hidden = true; }, 15000);
}
if (status) setInterval(() => { if (!document.hidden) count(); }, 1000);
if (status) timer = setTimeout(refresh, Math.min(pause, 3000));
