"""What is wrong with ``[camera]`` and ``[pipeline]``, and what is risky about them."""

import re
from collections.abc import Iterator
from pathlib import Path

from pyca.config.addresses import is_address, is_loopback
from pyca.config.imaging import Camera, Pipeline
from pyca.config.report import Report, shorten
from pyca.config.settings import PUBLISHED_PASSWORD, Settings
from pyca.core.live import LONGEST_SOCKET

_SHOWN = {"camera": "the cameras", "pipeline": "the pipelines"}
"""what the section's server has to lose"""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_CARD = re.compile(r"[^\s/]{1,15}")
"""the name of a network card; which there are is known at the start"""
_SITE = re.compile(r"\*|https?://[^\s/?#@]+")
_ROOM = 40
"""bytes that the name of a socket may add to its folder"""


def check_imaging(settings: Settings, report: Report) -> None:
    """Report what is wrong with the servers of images."""
    for name, section in _sections(settings):
        _check_section(name, section, report)
        if section.enabled:
            _check_ports(name, section, settings, report)
    _check_sockets(settings.camera, report)
    pipeline = settings.pipeline
    if not pipeline.cameras:
        message = "found nothing, expected the address of a camera server such as http://localhost:8888"
        report.error(("pipeline", "cameras"), message)


def caution_imaging(settings: Settings, report: Report) -> None:
    """Warn of what is legal with the servers of images and risky."""
    for name, section in _sections(settings):
        _caution_section(name, section, settings, report)
    pipeline = settings.pipeline
    if pipeline.run_scripts and pipeline.scripts is None:
        # Not wrong: the command line may name the folder.
        report.warn_at(("pipeline", "run_scripts"), "is on and pipeline.scripts names no folder: none is run")
    if pipeline.run_scripts and not is_loopback(pipeline.bind) and pipeline.authentication == "off":
        message = "is on and pipeline.authentication is off: everybody may have programs run here"
        report.warn_at(("pipeline", "run_scripts"), message)
    if pipeline.enabled and pipeline.directory == settings.camera.directory:
        message = "is camera.directory too: each server takes the other one's files for mistakes"
        report.warn_at(("pipeline", "directory"), message)


def _sections(settings: Settings) -> Iterator[tuple[str, Camera | Pipeline]]:
    yield "camera", settings.camera
    yield "pipeline", settings.pipeline


def _check_section(name: str, section: Camera | Pipeline, report: Report) -> None:
    if not _is_place(section.bind):
        expected = "localhost, an address, a network card, or * for all"
        report.error((name, "bind"), f"found “{shorten(section.bind)}”, expected {expected}")
    if section.hostname and not _is_host(section.hostname):
        expected = "the name or address of this machine, as clients know it"
        report.error((name, "hostname"), f"found “{shorten(section.hostname)}”, expected {expected}")
    if section.last_port < section.first_port:
        message = (
            f"found {section.last_port}, expected at least {name}.first_port, which is {section.first_port}"
        )
        report.error((name, "last_port"), message)
    for key in ("directory", "backgrounds", "scripts", "sockets", "files"):
        folder: Path | None = getattr(section, key, None)
        if folder is not None and folder.exists() and not folder.is_dir():
            report.error((name, key), f"found “{folder}”, which is a file; expected a folder")
    for key in ("backgrounds", "files"):
        if getattr(section, key, None) == section.directory:
            report.error((name, key), f"is {name}.directory too, expected a folder of its own")
    for site in section.origins:
        if not _SITE.fullmatch(site):
            expected = "the address of a web site such as https://beamline.example.org, or *"
            report.error((name, "origins"), f"found “{shorten(site)}”, expected {expected}")


def _check_sockets(camera: Camera, report: Report) -> None:
    length = len(bytes(camera.sockets)) if camera.sockets is not None else 0
    if length + _ROOM > LONGEST_SOCKET:
        message = f"found a path of {length} bytes, expected at most {LONGEST_SOCKET - _ROOM}"
        report.error(("camera", "sockets"), message)


def _caution_section(name: str, section: Camera | Pipeline, settings: Settings, report: Report) -> None:
    if "*" in section.origins and section.authentication != "on":
        message = f"has *: every web page that somebody opens here may do everything with {_SHOWN[name]}"
        report.warn_at((name, "origins"), message)
    if is_loopback(section.bind):
        return
    where = section.bind or "all addresses"
    if section.authentication == "off":
        message = f"is off and {name}.bind is {where}: everybody on the network may do everything"
        report.warn_at((name, "authentication"), message)
    elif settings.ui.password == PUBLISHED_PASSWORD:
        message = f"is {where} and ui.password is the published one; change that"
        report.warn_at((name, "bind"), message)
    elif section.enabled and not settings.ui.password:
        message = "lets the network in: it is served only where there are accounts (pyca user add)"
        report.warn_at((name, "bind"), message)
    if section.enabled:
        message = f"is {where}: streams have no passwords, everybody on the network can read them"
        report.warn_at((name, "bind"), message)


def _check_ports(name: str, section: Camera | Pipeline, settings: Settings, report: Report) -> None:
    """Report ports that two services would open; only of services that are wanted."""
    others = dict(_other_ports(name, settings))
    if section.port and section.port in others:
        message = f"found {section.port}, which is {others[section.port]} too; expected another one"
        report.error((name, "port"), message)
    for port, owner in {**others, section.port: f"{name}.port"}.items():
        if section.first_port <= port <= section.last_port:
            message = f"to {name}.last_port has {port} within, which is {owner}; expected ports of their own"
            report.error((name, "first_port"), message)
    camera = settings.camera
    if name == "pipeline" and camera.enabled and _overlap(section, camera):
        message = "to pipeline.last_port has ports of camera.first_port to camera.last_port within"
        report.error((name, "first_port"), f"{message}; expected ports of their own")


def _overlap(one: Camera | Pipeline, other: Camera | Pipeline) -> bool:
    return one.first_port <= other.last_port and other.first_port <= one.last_port


def _other_ports(name: str, settings: Settings) -> Iterator[tuple[int, str]]:
    """Yield the ports of the other services; 0 is any that is free."""
    if settings.ui.port:
        yield settings.ui.port, "ui.port"
    if settings.live.enabled and settings.live.port:
        yield settings.live.port, "live.port"
    for other, section in _sections(settings):
        if other != name and section.enabled and section.port:
            yield section.port, f"{other}.port"


def _is_place(text: str) -> bool:
    """Tell whether somebody could listen there; which cards this machine has is asked at the start."""
    if text in ("", "*") or is_loopback(text):
        return True
    bare = text.strip("[]")
    # What looks like an address has to be one.
    if ":" in bare or re.fullmatch(r"[\d.]+", bare):
        return is_address(bare)
    return bool(_CARD.fullmatch(text))


def _is_host(text: str) -> bool:
    bare = text.strip("[]")
    if ":" in bare or re.fullmatch(r"[\d.]+", bare):
        return is_address(bare)
    return bool(_HOST.fullmatch(text))
