"""What a media file holds: one description, whether ffprobe or FFmpeg itself told it."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_INPUT = re.compile(r"^Input #0, (?P<container>.+?), from ", re.MULTILINE)
_DURATION = re.compile(r"^  Duration: (?P<h>\d+):(?P<m>\d+):(?P<s>\d+(?:\.\d+)?)", re.MULTILINE)
_STREAM = re.compile(r"^  (?:  )?Stream #0:(?P<index>\d+)\S*: (?P<kind>\w+): (?P<details>.*)$", re.MULTILINE)
_COMMA = re.compile(r", (?![^(\[]*[)\]])")
_SIZE = re.compile(r"^(\d+)x(\d+)\b")
_RATE = re.compile(r"^(\d+(?:\.\d+)?)(k?) (fps|tbn|Hz)\b")
_PROFILE = re.compile(r"\(([^()/]+)\)")
_LAYOUTS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True)
class Stream:
    """One stream of a media file. Fields that its kind does not have are zero or empty."""

    kind: str
    """video, audio, subtitle, data"""
    codec: str
    profile: str = ""
    width: int = 0
    height: int = 0
    pixels: str = ""
    """pixel format such as yuv420p"""
    fps: float = 0.0
    ticks: float = 0.0
    """ticks per second of a video stream's time base"""
    sample_rate: int = 0
    layout: str = ""
    """channel layout such as mono, stereo, 5.1"""

    def __str__(self) -> str:
        words = [self.kind, self.codec]
        if self.width:
            words.append(f"{self.width}x{self.height}")
        if self.fps:
            words.append(f"{self.fps:g} fps")
        if self.sample_rate:
            words.append(f"{self.sample_rate} Hz")
        return " ".join([*words, self.layout]).rstrip()


@dataclass(frozen=True)
class Header:
    """What the header of a file claims; the length may be missing or wrong."""

    container: str
    duration: float | None
    streams: tuple[Stream, ...]


def read_json(text: str) -> Header:
    """Return what ``ffprobe -show_format -show_streams -of json`` says.

    :raises ValueError: where the text is no such report
    """
    report = json.loads(text)
    if not isinstance(report, dict) or "format" not in report:
        raise ValueError("no report of ffprobe")
    form = report["format"]
    return Header(
        container=form.get("format_name", ""),
        duration=_float(form.get("duration")),
        streams=tuple(_from_json(stream) for stream in report.get("streams", [])),
    )


def read_text(text: str) -> Header:
    """Return what ``ffmpeg -i FILE`` writes to stderr, for machines without ffprobe.

    :raises ValueError: where FFmpeg could not open the file
    """
    opened = _INPUT.search(text)
    if not opened:
        raise ValueError("FFmpeg opened no input")
    # A stream may be listed under its program and again below: the index makes it one.
    streams = {
        int(match["index"]): _from_text(match["kind"], match["details"]) for match in _STREAM.finditer(text)
    }
    length = _DURATION.search(text)
    return Header(
        container=opened["container"],
        duration=int(length["h"]) * 3600 + int(length["m"]) * 60 + float(length["s"]) if length else None,
        streams=tuple(streams[index] for index in sorted(streams)),
    )


def _from_json(stream: Mapping[str, Any]) -> Stream:
    kind, codec = stream.get("codec_type", "data"), stream.get("codec_name", "unknown")
    profile = stream.get("profile", "")
    if kind == "audio":
        channels = int(stream.get("channels", 0))
        layout = stream.get("channel_layout") or _LAYOUTS.get(channels, f"{channels} channels")
        return Stream(kind, codec, profile, sample_rate=int(stream.get("sample_rate", 0)), layout=layout)
    if kind != "video":
        return Stream(kind, codec)
    return Stream(
        kind,
        codec,
        profile,
        width=int(stream.get("width", 0)),
        height=int(stream.get("height", 0)),
        pixels=stream.get("pix_fmt", ""),
        fps=_fraction(stream.get("avg_frame_rate", "")),
        ticks=_fraction("/".join(reversed(stream.get("time_base", "0/0").split("/")))),
    )


def _from_text(kind: str, details: str) -> Stream:
    """Read such as ``h264 (High) (avc1 / 0x31637661), yuv420p, 640x360 [SAR 1:1], 25 fps, 90k tbn``."""
    name, *fields = _COMMA.split(details)
    kind, codec = kind.lower(), name.partition(" ")[0]
    if kind not in ("video", "audio"):
        return Stream(kind, codec)
    profiles = _PROFILE.findall(name)
    profile = profiles[-1] if profiles else ""
    rates = {
        match[3]: float(match[1]) * (1000 if match[2] else 1) for f in fields if (match := _RATE.match(f))
    }
    if kind == "audio":
        layout = fields[1] if len(fields) > 1 else ""
        channels = {f"{count} channels": name for count, name in _LAYOUTS.items()}
        return Stream(
            kind, codec, profile, sample_rate=int(rates.get("Hz", 0)), layout=channels.get(layout, layout)
        )
    size = next((match for field in fields if (match := _SIZE.match(field))), None)
    return Stream(
        kind,
        codec,
        profile,
        width=int(size[1]) if size else 0,
        height=int(size[2]) if size else 0,
        pixels=fields[0].partition("(")[0] if fields else "",
        fps=rates.get("fps", 0.0),
        ticks=rates.get("tbn", 0.0),
    )


def _fraction(text: str) -> float:
    """Return such as ``30000/1001`` to two places, as FFmpeg shows it, 0 where it is none."""
    over, _, under = text.partition("/")
    try:
        return round(float(over) / float(under or 1), 2)
    except (ValueError, ZeroDivisionError):
        return 0.0


def _float(text: str | None) -> float | None:
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None
