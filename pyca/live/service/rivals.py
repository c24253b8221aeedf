"""Would the streamer's input and a recorder's command get in each other's way?"""

import os
import re
import shlex
from urllib.parse import urlsplit

from pyca.core.control import ParameterError
from pyca.core.live import Profile
from pyca.core.live import Source as Wanted
from pyca.live.source.inputs import Input, InputKind, parse_input
from pyca.media.demands import Demands, SourceKind, demands

_LOCAL = frozenset({InputKind.AUTO, InputKind.PICAMERA, InputKind.DEVICE})
"""inputs that one program alone can read"""
_PICAMERA = re.compile(r"(?:rpicam|libcamera)-\w+|raspi(?:vid|still)|libcamerasrc|picamera\w*(?:\.py)?")
_VIDEO = re.compile(r"/dev/(?:video|v4l/)")
_HARDWARE = re.compile(r"(?:plug|sys)?hw(?:$|:)")
_CARD = re.compile(r"(?:plug)?hw:(?:CARD=)?([^,]+)")


def same_device(command: str, source: Wanted, profile: Profile) -> bool:
    """Tell whether a recorder's command may find its device taken by the streamer's own input.

    Several may read most network cameras, screens and files. Of a program that names no device nobody knows
    what it reads: a camera here is left to it.

    :param command: as it is configured
    """
    try:
        words, wanted = shlex.split(command), parse_input(source.input)
    except (ValueError, ParameterError):
        return False
    if not words:
        return False
    theirs = demands(words)
    return _same_picture(words, theirs, wanted) or _same_sound(theirs, profile.audio)


def _same_picture(words: list[str], theirs: Demands, ours: Input) -> bool:
    if ours.kind is InputKind.UDP:
        # Only one program can listen at a port.
        named = (one.name for one in theirs.sources if one.kind is SourceKind.ADDRESS)
        return any(one.startswith("udp:") and _port(one) == _port(ours.name) for one in named)
    if ours.kind not in _LOCAL:
        return False
    devices = [one.name for one in theirs.sources if one.kind is SourceKind.DEVICE]
    reads_picamera = any(_PICAMERA.fullmatch(os.path.basename(word)) for word in words)
    if not (devices or reads_picamera or theirs.sources or theirs.ffmpeg):
        return True
    if ours.kind is InputKind.DEVICE:
        return os.path.realpath(ours.name) in map(os.path.realpath, devices)
    if ours.kind is InputKind.PICAMERA:
        return reads_picamera
    return reads_picamera or any(_VIDEO.match(name) for name in devices)


def _same_sound(theirs: Demands, audio: str) -> bool:
    kind, _, name = audio.partition(":")
    if kind != "alsa" or not _HARDWARE.match(name):
        return False
    named = (one.name for one in theirs.sources if one.kind is SourceKind.ALSA)
    return any(_HARDWARE.match(other) and _may_be_same(name, other) for other in named)


def _may_be_same(one: str, other: str) -> bool:
    """Tell whether two names may mean one sound card: some have numbers, some words."""
    cards = [match[1] if (match := _CARD.match(name)) else "" for name in (one, other)]
    alike = cards[0].isdigit() == cards[1].isdigit()
    return not all(cards) or not alike or cards[0] == cards[1]


def _port(address: str) -> int | None:
    try:
        return urlsplit(address).port
    except ValueError:
        return None
