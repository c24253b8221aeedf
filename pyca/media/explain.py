"""Turn what FFmpeg wrote to stderr into one sentence for an operator."""

import re
from collections.abc import Iterable
from typing import NamedTuple


class _Case(NamedTuple):
    pattern: re.Pattern[str]
    sentence: str
    """may hold the groups of the pattern and ``{subject}``, the file or device that FFmpeg names"""
    remedy: str


def _case(pattern: str, sentence: str, remedy: str) -> _Case:
    return _Case(re.compile(pattern, re.IGNORECASE), sentence, remedy)


# The first case that matches any line wins, so causes stand before their consequences.
_CASES = (
    _case(r"No space left on device", "the disk is full", "free space or record elsewhere"),
    _case(r"Read-only file system", "the disk is read-only", "check the disk and how it is mounted"),
    _case(
        r"cannot open audio device (?P<name>\S+) \((?P<why>[^)]+)\)",
        "the sound device “{name}” cannot be opened: {why}",
        "“arecord -l” lists those that are there",
    ),
    _case(
        r"Device or resource busy",
        "the device is in use by another program",
        "stop the other program; most cameras and sound cards allow one reader",
    ),
    _case(
        r"Unknown (?P<kind>encoder|decoder) '?(?P<name>[^'\s]+)",
        "this FFmpeg has no {kind} “{name}”",
        "choose another codec or install a fuller FFmpeg",
    ),
    _case(
        r"Codec '(?P<name>\w+)' .*not supported by the bitstream filter 'h264_mp4toannexb'",
        "the camera delivers {name}, not H.264, and cannot be copied",
        "set “encoder” to auto",
    ),
    _case(
        r"Unknown input format:? '?(?P<name>[^'\s]+)",
        "this FFmpeg cannot read from “{name}”",
        "choose another input or install a fuller FFmpeg",
    ),
    _case(
        r"(?:Unrecognized option|Option) '?(?P<name>[\w:-]+)'?(?:\.| not found)",
        "this FFmpeg does not know the option “{name}”",
        "use one that the installed version knows",
    ),
    _case(r"401 Unauthorized", "the source wants a password", "put user and password into its address"),
    _case(r"403 Forbidden", "the source refuses access", "check user and password"),
    _case(r"404 (?:Stream )?Not Found", "the source has no such stream", "check the path in its address"),
    _case(
        r"Connection refused",
        "nothing answers at the source's address",
        "is it switched on, is the port right?",
    ),
    _case(
        r"Connection timed out|Operation timed out|ETIMEDOUT",
        "the source did not answer in time",
        "check network and camera",
    ),
    _case(
        r"No route to host|Network is unreachable",
        "the source cannot be reached",
        "check network and address",
    ),
    _case(
        r"Failed to resolve hostname (?P<name>[^\s:]+)|Name or service not known",
        "the source's name is unknown",
        "check its address and DNS",
    ),
    _case(
        r"Connection reset|Broken pipe", "the other side closed the connection", "check network and device"
    ),
    _case(
        r"Codec .*not supported in container|Could not find tag for codec|not currently supported in"
        r"|(?:VP8|only) .*(?:are|is) supported|exactly one (?:audio )?stream"
        r"|does not support any stream of type|incompatible with output codec",
        "the container cannot hold these codecs",
        "choose mkv, or another codec",
    ),
    _case(
        r"Permission denied|Operation not permitted",
        "no permission for {subject}",
        "let pyCA's user read the device (groups video, audio) or write the folder",
    ),
    _case(
        r"No such (?:file|device)",
        "{subject} is not there",
        "check its name and its cable",
    ),
    _case(
        r"Cannot open display",
        "the screen cannot be opened",
        "check DISPLAY and that a session is running",
    ),
    _case(
        r"No such process|pa_\w+ failed",
        "the sound server does not answer",
        "check that PulseAudio or PipeWire runs for pyCA's user",
    ),
    _case(
        r"moov atom not found|Invalid data found when processing input|EBML header parsing failed",
        "the data is damaged or no media",
        "check the source; record to mkv, which survives a crash",
    ),
    _case(
        r"Inappropriate ioctl for device",
        "{subject} is no device of the wanted kind",
        "check its path",
    ),
    # FFmpeg ends many a clearer report with this one, so it comes last.
    _case(
        r"Input/output error",
        "a device or disk failed while FFmpeg used it",
        "check cables, power and disk",
    ),
)

_NOISE = re.compile(
    r"^\s*$|^(frame|size)=|^\s+|^(Input|Output|Stream mapping|Press \[q\]|Guessed|video:)|^ffmpeg version"
    r"|Last message repeated|deprecated|^Conversion failed!|^Exiting|Error opening (?:input|output) files?\b"
    r"|^Error initializing output stream|^Codec AVOption |^Invalid DTS: ",
    re.IGNORECASE,
)
_REASON = r"(?:No such|Permission denied|Operation not|Inappropriate)"
_SUBJECTS = (
    re.compile(r"^Error opening (?:input|output) file (?:file:)?(.+?)\.?$"),
    re.compile(r"cannot open audio device (\S+)"),
    re.compile(rf"(/[^:]*?)'?: {_REASON}"),
    re.compile(rf"^(?!Error|Failed|Could)(?:file:)?([^:]+): {_REASON}"),
)
_STREAMER = re.compile(r"^\[fifo @|Unknown option '?flvflags|Tag \[7\]\S* incompatible")
"""from the output to the streamer, which tries again and again: it is never what ends a recording"""
_ORIGIN = re.compile(r"^\[[^\]]*\]\s*")
_PASSWORD = re.compile(r"(\w://)[^/@\s]+@")


def explain(log: str) -> str:
    """Return one sentence on why a command failed, with a remedy where one is known.

    :param log: its stderr, or the end of it; empty where the command said nothing
    """
    lines = _lines(log)
    for case in _CASES:
        if match := _first_match(case.pattern, lines):
            sentence = case.sentence.format(**match.groupdict(), subject=_subject(lines))
            return f"{sentence} ({case.remedy})"
    last = last_lines(log, 1)
    return f"it says: {last}" if last else ""


def last_lines(log: str, count: int = 3) -> str:
    """Return the last lines of a log that say something, joined by “; ”."""
    return "; ".join([line for line in _lines(log) if not _NOISE.search(line)][-count:])


def _lines(log: str) -> list[str]:
    """Return the lines without their origin, and without passwords: messages end on pages and in logs."""
    said = (line for line in re.split(r"[\r\n]+", log) if not _STREAMER.search(line))
    lines = (_ORIGIN.sub("", line).rstrip() for line in said)
    return [_PASSWORD.sub(r"\1…@", line) for line in lines]


def _first_match(pattern: re.Pattern[str], lines: Iterable[str]) -> re.Match[str] | None:
    return next((match for line in lines if (match := pattern.search(line))), None)


def _subject(lines: Iterable[str]) -> str:
    """Return the file or device that failed: FFmpeg 5 puts it before the reason, 9 on a line of its own."""
    found = (match for pattern in _SUBJECTS for line in lines if (match := pattern.search(line)))
    match = next(found, None)
    return f"“{match[1]}”" if match else "the source or target"
