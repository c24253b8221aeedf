"""Is a camera, sound card, display or address there, and may this user use it? Nothing is opened."""

import grp
import os
import pwd
import re
import socket
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from pyca.media.demands import Source, SourceKind

_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443, "rtmp": 1935, "rtmps": 443, "mms": 1755}
"""schemes whose server can be asked for a connection"""
_LIMIT = 3.0
"""seconds that a camera has to take a connection"""
_CARD = re.compile(r"(?:plug|dsnoop:)?hw:(?:CARD=)?([^,]+)(?:,(?:DEV=)?(\d+))?.*")
_DISPLAY = re.compile(r"(?:unix)?:(\d+)")


@dataclass(frozen=True)
class Sight:
    """What was found of a source."""

    there: bool | None
    """None where nobody can tell"""
    text: str
    remedy: str = ""


def look(source: Source, root: Path = Path("/")) -> Sight:
    """Look for a source.

    :param root: where the machine's ``dev``, ``proc`` and ``tmp`` are
    """
    match source.kind:
        case SourceKind.ALSA:
            return _look_at_card(source.name, root)
        case SourceKind.DISPLAY:
            return _look_at_display(source.name, root)
        case SourceKind.ADDRESS:
            return _call(source.name)
        case _:
            return _look_at_file(root / source.name.lstrip("/"), source.name)


def bare(address: str) -> str:
    """Return scheme, host and port of an address: paths and queries hold passwords as well."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _look_at_file(path: Path, name: str) -> Sight:
    if not path.exists():
        return Sight(
            False, f"{name} does not exist", "is it plugged in and switched on? else correct its name"
        )
    if os.access(path, os.R_OK):
        return Sight(True, f"{name} is there and may be read")
    group, user = _group(path.stat().st_gid), _user()
    if group == "root" or not path.stat().st_mode & stat.S_IRGRP:
        return Sight(
            False,
            f"{name} may not be read by user {user}",
            "mend its permissions, for example by a udev rule",
        )
    remedy = f"run “usermod -a -G {group} {user}”, then log in again and restart pyCA"
    return Sight(False, f"{name} may not be read: user {user} works without the group {group}", remedy)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return str(os.geteuid())


def _look_at_card(name: str, root: Path) -> Sight:
    """Look for a card among ALSA's; of plug-ins such as “default” nobody but ALSA knows what they are."""
    match = _CARD.fullmatch(name)
    if not match:
        return Sight(None, f"ALSA device {name} cannot be looked for, only cards such as hw:1 can")
    sound = root / "proc" / "asound"
    card = sound / (f"card{match[1]}" if match[1].isdigit() else match[1])
    if not card.is_dir():
        known = sorted(path.name for path in sound.glob("card[0-9]*"))
        text = f"{name}: there is no such sound card"
        return Sight(False, f"{text}; there are {', '.join(known)}" if known else text, "see “arecord -l”")
    number = int(match[2] or 0)
    if not (card / f"pcm{number}c").is_dir():
        return Sight(False, f"{name}: the card has no device {number} that records", "see “arecord -l”")
    index = card.resolve().name.removeprefix("card")
    seen = _look_at_file(root / "dev" / "snd" / f"pcmC{index}D{number}c", f"/dev/snd/pcmC{index}D{number}c")
    return Sight(seen.there, f"{name}: {seen.text}", seen.remedy)


def _look_at_display(name: str, root: Path) -> Sight:
    match = _DISPLAY.match(name)
    path = root / "tmp" / ".X11-unix" / f"X{match[1] if match else ''}"
    if path.exists():
        return Sight(True, f"display {name} is there")
    return Sight(False, f"display {name}: nobody has logged in there", "start X11, or correct the command")


def _call(address: str) -> Sight:
    """Connect and hang up at once, where the protocol has a server."""
    where = bare(address)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return Sight(False, f"{where} is no address", "correct the command")
    if parts.scheme.lower() not in _PORTS:
        return Sight(None, f"{where} cannot be asked, its protocol has no connections")
    try:
        socket.create_connection((host, port), _LIMIT).close()
    except TimeoutError:
        return Sight(
            False, f"{where} does not answer within {_LIMIT:.0f} s", "is it switched on, and in this network?"
        )
    except OSError as error:
        return Sight(False, f"{where}: {error.strerror or error}", "is it switched on, and in this network?")
    return Sight(True, f"{where} takes connections")
