"""Commands that record a camera of the camera server: ``{{camera:NAME}}``, and what is wrong with them."""

import re
import shlex
from collections.abc import Iterator, Mapping

from pyca.config.addresses import is_loopback
from pyca.config.locate import Location
from pyca.config.report import Report, shorten
from pyca.config.settings import Camera, Settings
from pyca.core.camera import WORD, CameraFeed, parse_feed

PREFIX = f"{WORD}:"
_FEED = re.compile(r"\{\{camera:([^{}]*)\}\}")


def is_feed(inside: str) -> bool:
    """Tell whether what stands between braces is meant to be a camera."""
    return inside.startswith(PREFIX)


def feeds_in(command: str) -> Mapping[str, CameraFeed]:
    """Return the cameras that a command reads, by placeholder; those that nobody understands are left out."""
    found = {}
    for text in _FEED.findall(command):
        try:
            found[f"{PREFIX}{text}"] = parse_feed(text)
        except ValueError:
            continue
    return found


def check_feeds(location: Location, command: str, report: Report) -> None:
    """Report placeholders that name no camera or do not stand alone."""
    for text in _FEED.findall(command):
        try:
            parse_feed(text)
        except ValueError as expected:
            report.error(location, f"found “{{{{camera:{shorten(text)}}}}}”, expected {expected}")
    try:
        words = shlex.split(command)
    except ValueError:
        return  # which is reported as such
    for word in words:
        if _FEED.search(word) and not _FEED.fullmatch(word):
            message = f"has {{{{camera:…}}}} within a word, expected it to stand alone: “{shorten(word)}”"
            report.error(location, message)


def caution_feeds(settings: Settings, report: Report) -> None:
    """Warn of cameras that can be read by nobody: FFmpeg has no token for the camera server."""
    if not (reason := why_closed(settings.camera)):
        return
    for location in _in_use(settings):
        report.warn_at(location, f"reads a camera of the camera server, which lets nobody in: {reason}")
    if settings.live.input.lower().startswith(PREFIX):
        report.warn_at(("live", "input"), f"is a camera of the camera server, which lets nobody in: {reason}")


def why_closed(camera: Camera) -> str:
    """Return why FFmpeg on this machine cannot read from the camera server, empty where it can."""
    if camera.authentication == "on":
        return "camera.authentication is on; set it to auto, with camera.bind localhost"
    if camera.authentication == "auto" and not is_loopback(camera.bind):
        return "camera.bind is not localhost alone; set it so, or camera.authentication to off"
    return ""


def _in_use(settings: Settings) -> Iterator[Location]:
    for name, source in settings.named_inputs.items():
        if feeds_in(source.command):
            place: Location = ("inputs", name) if settings.inputs else ("capture",)
            yield (*place, "command")
