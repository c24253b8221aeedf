"""What is wrong with ``[camera]``, and what is risky about it."""

import ipaddress
import re
from collections.abc import Iterator

from pyca.config.addresses import is_loopback
from pyca.config.report import Report, shorten
from pyca.config.settings import PUBLISHED_PASSWORD, Settings
from pyca.core.live import LONGEST_SOCKET

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_CARD = re.compile(r"[^\s/]{1,15}")
"""the name of a network card; which there are is known at the start"""
_SITE = re.compile(r"\*|https?://[^\s/?#@]+")
_ROOM = 40
"""bytes that the name of a socket may add to its folder"""


def check_camera(settings: Settings, report: Report) -> None:
    """Report what is wrong with ``[camera]``."""
    camera = settings.camera
    if not _is_place(camera.bind):
        expected = "localhost, an address, a network card, or * for all"
        report.error(("camera", "bind"), f"found “{shorten(camera.bind)}”, expected {expected}")
    if camera.hostname and not _is_host(camera.hostname):
        expected = "the name or address of this machine, as clients know it"
        report.error(("camera", "hostname"), f"found “{shorten(camera.hostname)}”, expected {expected}")
    if camera.last_port < camera.first_port:
        message = (
            f"found {camera.last_port}, expected at least camera.first_port, which is {camera.first_port}"
        )
        report.error(("camera", "last_port"), message)
    for name in ("directory", "backgrounds", "scripts", "sockets"):
        folder = getattr(camera, name)
        if folder is not None and folder.exists() and not folder.is_dir():
            report.error(("camera", name), f"found “{folder}”, which is a file; expected a folder")
    if camera.backgrounds == camera.directory:
        message = "is camera.directory too, expected a folder of its own"
        report.error(("camera", "backgrounds"), message)
    if camera.sockets is not None and len(bytes(camera.sockets)) + _ROOM > LONGEST_SOCKET:
        message = (
            f"found a path of {len(bytes(camera.sockets))} bytes, expected at most {LONGEST_SOCKET - _ROOM}"
        )
        report.error(("camera", "sockets"), message)
    for site in camera.origins:
        if not _SITE.fullmatch(site):
            expected = "the address of a web site such as https://beamline.example.org, or *"
            report.error(("camera", "origins"), f"found “{shorten(site)}”, expected {expected}")
    _check_ports(settings, report)


def caution_camera(settings: Settings, report: Report) -> None:
    """Warn of what is legal in ``[camera]`` and risky."""
    camera = settings.camera
    if "*" in camera.origins and camera.authentication != "on":
        message = "has *: every web page that somebody opens here may do everything with the cameras"
        report.warn_at(("camera", "origins"), message)
    if is_loopback(camera.bind):
        return
    where = camera.bind or "all addresses"
    if camera.authentication == "off":
        message = f"is off and camera.bind is {where}: everybody on the network may do everything"
        report.warn_at(("camera", "authentication"), message)
    elif settings.ui.password == PUBLISHED_PASSWORD:
        message = f"is {where} and ui.password is the published one; change that"
        report.warn_at(("camera", "bind"), message)
    elif camera.enabled and not settings.ui.password:
        message = "lets the network in: it is served only where there are accounts (pyca user add)"
        report.warn_at(("camera", "bind"), message)
    if camera.enabled:
        message = f"is {where}: streams have no passwords, everybody on the network can read them"
        report.warn_at(("camera", "bind"), message)


def _check_ports(settings: Settings, report: Report) -> None:
    """Report ports that two services would open; only of services that are wanted."""
    camera = settings.camera
    if not camera.enabled:
        return
    others = dict(_other_ports(settings))
    if camera.port and camera.port in others:
        message = f"found {camera.port}, which is {others[camera.port]} too; expected another one"
        report.error(("camera", "port"), message)
    for port, name in {**others, camera.port: "camera.port"}.items():
        if camera.first_port <= port <= camera.last_port:
            message = f"to camera.last_port has {port} within, which is {name}; expected ports of their own"
            report.error(("camera", "first_port"), message)


def _other_ports(settings: Settings) -> Iterator[tuple[int, str]]:
    """Yield the ports of the other services; 0 is any that is free."""
    if settings.ui.port:
        yield settings.ui.port, "ui.port"
    if settings.live.enabled and settings.live.port:
        yield settings.live.port, "live.port"


def _is_place(text: str) -> bool:
    """Tell whether somebody could listen there; which cards this machine has is asked at the start."""
    if text in ("", "*") or is_loopback(text):
        return True
    bare = text.strip("[]")
    # What looks like an address has to be one.
    if ":" in bare or re.fullmatch(r"[\d.]+", bare):
        return _is_address(bare)
    return bool(_CARD.fullmatch(text))


def _is_host(text: str) -> bool:
    bare = text.strip("[]")
    if ":" in bare or re.fullmatch(r"[\d.]+", bare):
        return _is_address(bare)
    return bool(_HOST.fullmatch(text))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
