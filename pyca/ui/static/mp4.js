// What a player has to know of fragmented MP4 before it can hand it on: codecs, and when a fragment begins.

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const name = (bytes, at) => String.fromCharCode(...bytes.subarray(at, at + 4));
const hex = (number) => number.toString(16).padStart(2, "0");

// The contents of all boxes that a path of names leads to.
function* boxes(bytes, path) {
  const [first, ...rest] = path;
  const data = view(bytes);
  for (let at = 0; at + 8 <= bytes.length; ) {
    let size = data.getUint32(at);
    let head = 8;
    if (size === 1 && at + 16 <= bytes.length) [size, head] = [Number(data.getBigUint64(at + 8)), 16];
    if (size === 0) size = bytes.length - at;
    if (size < head || at + size > bytes.length) return;
    if (name(bytes, at + 4) === first) {
      const content = bytes.subarray(at + head, at + size);
      if (rest.length) yield* boxes(content, rest);
      else yield content;
    }
    at += size;
  }
}

// Where a time or a number stands depends on the version of its box.
const late = (box, early, later) => (box[0] === 1 ? later : early);

export function codecs(init) {
  const found = [];
  for (const table of boxes(init, ["moov", "trak", "mdia", "minf", "stbl", "stsd"])) {
    const entries = table.subarray(8);
    for (const entry of boxes(entries, ["avc1"])) {
      for (const [, profile, constraints, level] of boxes(entry.subarray(78), ["avcC"])) {
        found.push(`avc1.${hex(profile)}${hex(constraints)}${hex(level)}`);
      }
    }
    for (const _ of boxes(entries, ["mp4a"])) found.push("mp4a.40.2");
  }
  return found;
}

// Ticks per second of each track, by its number.
export function scales(init) {
  const found = new Map();
  for (const track of boxes(init, ["moov", "trak"])) {
    const [head] = boxes(track, ["tkhd"]);
    const [media] = boxes(track, ["mdia", "mdhd"]);
    if (head && media) found.set(view(head).getUint32(late(head, 12, 20)), view(media).getUint32(late(media, 12, 20)));
  }
  return found;
}

// The moment, in seconds, of the first picture or sound of a fragment.
export function start(fragment, scale) {
  let first = Infinity;
  for (const track of boxes(fragment, ["moof", "traf"])) {
    const [head] = boxes(track, ["tfhd"]);
    const [time] = boxes(track, ["tfdt"]);
    const ticks = head && scale.get(view(head).getUint32(4));
    if (!ticks || !time) continue;
    const base = time[0] === 1 ? Number(view(time).getBigUint64(4)) : view(time).getUint32(4);
    first = Math.min(first, base / ticks);
  }
  return first === Infinity ? null : first;
}
