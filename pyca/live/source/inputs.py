"""Where pictures come from: what somebody wrote, understood and looked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from pyca.config.settings import Camera
from pyca.core.camera import WORD, parse_feed
from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.naming import LONGEST_NAME, fits
from pyca.core.secrecy import mask
from pyca.live.source.devices import cameras
from pyca.media.cameras import require_camera
from pyca.media.demands import Source, SourceKind
from pyca.media.picamera import find_picamera, require_picamera
from pyca.media.sources import look

WAYS = (
    "auto, test, picamera, screen, v4l2:/dev/video0, camera:NAME of the camera server, a file, "
    "or an address that begins with rtsp://, http:// or udp://"
)
_LONGEST = 2000
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_DISPLAY = re.compile(r"[\w.-]*:\d+(?:\.\d+)?(?:\+\d+,\d+)?")


class InputKind(StrEnum):
    """What sort of thing delivers the pictures."""

    AUTO = "auto"
    """whatever camera there is"""
    TEST = "test"
    """a moving test picture"""
    PICAMERA = "picamera"
    """the camera of a Raspberry Pi"""
    RECORDER = "recorder"
    """none of our own: what the recorder passes on"""
    SCREEN = "screen"
    DEVICE = "device"
    RTSP = "rtsp"
    HTTP = "http"
    UDP = "udp"
    FILE = "file"
    CAMERA = "camera"
    """one of the camera server"""


_SCHEMES = {
    "rtsp": InputKind.RTSP,
    "rtsps": InputKind.RTSP,
    "http": InputKind.HTTP,
    "https": InputKind.HTTP,
    "udp": InputKind.UDP,
}
_WORDS = {kind.value: kind for kind in list(InputKind)[:5]}
NETWORK = frozenset({InputKind.RTSP, InputKind.HTTP, InputKind.UDP})


@dataclass(frozen=True)
class Input:
    """One input.

    :param name: the device, display, address or file; empty where there is only one such
    """

    kind: InputKind
    name: str = field(default="", repr=False)

    @property
    def shown(self) -> str:
        """The input as it may be shown to anybody."""
        if self.kind is InputKind.CAMERA:
            return f"{WORD}:{self.name}"
        return mask(self.name) or self.kind.value


def parse_input(text: str) -> Input:
    """Return the input that a text describes. Nothing is looked for yet.

    :raises ParameterError: where it describes none
    """
    text = text.strip()
    if not text or len(text) > _LONGEST or not text.isprintable():
        raise _error("the input is empty, too long, or no text of one line")
    word, _, rest = text.partition(":")
    if kind := _WORDS.get(text.lower()):
        return Input(kind)
    if match := _SCHEME.match(text):
        return _address(match[1].lower(), text)
    if word.lower() == "screen":
        if not _DISPLAY.fullmatch(rest):
            raise _error(f"the screen “{rest}” is none", "write such as screen::0")
        return Input(InputKind.SCREEN, rest)
    if word.lower() == "v4l2":
        if not rest.startswith("/"):
            raise _error(f"the device “{rest}” is none", "write such as v4l2:/dev/video0")
        return _file(InputKind.DEVICE, rest)
    if word.lower() == WORD:
        return _camera(rest)
    if text.startswith("/dev/"):
        return _file(InputKind.DEVICE, text)
    return _file(InputKind.FILE, text)


def has_camera(text: str) -> bool:
    """Tell whether an input is one of the streamer's own, and not what a recorder passes on.

    :raises ParameterError: where the text describes no input
    """
    return parse_input(text).kind is not InputKind.RECORDER


def find_input(
    wanted: Input,
    environ: Mapping[str, str],
    root: Path = Path("/"),
    *,
    cameras: str = Camera().address,
) -> Input:
    """Return the input itself, found and named.

    :param environ: the process environment: it names the screen and where programs are
    :param root: where the machine's ``dev`` is
    :param cameras: address of the camera server
    :raises MediaError: where it is not there, saying what was looked for
    """
    match wanted.kind:
        case InputKind.AUTO:
            return _any(environ, root)
        case InputKind.RECORDER:
            raise MediaError("the input “recorder” is no camera of our own", "set another input")
        case InputKind.PICAMERA:
            require_picamera(environ)
        case InputKind.SCREEN:
            return _screen(wanted.name or environ.get("DISPLAY", ""), root)
        case InputKind.DEVICE:
            seen = look(Source(SourceKind.DEVICE, wanted.name), root)
            if not seen.there:
                raise MediaError(f"the camera {seen.text}", seen.remedy)
        case InputKind.FILE:
            _check_file(Path(wanted.name))
        case InputKind.CAMERA:
            require_camera(cameras, parse_feed(wanted.name).name)
    return wanted


def check_there(wanted: Input, root: Path = Path("/")) -> None:
    """Refuse a file or a device that is not there; all else may be asked for by whoever can see it.

    :param root: where the machine's ``dev`` and ``sys`` are
    :raises MediaError: where it is not there, saying what was looked for
    """
    if wanted.kind is InputKind.FILE:
        _check_file(Path(wanted.name))
    elif wanted.kind is InputKind.DEVICE:
        # The page is kept from devices, and cannot tell one that is away from one that it may not see.
        known = root / "sys/class/video4linux" / Path(wanted.name).name
        seen = look(Source(SourceKind.DEVICE, wanted.name), root)
        if not seen.there and not known.exists() and not _hides(wanted.name, root):
            raise MediaError(f"the camera {seen.text}", seen.remedy)


def _hides(device: str, root: Path) -> bool:
    """Tell whether a device with a name of its own may be there, where this process sees none of them."""
    names = Path("/dev/v4l")
    listed = root / "sys/class/video4linux"
    own = names in Path(device).parents
    return own and not (root / "dev/v4l").exists() and listed.is_dir() and any(listed.iterdir())


def _any(environ: Mapping[str, str], root: Path) -> Input:
    program = find_picamera(environ)
    if program and program.has_camera():
        return Input(InputKind.PICAMERA)
    for camera in cameras(root):
        return Input(InputKind.DEVICE, camera.path)
    raise MediaError(
        "no camera was found: looked for that of a Raspberry Pi (rpicam-vid, libcamera-vid, picamera2) "
        "and for cameras at /dev/video*",
        "plug one in, name another input, or try “--input test”",
    )


def _screen(display: str, root: Path) -> Input:
    if not display:
        raise MediaError("no screen is named", "set DISPLAY, or write such as screen::0")
    local = Source(SourceKind.DISPLAY, display)
    if display.startswith(":") and not (seen := look(local, root)).there:
        raise MediaError(f"the screen: {seen.text}", seen.remedy)
    return Input(InputKind.SCREEN, display)


def _check_file(path: Path) -> None:
    if path.is_dir() or not path.exists():
        raise MediaError(f"the input “{path}” is no file", f"use {WAYS}")
    seen = look(Source(SourceKind.FILE, str(path.absolute())))
    if not seen.there:
        raise MediaError(f"the input {seen.text}", seen.remedy)


def _file(kind: InputKind, name: str) -> Input:
    if not fits(Path(name)):
        raise _error(f"no file or device has a name of more than {LONGEST_NAME} characters")
    return Input(kind, name)


def _camera(name: str) -> Input:
    try:
        parse_feed(name)
    except ValueError as expected:
        raise _error(f"“camera:{name[:100]}” is no camera: expected {expected}") from expected
    return Input(InputKind.CAMERA, name)


def _address(scheme: str, text: str) -> Input:
    kind = _SCHEMES.get(scheme)
    if not kind:
        raise _error(f"an input cannot begin with “{scheme}://”")
    try:
        parts = urlsplit(text)
        # Whoever receives datagrams needs a port, and no host: any interface will do.
        named = parts.port if kind is InputKind.UDP else parts.hostname
        there = bool(named) and parts.port != 0 and not re.search(r"\s", text)
    except ValueError:
        there = False
    if not there:
        raise _error(f"the address {mask(text)} names no host or a wrong port")
    return Input(kind, text)


def _error(message: str, remedy: str = f"use {WAYS}") -> ParameterError:
    return ParameterError("input", message, remedy)
