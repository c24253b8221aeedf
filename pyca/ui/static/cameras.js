// Keeps the list of cameras up to date, finds cameras while one types, and makes the picture move.

import { ask, copies, FIGURES, movingPicture, poll, say, watchList, write } from "./imaging.js";

const list = document.getElementById("cameras");
const viewer = document.getElementById("viewer");
const WORDS = { rx: "in", tx: "out", clients: "clients", lost: "lost", latency: "latency", cpu: "CPU", memory: "memory" };

function watchCamera() {
  const api = viewer.dataset.api;
  const copy = document.getElementById("copy");
  const address = document.getElementById("address");
  movingPicture(document.getElementById("picture"), document.getElementById("look"), api, () => ask(`${api}/geometry`));
  copies(copy, address);
  let ran = false;
  poll(viewer.dataset.info, (running) => {
    const instance = running[viewer.dataset.name];
    if (ran && !instance) say(document.getElementById("trouble"), "The camera is off. “Show” starts it again.");
    ran = Boolean(instance);
    write(address, instance?.stream_address || "starts when somebody watches");
    copy.hidden = !instance || !navigator.clipboard;
    const said = Object.keys(WORDS).map((key) => [FIGURES[key](instance?.statistics || {}), WORDS[key]]).filter(([text]) => text);
    write(document.getElementById("figures"), instance ? said.map((one) => one.join(" ")).join(" · ") : "off");
  });
}

if (list) watchList(list, "/api/v1/cam");
if (viewer) watchCamera();
