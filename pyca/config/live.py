"""What is wrong with ``[live]``, and what is risky about it."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from pyca.config.addresses import is_loopback
from pyca.config.locate import Location
from pyca.config.report import Report, shorten
from pyca.config.served import why_not_served
from pyca.config.settings import PUBLISHED_PASSWORD, Live, Settings
from pyca.core.camera import WORD, parse_feed
from pyca.core.live import LONGEST_SOCKET, LiveEvents

FEEDS = ("live", "live_copy")
"""what can stand for several words of a command, to pass on what it records to the stream"""

_FEED = re.compile(r"\{\{(?:" + "|".join(FEEDS) + r")\}\}")
_SCHEMES = ("rtmp", "rtmps", "srt")
_INPUTS = ("auto", "test", "picamera", "recorder", "screen")
_INPUT_SCHEMES = ("rtsp", "rtsps", "http", "https", "udp")
_SCREEN = re.compile(r"screen:[\w.-]*:\d+(?:\.\d+)?(?:\+\d+,\d+)?", re.IGNORECASE)
_ENCODER = re.compile(r"auto|copy|libx264|libopenh264|h264_[a-z0-9_]+")
"""an encoder of FFmpeg; whether this machine's has it, and works, is asked at the start"""
_PRESET = re.compile(r"[a-z0-9-]+")
"""the name of a big platform; which there are is known elsewhere"""


def check_live(settings: Settings, report: Report) -> None:
    """Report what is wrong with ``[live]`` and with commands that pass on what they record."""
    live = settings.live
    for name in ("url", "backup"):
        _check_url(name, getattr(live, name), report)
    _check_input(live.input, report)
    if not _ENCODER.fullmatch(live.encoder):
        expected = "auto, copy, or an H.264 encoder of FFmpeg such as libx264 or h264_v4l2m2m"
        report.error(("live", "encoder"), f"found “{shorten(live.encoder)}”, expected {expected}")
    if live.docroot is not None and not live.docroot.is_dir():
        report.error(("live", "docroot"), f"found “{live.docroot}”, expected a folder that is there")
    elif live.docroot is not None and (why := why_not_served(settings, live.docroot)):
        report.error(("live", "docroot"), f"found “{live.docroot}”, which cannot be served: {why}")
    for name in ("slate", "ca_file"):
        file: Path | None = getattr(live, name)
        if file is not None and not (file.is_file() and os.access(file, os.R_OK)):
            report.error(("live", name), f"found “{file}”, expected a file that can be read")
    feeding = list(_feeding(settings))
    for location, command in feeding:
        _check_words(location, command, report)
    used = live.enabled or feeding or live.events != LiveEvents.OFF
    if used and (length := len(os.fsencode(live.feed))) > LONGEST_SOCKET:
        message = f"found a path of {length} bytes with {live.feed.name}, expected at most {LONGEST_SOCKET}"
        report.error(("live", "directory"), message)


def caution_live(settings: Settings, report: Report) -> None:
    """Warn of what is legal in ``[live]`` and risky."""
    live = settings.live
    if live.insecure:
        message = "is on: certificates are not checked; name the server's CA in live.ca_file instead"
        report.warn_at(("live", "insecure"), message)
    _caution_bind(settings, report)
    feeding = [location for location, _ in _feeding(settings)]
    for location in feeding[1:]:
        message = f"passes on its recording, and so does {'.'.join(feeding[0])}; only one can be streamed"
        report.warn_at(location, message)
    if live.enabled and live.mdns and is_loopback(live.bind):
        message = "is on, and nothing is announced: live.bind lets nobody else in"
        report.warn_at(("live", "mdns"), message)
    _caution_input(live, report)


def _check_input(text: str, report: Report) -> None:
    """Report an input that nobody understands; a word that is none of ours is the name of a file."""
    scheme, _, rest = text.partition("://")
    word = text.partition(":")[0].lower()
    if word == WORD and ":" in text:
        _check_camera(text.partition(":")[2], report)
        return
    wrong = (
        (bool(rest) and scheme.lower() not in _INPUT_SCHEMES)
        or (word == "screen" and ":" in text and not _SCREEN.fullmatch(text))
        or (word == "v4l2" and not text[len("v4l2:") :].startswith("/"))
    )
    if wrong or not text:
        expected = f"{', '.join(_INPUTS)}, camera:NAME, a device, a file, or an rtsp, http or udp address"
        report.error(("live", "input"), f"found “{shorten(_bare(text))}”, expected {expected}")


def _check_camera(name: str, report: Report) -> None:
    try:
        parse_feed(name)
    except ValueError as expected:
        report.error(("live", "input"), f"found “camera:{shorten(name)}”, expected {expected}")


def _caution_bind(settings: Settings, report: Report) -> None:
    live, ui = settings.live, settings.ui
    if is_loopback(live.bind):
        return
    if ui.password == PUBLISHED_PASSWORD:
        message = f"is {live.bind or 'all addresses'} and ui.password is the published one; change that"
        report.warn_at(("live", "bind"), message)
    elif not ui.password and live.enabled:
        message = "lets the network in: it is served only where there are accounts (pyca user add)"
        report.warn_at(("live", "bind"), message)


def _caution_input(live: Live, report: Report) -> None:
    """Warn of an input that names a file or device which is not there."""
    text = live.input
    path = text.removeprefix("file:").removeprefix("v4l2:")
    if text.lower() in _INPUTS or "://" in text or text.lower().startswith(("screen:", f"{WORD}:")):
        return
    if not os.path.exists(path):
        report.warn_at(("live", "input"), f"“{shorten(path)}” is not there now")


def _check_url(name: str, url: str, report: Report) -> None:
    if not url or _PRESET.fullmatch(url.lower()):
        return
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    listens = parts.scheme == "srt" and "mode=listener" in parts.query
    if parts.scheme not in _SCHEMES or not (host or listens):
        expected = "rtmp://, rtmps:// or srt:// with a host, or the name of a preset"
        report.error(("live", name), f"found “{shorten(_bare(url))}”, expected {expected}")


def _bare(url: str) -> str:
    """Return an address without anything that may be secret."""
    return re.sub(r"//[^/@]*@", "//", url.partition("?")[0])


def _feeding(settings: Settings) -> Iterator[tuple[Location, str]]:
    """Yield the commands in use that pass on what they record."""
    for name, source in settings.named_inputs.items():
        if _FEED.search(source.command):
            location: Location = ("inputs", name) if settings.inputs else ("capture",)
            yield (*location, "command"), source.command


def _check_words(location: Location, command: str, report: Report) -> None:
    try:
        words = shlex.split(command)
    except ValueError:
        return  # which is reported as such
    held = [word for word in words if _FEED.search(word)]
    if any(not _FEED.fullmatch(word) for word in held):
        report.error(location, "has {{live}} within a word, expected it to stand alone between blanks")
    elif len(held) > 1:
        report.error(
            location, f"passes on its recording {len(held)} times, expected one {{{{live}}}} at most"
        )
