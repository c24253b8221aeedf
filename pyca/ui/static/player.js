// Plays what goes out: HLS of fragmented MP4 over Media Source Extensions, or by the browser's own means where it
// has no others. It waits for a stream to begin, goes on when it is begun anew, and says what is the matter.

import { codecs, scales, start } from "./mp4.js";

const box = document.getElementById("player");
const video = document.getElementById("video");
const said = document.getElementById("said");
const more = document.getElementById("more");
const onAir = document.getElementById("on-air");
const sound = document.getElementById("sound");
const newest = document.getElementById("newest");
const source = new URL(box.dataset.source, location.origin);
const Media = globalThis.MediaSource || globalThis.ManagedMediaSource;
const BEHIND = 3; // pieces from the newest at which playing begins
const LAG = 20; // seconds behind the newest picture after which it is caught up with
const EDGE = 4; // seconds behind the newest picture that are caught up to
const KEPT = 20; // seconds that stay to go back to
const STUCK = 5000; // milliseconds after which a picture that does not move is helped
const PATIENCE = 8000;
const LONGEST = 60; // seconds for which a server that is busy is left alone at most

class Gone extends Error {}
class Unplayable extends Error {}
class Busy extends Error {
  constructor(answer) {
    super(`status ${answer.status}`);
    this.seconds = Math.min(Number(answer.headers.get("Retry-After")) || 0, LONGEST);
  }
}

async function get(address, kind) {
  const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (answer.status === 204) return null;
  if (answer.status === 404) throw new Gone();
  if (!answer.ok) throw new Busy(answer);
  return kind === "text" ? answer.text() : new Uint8Array(await answer.arrayBuffer());
}

// Whatever the browser does not take cannot be played; that it has no more room only now.
async function feed(work) {
  try {
    return await work();
  } catch (error) {
    throw error.name === "QuotaExceededError" ? error : new Unplayable(error.message);
  }
}

function read(text) {
  const list = { pieces: [], target: 2, ended: false };
  let number = 0;
  let init = "";
  let jump = false;
  for (const line of text.split(/\r?\n/)) {
    const [tag, value = ""] = line.startsWith("#") ? line.split(/:(.*)/s) : ["", line];
    if (tag === "#EXT-X-TARGETDURATION") list.target = Number(value) || 2;
    else if (tag === "#EXT-X-MEDIA-SEQUENCE") number = Number(value);
    else if (tag === "#EXT-X-MAP") init = /URI="([^"]*)"/.exec(value)?.[1] ?? "";
    else if (tag === "#EXT-X-DISCONTINUITY") jump = true;
    else if (tag === "#EXT-X-ENDLIST") list.ended = true;
    else if (!tag && line.trim()) {
      list.pieces.push({ address: new URL(line.trim(), source), init: new URL(init, source).href, number, jump });
      number += 1;
      jump = false;
    }
  }
  return list;
}

// One player's worth of stream: a media source with one buffer, into which piece after piece goes.
class Playing {
  constructor() {
    this.media = new Media();
    this.init = "";
    this.last = -1;
    this.placed = false; // whether the buffer knows where the next piece belongs
    this.left = false; // whether pieces were left out while the viewer had paused
    this.broken = false;
    video.disableRemotePlayback = !globalThis.MediaSource;
    this.address = URL.createObjectURL(this.media);
    video.src = this.address;
    this.open = new Promise((resolve) => this.media.addEventListener("sourceopen", resolve, { once: true }));
  }

  // A buffer whose media source has closed, as after an error, answers with another one.
  get ranges() {
    try { return this.buffer?.buffered ?? null; } catch { return null; }
  }

  get end() {
    const { ranges } = this;
    return ranges?.length ? ranges.end(ranges.length - 1) : 0;
  }

  // What comes behind the last piece taken; a list may still name pieces of the encoder before.
  fresh(pieces) {
    const same = pieces.map((one) => one.init).lastIndexOf(this.init);
    return pieces.filter((one, at) => (one.init === this.init ? one.number > this.last : at > same));
  }

  async follow(list) {
    let fresh = this.fresh(list.pieces);
    const begun = Boolean(this.init);
    if (begun && paused) {
      this.left ||= fresh.length > BEHIND;
      return;
    }
    let jump = this.left && fresh.length > 0;
    if (!begun || jump) fresh = fresh.slice(-BEHIND);
    if (jump) [this.left, this.placed] = [false, false];
    const newer = this.end;
    for (const piece of fresh) {
      if (begun && paused) return;
      try {
        await this.take(piece);
        if (jump) video.currentTime = newer;
        jump = false;
      } catch (error) {
        // Whoever is too slow for it misses a piece.
        if (!(error instanceof Gone)) throw error;
        if (piece.init === this.init) this.last = piece.number;
        if (piece.jump) this.placed = false;
      }
    }
  }

  async take(piece) {
    const bytes = await get(piece.address);
    if (!bytes) return;
    if (piece.init !== this.init) await this.begin(piece.init);
    if (piece.jump) this.placed = false;
    if (!this.placed) {
      const first = start(bytes, this.scale);
      if (first !== null) this.buffer.timestampOffset = this.end - first;
      this.placed = true;
    }
    await this.append(bytes);
    this.last = piece.number;
    if (!video.currentTime && video.buffered.length) video.currentTime = video.buffered.start(0);
    if (!paused) video.play().catch(() => {});
    await this.trim(KEPT);
  }

  // Decoders are told anew what comes, as the encoder was started anew, perhaps with another size.
  async begin(address) {
    const init = await get(address);
    await this.open;
    await feed(async () => {
      const type = `video/mp4; codecs="${codecs(init).join(", ")}"`;
      if (this.buffer) this.buffer.changeType(type);
      else {
        this.buffer = this.media.addSourceBuffer(type);
        this.media.duration = Infinity;
      }
      await this.append(init);
      this.scale = scales(init);
    });
    [this.init, this.last, this.placed] = [address, -1, false];
  }

  // A browser may have little room: what was seen goes then, and the piece comes once more.
  async append(bytes) {
    const add = () => feed(() => this.work((buffer) => buffer.appendBuffer(bytes)));
    try {
      await add();
    } catch (error) {
      if (error instanceof Unplayable) throw error;
      await this.trim(1);
      await add();
    }
  }

  async trim(kept) {
    const { ranges } = this;
    const old = video.currentTime - kept;
    if (ranges?.length && ranges.start(0) < old - kept / 4) await feed(() => this.work((buffer) => buffer.remove(0, old)));
  }

  // An order that is never carried out, as the media source has closed, must not be waited for.
  work(order) {
    return new Promise((resolve, reject) => {
      const { buffer } = this;
      const done = (event) => {
        clearTimeout(late);
        buffer.removeEventListener("updateend", done);
        buffer.removeEventListener("error", done);
        if (event?.type === "updateend") resolve();
        else reject(event instanceof DOMException ? event : new Error("the browser cannot play this"));
      };
      const late = setTimeout(done, PATIENCE);
      buffer.addEventListener("updateend", done);
      buffer.addEventListener("error", done);
      try { order(buffer); } catch (error) { done(error); }
    });
  }

  // Over holes, and to where the others are after the machine has slept.
  keepUp() {
    const now = video.currentTime;
    const left = this.end - now;
    const stuck = left > EDGE && performance.now() - stood > STUCK;
    if ((left > LAG || stuck) && !paused) return void (video.currentTime = this.end - EDGE);
    const ranges = video.buffered;
    for (let i = 0; i < ranges.length; i += 1) {
      if (now < ranges.start(i) && ranges.start(i) - now < LAG && !inside(ranges, now)) return void (video.currentTime = ranges.start(i));
    }
  }

  close() {
    URL.revokeObjectURL(this.address);
    video.removeAttribute("src");
    video.load();
  }
}

const inside = (ranges, moment) => {
  for (let i = 0; i < ranges.length; i += 1) {
    if (ranges.start(i) - 0.1 <= moment && moment < ranges.end(i) - 0.1) return true;
  }
  return false;
};

let playing = null;
let paused = false; // by the viewer
let over = true; // the stream: what is left is played, and then it is over
let timer = 0;
let place = 0; // where the picture stood last
let stood = 0; // since when it stands there

// Whether nothing is left to be played, or what is left cannot be.
const played = () => playing.end - video.currentTime < 0.5 || performance.now() - stood > STUCK;

function tell(state, text = "", detail = "") {
  box.className = `player ${state}`;
  onAir.hidden = state !== "plays";
  sound.hidden = state !== "plays";
  if (said.textContent !== text) said.textContent = text;
  if (more.textContent !== detail) more.textContent = detail;
}

const off = () => tell("off", "Not on air now", "This page begins to play by itself.");

function end() {
  playing?.close();
  playing = null;
  paused = false; // what begins next begins by itself
  off();
}

async function look() {
  timer = 0;
  let pause = 3000;
  try {
    const text = await get(source, "text");
    const list = text ? read(text) : null;
    over = !list || list.ended || !list.pieces.length;
    if (over) {
      if (list?.ended && playing) await playing.follow(list);
      if (!playing) off();
    } else {
      if (playing?.broken || video.error) end();
      playing ??= new Playing();
      await playing.follow(list);
      pause = Math.max(list.target * 500, 500);
    }
  } catch (error) {
    pause = trouble(error);
  }
  if (over && playing && played()) end();
  timer = setTimeout(look, pause);
}

// Say what is the matter, and return the milliseconds after which it is tried again. A server or a network that is
// away for a while is waited for: what plays goes on from there.
function trouble(error) {
  if (error instanceof Gone) {
    over = true;
    if (!playing) tell("off", "Nothing to see here now", "This page looks again by itself.");
    return 5000;
  }
  if (error instanceof Unplayable) {
    if (playing) playing.broken = true;
    if (video.error || !playing?.buffer) tell("waits", "This browser cannot play the stream", "Another one may.");
  } else if (error.name !== "QuotaExceededError" && (!playing || playing.end - video.currentTime < 0.5)) {
    tell("waits", "No answer from the server", "It is asked again by itself.");
  }
  return Math.max(3000, (error.seconds ?? 0) * 1000);
}

function watch() {
  if (!playing?.buffer) return;
  if (video.currentTime !== place) [place, stood] = [video.currentTime, performance.now()];
  playing.keepUp();
  const left = playing.end - video.currentTime;
  if (over && played()) return end();
  if (left > 0.3 || video.paused) tell("plays");
  else tell("waits", "The picture stands still", "It goes on by itself.");
  newest.hidden = left < 10 || !playing;
}

function native() {
  video.src = source;
  const again = async () => {
    const there = await get(source, "text").catch((error) => (error instanceof Gone ? null : undefined));
    if (there === null) off();
    else if (there && (video.error || video.ended || !video.currentSrc)) video.load();
    if (!paused && there) video.play().catch(() => {});
    setTimeout(again, 4000);
  };
  video.addEventListener("playing", () => tell("plays"));
  video.addEventListener("waiting", () => tell("waits", "The picture stands still", "It goes on by itself."));
  again();
}

// The button of the player pauses; the browser does so too, before it plays for the first time.
video.addEventListener("pause", () => { paused = Boolean(playing || !Media) && video.readyState > 2 && !video.ended; });
video.addEventListener("play", () => {
  paused = false;
  if (!playing?.left || !timer) return;
  clearTimeout(timer);
  look();
});
sound.addEventListener("click", () => { video.muted = !video.muted; if (!video.muted && !video.volume) video.volume = 1; });
video.addEventListener("volumechange", () => { sound.textContent = video.muted ? "Sound on" : "Sound off"; });
newest.addEventListener("click", () => { if (playing) video.currentTime = playing.end - EDGE; video.play().catch(() => {}); });

video.replaceChildren();
video.load();
off();
if (Media) {
  look();
  setInterval(watch, 500);
} else if (video.canPlayType("application/vnd.apple.mpegurl")) native();
else tell("off", "This browser cannot play the stream", "Another one may.");
