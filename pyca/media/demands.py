"""What a configured command asks of this machine: FFmpeg's encoders and formats, devices, addresses."""

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_CODEC = re.compile(r"-(?:(?:c|codec)(?::.+)?|[vas]codec)")
_ALSA = re.compile(r"(?:plug|dsnoop:)?hw(?::.+)?")
_DISPLAY = re.compile(r"(?:unix)?:\d+(?:\.\d+)?(?:\+.*)?")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NO_DEVICE = re.compile(r"/dev/(?:null|zero|full|u?random|std\w+|fd/.*|shm/.*|tty)")


class SourceKind(StrEnum):
    """Where pictures and sound come from."""

    DEVICE = "device"
    ALSA = "sound card"
    DISPLAY = "display"
    ADDRESS = "address"
    FILE = "file"


@dataclass(frozen=True)
class Source:
    """A device, a display, an address or a file, as a command names it. An address may hold a password."""

    kind: SourceKind
    name: str


@dataclass
class Demands:
    """What one command wants."""

    program: str
    ffmpeg: str = ""
    """the FFmpeg that it runs, empty where it runs another program"""
    encoders: set[str] = field(default_factory=set)
    decoders: set[str] = field(default_factory=set)
    demuxers: set[str] = field(default_factory=set)
    muxers: set[str] = field(default_factory=set)
    sources: list[Source] = field(default_factory=list)


def demands(argv: Sequence[str]) -> Demands:
    """Return what a command asks for, as far as its words tell.

    :param argv: the program and its arguments
    """
    found = Demands(argv[0])
    # It may stand behind such as nice or taskset.
    begin = next((i for i, word in enumerate(argv) if os.path.basename(word) == "ffmpeg"), None)
    if begin is not None:
        found.ffmpeg = argv[begin]
        _read_ffmpeg(argv[begin + 1 :], found)
    named = [_plain_source(word, bool(found.ffmpeg)) for word in argv[1:]]
    found.sources = list(dict.fromkeys([*found.sources, *(one for one in named if one)]))
    return found


def _read_ffmpeg(words: Sequence[str], found: Demands) -> None:
    """Note codecs, formats and inputs. What stands before an ``-i`` belongs to it, the rest to an output."""
    codecs: set[str] = set()
    formats: set[str] = set()
    form = ""
    for word, value in _options(words):
        if word == "-i":
            found.decoders |= codecs
            found.demuxers |= formats
            found.sources += [] if _is_open(value) else _source(form, value)
            codecs, formats, form = set(), set(), ""
        elif _is_open(value):
            continue
        elif word == "-f":
            formats.add(value)
            form = value
        elif _CODEC.fullmatch(word) and value != "copy":
            codecs.add(value)
    found.encoders |= codecs
    found.muxers |= formats


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield options with the words that follow them, which are not always theirs."""
    for word, value in itertools.pairwise(words):
        if word.startswith("-"):
            yield word, value


def _is_open(value: str) -> bool:
    """Tell whether a value is known only when something is recorded."""
    return "{{" in value


def _source(form: str, value: str) -> Iterator[Source]:
    """Yield what an ``-i`` of FFmpeg reads, where it can be looked for."""
    if form == "x11grab" and _DISPLAY.fullmatch(value):
        yield Source(SourceKind.DISPLAY, value)
    elif form == "alsa":
        yield Source(SourceKind.ALSA, value)
    elif _SCHEME.match(value):
        yield Source(SourceKind.ADDRESS, value)
    elif value.startswith("/") and not value.startswith("/dev/"):
        yield Source(SourceKind.FILE, value)


def _plain_source(word: str, of_ffmpeg: bool) -> Source | None:
    """Return the device or camera that a word of any program names, alone or behind an equals sign."""
    whole = word.startswith("/") or _SCHEME.match(word)
    value = word if whole else word.partition("=")[2] or word
    if value.startswith("/dev/") and not _NO_DEVICE.fullmatch(value):
        return Source(SourceKind.DEVICE, value)
    if _ALSA.fullmatch(value):
        return Source(SourceKind.ALSA, value)
    # FFmpeg's addresses stand behind -i; others may be where it sends something to.
    if not of_ffmpeg and _SCHEME.match(value) and not _is_open(value):
        return Source(SourceKind.ADDRESS, value)
    return None
