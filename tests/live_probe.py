"""What is in a recording: codecs, pictures, key frames, tones, silence, bitrates, gaps. Without numpy."""

import array
import json
import math
import shutil
import statistics
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

FFMPEG = shutil.which("ffmpeg") or "ffmpeg"
FFPROBE = shutil.which("ffprobe") or "ffprobe"
RATE = 16_000
"""samples per second at which sound is looked at"""
QUIET = -80.0
"""dBFS below which there is nothing to hear"""

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Packet:
    """One frame of pictures or sound; times in seconds."""

    kind: str
    pts: float
    dts: float
    size: int
    key: bool


@dataclass(frozen=True)
class Recording:
    """What is known of a file from its headers and packets."""

    file: Path
    streams: dict[str, dict[str, Any]]
    """“video” and “audio”, as ffprobe describes them"""
    packets: list[Packet]

    @property
    def video_codec(self) -> str:
        return str(self.streams["video"]["codec_name"])

    @property
    def profile(self) -> str:
        """That of the pictures, such as “Main” or “Constrained Baseline”."""
        return str(self.streams["video"]["profile"])

    @property
    def size(self) -> tuple[int, int]:
        video = self.streams["video"]
        return int(video["width"]), int(video["height"])

    @property
    def audio_codec(self) -> str:
        return str(self.streams["audio"]["codec_name"])

    @property
    def audio_rate(self) -> int:
        return int(self.streams["audio"]["sample_rate"])

    @property
    def channels(self) -> int:
        return int(self.streams["audio"]["channels"])

    @property
    def duration(self) -> float:
        """Seconds from the first packet to the last."""
        times = [packet.dts for packet in self.packets]
        return max(times) - min(times) if times else 0.0

    @property
    def fps(self) -> float:
        """Pictures per second, counted."""
        times = sorted(packet.pts for packet in self.of("video"))
        return (len(times) - 1) / (times[-1] - times[0])

    @property
    def usual_fps(self) -> float:
        """Pictures per second where nothing is missing."""
        return 1 / statistics.median(self._steps("video"))

    @property
    def key_distances(self) -> list[float]:
        """Seconds from each key frame to the next, of the stream's own clock."""
        times = [packet.pts for packet in self.of("video") if packet.key]
        return [round(after - before, 3) for before, after in pairwise(times)]

    @property
    def key_frame_counts(self) -> list[int]:
        """Pictures from each key frame to the next."""
        places = [number for number, packet in enumerate(self.of("video")) if packet.key]
        return [after - before for before, after in pairwise(places)]

    @property
    def starts_with_key_frame(self) -> bool:
        return self.of("video")[0].key

    def of(self, kind: str) -> list[Packet]:
        """Return the packets of pictures or sound, in the order in which they came."""
        return [packet for packet in self.packets if packet.kind == kind]

    def longest_gap(self, kind: str) -> float:
        """Return the most seconds between a packet and the next."""
        return max(self._steps(kind))

    def goes_back(self, kind: str) -> bool:
        """Tell whether any packet is to be decoded before the one that stands in front of it."""
        return min(self._steps(kind)) < 0

    def bitrate(self, kind: str = "video") -> float:
        """Return the bits per second of whole groups of pictures, the first quarter left out."""
        packets = self.of(kind)
        keys = [place for place, packet in enumerate(packets) if packet.key]
        first = next((place for place in keys if place >= len(packets) // 4), keys[0])
        last = keys[-1] if keys[-1] > first else len(packets) - 1
        length = packets[last].dts - packets[first].dts
        return sum(packet.size for packet in packets[first:last]) * 8 / length

    def _steps(self, kind: str) -> list[float]:
        times = [packet.dts for packet in self.of(kind)]
        return [after - before for before, after in pairwise(times)]


def probe(file: Path) -> Recording:
    """Read a file's headers and packets."""
    entries = (
        "stream=codec_type,codec_name,profile,width,height,sample_rate,channels,pix_fmt:"
        "packet=codec_type,pts_time,dts_time,size,flags"
    )
    found = json.loads(_run(FFPROBE, "-show_entries", entries, "-of", "json", str(file)))
    streams = {one["codec_type"]: one for one in found["streams"]}
    packets = [_packet(one) for one in found["packets"] if "dts_time" in one or "pts_time" in one]
    return Recording(file, streams, packets)


def samples(file: Path, start: float = 0.0, seconds: float = 1.0) -> Sequence[int]:
    """Return the sound from a moment on: 16 bits, both channels added up, RATE per second."""
    cut = f"atrim=start={start}:duration={seconds},asetpts=PTS-STARTPTS"
    begin = "asetpts=PTS-STARTPTS"
    raw = _run(
        FFMPEG, "-nostdin", "-i", str(file), "-vn", "-af", f"{begin},{cut}",
        "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-",
    )  # fmt: skip
    found = array.array("h")
    found.frombytes(raw[: len(raw) // 2 * 2])
    return found


def power(sound: Sequence[int], frequency: float, rate: int = RATE) -> float:
    """Return how much of a frequency there is, from 0 to 1 for a tone at full scale: Goertzel's algorithm."""
    turn = 2 * math.cos(2 * math.pi * frequency / rate)
    before = earlier = 0.0
    for sample in sound:
        before, earlier = sample + turn * before - earlier, before
    squared = before * before + earlier * earlier - turn * before * earlier
    return math.sqrt(max(squared, 0.0)) * 2 / (len(sound) * 32768)


def frequency(sound: Sequence[int], rate: int = RATE) -> float:
    """Return the strongest frequency up to 4 kHz, in hertz; 0 where there is silence."""
    if level(sound) < QUIET:
        return 0.0
    # A short piece tells frequencies that are 50 Hz apart, a longer one those that are 4 Hz apart.
    short, long = sound[: rate // 50], sound[: rate // 4]
    near = max(range(50, 4001, 50), key=lambda tried: power(short, tried, rate))
    return float(max(range(near - 50, near + 51, 2), key=lambda tried: power(long, tried, rate)))


def level(sound: Sequence[int]) -> float:
    """Return how loud a piece is: RMS in dBFS; a sine at full scale has -3, digital silence -infinity."""
    if not sound:
        return -math.inf
    mean = sum(sample * sample for sample in sound) / len(sound)
    return 10 * math.log10(mean / 32768**2) if mean else -math.inf


def is_silent(file: Path, start: float = 0.0, seconds: float = 1.0) -> bool:
    """Tell whether there is sound, and nothing to hear in it."""
    sound = samples(file, start, seconds)
    return bool(sound) and level(sound) < QUIET


def tone(file: Path, start: float = 0.0, seconds: float = 0.5) -> float:
    """Return the frequency of a recording's sound at a moment, 0 for silence."""
    return frequency(samples(file, start, seconds))


def colours(file: Path, every: float = 0.2) -> list[Colour]:
    """Return the mean colour of the picture, again and again: what was shown when."""
    filters = f"setpts=PTS-STARTPTS,fps={1 / every},scale=1:1:flags=area,format=rgb24"
    raw = _run(FFMPEG, "-nostdin", "-i", str(file), "-an", "-vf", filters, "-f", "rawvideo", "-")
    return [(raw[place], raw[place + 1], raw[place + 2]) for place in range(0, len(raw) - 2, 3)]


def is_like(one: Colour, other: Colour, tolerance: int = 40) -> bool:
    """Tell whether two colours are about the same."""
    return all(abs(here - there) <= tolerance for here, there in zip(one, other, strict=True))


def problems(file: Path) -> str:
    """Return what a decoder has to complain about; nothing where all is well."""
    argv = [FFMPEG, "-nostdin", "-v", "error", "-i", str(file), "-f", "null", "-"]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120).stderr


def _packet(one: dict[str, str]) -> Packet:
    dts = one.get("dts_time") or one["pts_time"]
    pts = one.get("pts_time") or dts
    return Packet(one["codec_type"], float(pts), float(dts), int(one["size"]), "K" in one.get("flags", ""))


def _run(*argv: str) -> bytes:
    return subprocess.run(
        [argv[0], "-v", "error", *argv[1:]], capture_output=True, check=True, timeout=120
    ).stdout
