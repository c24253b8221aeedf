"""FFmpeg's words for an input: live ones come at their own pace, all others are held back to it."""

from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from pyca.config.settings import Camera as Settings
from pyca.core.camera import parse_feed
from pyca.core.live import Profile
from pyca.live.source.devices import Camera
from pyca.live.source.inputs import Input, InputKind
from pyca.media.run import url

_PATIENCE = 5_000_000
"""microseconds of silence after which a network camera is given up"""
_LOOK = 2_500_000
"""microseconds in which a stream shows what it holds; by itself FFmpeg looks twice as long, for nothing"""
_QUEUE = ("-thread_queue_size", "64")
"""packets that wait while FFmpeg is busy with the other input"""
_PICTURES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})
_WITH_CLOCK = frozenset({".m3u8", ".mp4", ".mkv", ".webm", ".ts", ".flv", ".mov"})
"""endings of addresses that deliver timestamps; others are cameras whose pictures come one by one"""
_LARGE = 480
"""height above which a USB camera has the room on its cable only for compressed pictures"""


def reading(
    found: Input,
    profile: Profile,
    camera: Camera | None = None,
    *,
    copy: bool = False,
    cameras: str = Settings().address,
) -> list[str]:
    """Return the words up to and with the ``-i`` of an input.

    :param found: an input that is there
    :param camera: what a device tells about itself
    :param copy: whether its H.264 is passed on as it is
    :param cameras: address of the camera server
    """
    fps = str(profile.fps)
    match found.kind:
        case InputKind.TEST:
            test = f"testsrc2=size={profile.size.width}x{profile.size.height}:rate={fps}"
            return ["-re", "-f", "lavfi", "-i", test]
        case InputKind.PICAMERA:
            # Bare H.264 has no clock but ours.
            clock = [*_QUEUE, "-fpsprobesize", "0", "-use_wallclock_as_timestamps", "1"]
            return [*clock, "-f", "h264", "-framerate", fps, "-i", "pipe:0"]
        case InputKind.DEVICE:
            return _device(found.name, profile, camera, copy=copy)
        case InputKind.SCREEN:
            return [*_QUEUE, "-f", "x11grab", "-framerate", fps, "-i", found.name]
        case InputKind.RTSP:
            return [*_QUEUE, "-rtsp_transport", "tcp", "-timeout", str(_PATIENCE), "-i", found.name]
        case InputKind.HTTP:
            return [*_QUEUE, "-rw_timeout", str(_PATIENCE), *_clock(found.name), "-i", found.name]
        case InputKind.UDP:
            look = [] if copy else ["-analyzeduration", str(_LOOK)]
            return [*_QUEUE, *look, "-i", _patient(found.name)]
        case InputKind.CAMERA:
            return parse_feed(found.name).words(cameras)
        case _:
            return _file(found.name, fps)


def _device(path: str, profile: Profile, camera: Camera | None, *, copy: bool) -> list[str]:
    size = f"{profile.size.width}x{profile.size.height}"
    words = [*_QUEUE, "-f", "v4l2", "-framerate", str(profile.fps), "-video_size", size]
    offered = camera.formats if camera else ()
    if copy:
        words += ["-input_format", "h264"]
    elif "MJPG" in offered and profile.size.height > _LARGE:
        words += ["-input_format", "mjpeg"]
    return [*words, "-i", path]


def _file(name: str, fps: str) -> list[str]:
    path = PurePosixPath(name)
    # A playlist among files must not make FFmpeg call somebody.
    alone = ["-protocol_whitelist", "file,crypto,data"]
    if path.suffix.lower() in _PICTURES:
        return ["-re", *alone, "-loop", "1", "-framerate", fps, "-i", url(Path(name))]
    return ["-re", *alone, "-stream_loop", "-1", "-i", url(Path(name))]


def _clock(address: str) -> list[str]:
    if PurePosixPath(urlsplit(address).path).suffix.lower() in _WITH_CLOCK:
        return ["-re"]
    # FFmpeg would take 25 pictures for a second, however many come.
    return ["-use_wallclock_as_timestamps", "1"]


def _patient(address: str) -> str:
    """Return an address of datagrams with a time limit, unless it has one."""
    if "timeout=" in address:
        return address
    mark = "&" if "?" in address else "?"
    return f"{address}{mark}timeout={_PATIENCE}&overrun_nonfatal=1"
