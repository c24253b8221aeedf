"""Moving pictures of cameras: MJPEG for browsers, raw frames for FFmpeg."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from flask import Blueprint, Response, request

from pyca.camera.image.snapshot import Snapshot
from pyca.core.errors import SourceError
from pyca.ui.camera import parameters
from pyca.ui.camera.cam import BASE
from pyca.ui.camera.pictures import look
from pyca.ui.camera.room import has_gone, room

blueprint = Blueprint("streams", __name__)

BOUNDARY = "pyca-frame"
USUAL_RATE, LARGEST_RATE = 10.0, 60.0
FIRST_PICTURE = 15.0
"""seconds that a camera gets from its start to its first image"""


@blueprint.get(f"{BASE}/cam/<name>/mjpeg")
def mjpeg(name: str) -> Response:
    """Show a camera as a picture that changes, until it ends or nobody looks any more."""
    from pyca.camera.image import images

    here, wanted = room(), look()
    rate = parameters.positive("fps", LARGEST_RATE) or USUAL_RATE
    quality = int(parameters.number("quality", least=1, most=95) or images.QUALITY)
    mimetype = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
    if request.method == "HEAD":
        return Response(content_type=mimetype)
    # An alias shows the same pictures as the name; one that nobody knows is refused where it is started.
    key = (here.cameras.aliases().get(name, name), rate, quality, *wanted.values())

    def encode(shot: Snapshot) -> bytes:
        return images.jpeg(shot.image, quality=quality, **wanted)

    with ExitStack() as stack:
        stack.enter_context(here.viewers.one())
        relay = here.relays.join(key, partial(here.cameras.frames, name), encode, rate)
        stack.callback(here.relays.leave, key, relay)
        relay.first(FIRST_PICTURE)
        return _streamed(_parts(relay.pictures(has_gone())), mimetype, stack.pop_all().close)


@blueprint.get(f"{BASE}/cam/<name>/y4m")
def y4m(name: str) -> Response:
    """Send the raw frames of a camera, until it ends, changes its size or nobody reads any more."""
    from pyca.camera.image import y4m as format_

    here = room()
    low, high = parameters.number("min_value"), parameters.number("max_value")
    if request.method == "HEAD":
        return Response(content_type=format_.MIMETYPE)
    with ExitStack() as stack:
        stack.enter_context(here.viewers.one())
        frames = stack.enter_context(here.cameras.frames(name))
        frames = _while_wanted(frames, has_gone(), lambda: here.is_closing)
        rate = here.cameras.config(name).get("frame_rate")
        pieces = format_.stream(frames, min_value=low, max_value=high, rate=rate)
        first = next(pieces, None)
        if first is None:
            raise SourceError(f"Camera {name} sends no images.", "look at its log")
        return _streamed(_with(first, pieces), format_.MIMETYPE, stack.pop_all().close)


def _streamed(pieces: Iterator[bytes], mimetype: str, end: Callable[[], None]) -> Response:
    response = Response(pieces, content_type=mimetype)
    # Called also where not a single piece was taken.
    response.call_on_close(end)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _parts(pictures: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a picture as a part of a message; the line behind it makes browsers show it at once."""
    line = f"--{BOUNDARY}\r\n".encode()
    yield line
    for picture in pictures:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
        yield b"".join((head, picture, b"\r\n", line))


def _with(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _while_wanted(
    frames: Iterator[Snapshot], has_left: Callable[[], bool], is_closing: Callable[[], bool]
) -> Iterator[Snapshot]:
    for frame in frames:
        if has_left() or is_closing():
            return
        yield frame
