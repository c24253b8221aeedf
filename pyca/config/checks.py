"""Mistakes that no single value shows: lists that do not fit together, commands that cannot be split."""

import os
import re
import shlex
import zoneinfo
from collections.abc import Iterator

from pyca.config.feeds import check_feeds, is_feed
from pyca.config.imaging_checks import check_imaging
from pyca.config.keys import kinds
from pyca.config.live import FEEDS, check_live
from pyca.config.locate import Location
from pyca.config.machine import is_zone
from pyca.config.report import Report, did_you_mean, shorten
from pyca.config.settings import Capture, Hooks, Input, Settings
from pyca.config.types import CommandLine

TEMPLATES = ("time", "dir", "name", "previewdir")
"""what ``{{…}}`` in commands and file names can stand for"""
FILTERS = ("picture_health", "sound_health")
"""what it can stand for in commands alone"""
HOOKS = tuple(name for name, kind in kinds(Hooks).items() if isinstance(kind, CommandLine))
"""the keys of ``[hooks]`` that are commands"""

_LONGEST_NAME = 128
_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_FLAVOR = re.compile(r"[\w.+-]+/[\w.+-]+")


def check(settings: Settings, report: Report) -> None:
    """Report what is wrong with keys that are each well formed."""
    _check_agent(settings, report)
    _check_recording(("capture",), settings.capture, report)
    for name, source in settings.inputs.items():
        _check_recording(("inputs", name), source, report)
    _check_inputs(settings, report)
    ingest = settings.ingest
    if ingest.delay_min > ingest.delay_max:
        message = f"found {ingest.delay_min}, expected at most ingest.delay_max, which is {ingest.delay_max}"
        report.error(("ingest", "delay_min"), message)
    _check_certificate(settings, report)
    _check_fallback(settings.capture, report)
    check_live(settings, report)
    check_imaging(settings, report)
    for hook in HOOKS:
        _check_hook(("hooks", hook), getattr(settings.hooks, hook), report)
    _check_quotes(("ui", "log_command"), settings.ui.log_command, report)


def _check_agent(settings: Settings, report: Report) -> None:
    """Check the agent's name and time zone."""
    name, zone = settings.agent.name, settings.agent.timezone
    if "/" in name or len(name) > _LONGEST_NAME:
        expected = f"at most {_LONGEST_NAME} characters and no slash, because it becomes part of addresses"
        report.error(("agent", "name"), f"found “{shorten(name)}”, expected {expected}")
    if zone and not is_zone(zone):
        hint = did_you_mean(zone, zoneinfo.available_timezones())
        report.error(("agent", "timezone"), f"found “{shorten(zone)}”, expected such as Europe/Berlin{hint}")


def _check_recording(location: Location, recording: Capture | Input, report: Report) -> None:
    """Check what ``[capture]`` and each input have in common: a command, its files and their flavors."""
    command = recording.command
    if not command.strip() and (location[0] == "inputs" or "command" in _given(location, report)):
        report.error((*location, "command"), "is empty, expected the command that records")
    _check_quotes((*location, "command"), command, report)
    _check_templates((*location, "command"), (command,), report, (*TEMPLATES, *FILTERS, *FEEDS))
    check_feeds((*location, "command"), command, report)
    for key in ("files", "preview"):
        _check_templates((*location, key), getattr(recording, key), report)
    _check_lists(location, recording, report)


def _given(location: Location, report: Report) -> Iterator[str]:
    """Yield the keys of a section that the file or the environment sets."""
    for place in (*report.lines, *report.variables):
        if place[:-1] == location:
            yield place[-1]


def _check_lists(location: Location, recording: Capture | Input, report: Report) -> None:
    """Check that each file has a flavor and is named once."""
    files, flavors = recording.files, recording.flavors
    if len(files) != len(flavors):
        counts = f"{_count(flavors, 'flavor')} for {_count(files, 'file')}"
        set_here = [key for key in ("flavors", "files") if key in set(_given(location, report))]
        message = f"found {counts}, expected one flavor for each file, in the same order"
        report.error((*location, (set_here or ["files"])[0]), message)
    elif not files:
        report.error((*location, "files"), "is empty, expected the files that the command writes")
    for flavor in flavors:
        if not _FLAVOR.fullmatch(flavor):
            expected = "type/subtype such as presenter/source"
            report.error((*location, "flavors"), f"found “{shorten(flavor)}”, expected {expected}")
    for file in sorted({file for file in files if files.count(file) > 1}):
        report.error((*location, "files"), f"names “{shorten(file)}” twice, expected different files")


def _check_fallback(capture: Capture, report: Report) -> None:
    """Check that the second folder is not the first one, nor within it."""
    fallback = capture.fallback_directory
    if fallback and (fallback == capture.directory or capture.directory in fallback.parents):
        message = f"found “{fallback}”, expected a folder outside of capture.directory, on another disk"
        report.error(("capture", "fallback_directory"), message)
    elif fallback and fallback.exists() and not fallback.is_dir():
        message = f"found “{fallback}”, which is a file; expected a folder"
        report.error(("capture", "fallback_directory"), message)


def _count(items: tuple[str, ...], noun: str) -> str:
    """Return “1 file” or “2 files”."""
    return f"{len(items)} {noun}{'' if len(items) == 1 else 's'}"


def _check_quotes(location: Location, command: str, report: Report) -> None:
    """Check that a command can be split into its arguments."""
    try:
        shlex.split(command)
    except ValueError:
        message = "has a quote or backslash without its partner, expected each quote to be closed"
        report.error(location, message)


def _check_hook(location: Location, command: str, report: Report) -> None:
    """Check that a hook can be split, and that it takes its facts from where they are."""
    _check_quotes(location, command, report)
    for inside in _TEMPLATE.findall(command):
        message = (
            f"found “{{{{{shorten(inside)}}}}}”, expected a plain command: its facts are in HOOK_… variables"
        )
        report.error(location, message)


def _check_templates(
    location: Location, texts: tuple[str, ...], report: Report, allowed: tuple[str, ...] = TEMPLATES
) -> None:
    """Check that each ``{{…}}`` is one that pyCA fills in."""
    for text in texts:
        for inside in _TEMPLATE.findall(text):
            # Cameras stand in commands alone, which are looked at elsewhere.
            if inside not in allowed and not (location[-1] == "command" and is_feed(inside)):
                known = ", ".join(f"{{{{{name}}}}}" for name in allowed)
                hint = did_you_mean(inside.strip(), allowed)
                report.error(location, f"found “{{{{{shorten(inside)}}}}}”, expected one of {known}{hint}")


def _check_inputs(settings: Settings, report: Report) -> None:
    """Check the names of inputs, and that no two of them write the same file."""
    owners: dict[str, str] = {}
    for name, source in settings.inputs.items():
        if "," in name:
            message = "has a comma in its name, which the server takes for two inputs; expected another name"
            report.error(("inputs", name), message)
        for file in sorted(set(source.files)):
            # {{name}} holds the input's name, so such files differ by themselves.
            if "{{name}}" not in file and owners.setdefault(file, name) != name:
                message = (
                    f"“{shorten(file)}” is written by input {owners[file]} too, expected different files"
                )
                report.error(("inputs", name, "files"), message)
        for other in settings.inputs:
            if other != name and other.startswith(name):
                message = f"is the beginning of input {other}; the server shows the keys of both as its own"
                report.warn_at(("inputs", name), message)


def _check_certificate(settings: Settings, report: Report) -> None:
    """Check that the certificate is there and readable."""
    certificate = settings.server.certificate
    if certificate and not (os.path.isfile(certificate) and os.access(certificate, os.R_OK)):
        report.error(("server", "certificate"), f"found “{certificate}”, expected a readable PEM file")
