"""Moving pictures of cameras: MJPEG for browsers, raw frames for FFmpeg."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from flask import Blueprint, Response, request

from pyca.core.errors import SourceError
from pyca.images.snapshot import Snapshot
from pyca.ui.imaging import parameters
from pyca.ui.imaging.envelope import BASE
from pyca.ui.imaging.looks import look
from pyca.ui.imaging.moving import MJPEG, parts, streamed
from pyca.ui.imaging.room import has_gone, room

blueprint = Blueprint("streams", __name__)

USUAL_RATE, LARGEST_RATE = 10.0, 60.0
FIRST_PICTURE = 15.0
"""seconds that a camera gets from its start to its first image"""


@blueprint.get(f"{BASE}/cam/<name>/mjpeg")
def mjpeg(name: str) -> Response:
    """Show a camera as a picture that changes, until it ends or nobody looks any more."""
    from pyca.images import pictures as images

    here, wanted = room(), look()
    rate = parameters.positive("fps", LARGEST_RATE) or USUAL_RATE
    quality = int(parameters.number("quality", least=1, most=95) or images.QUALITY)
    if request.method == "HEAD":
        return Response(content_type=MJPEG)
    # An alias shows the same pictures as the name; one that nobody knows is refused where it is started.
    key = (here.servant.aliases().get(name, name), rate, quality, *wanted.values())

    def encode(shot: Snapshot) -> bytes:
        return images.jpeg(shot.image, quality=quality, **wanted)

    with ExitStack() as stack:
        stack.enter_context(here.viewers.one())
        relay = here.relays.join(key, partial(here.servant.frames, name), encode, rate)
        stack.callback(here.relays.leave, key, relay)
        relay.first(FIRST_PICTURE)
        return streamed(parts(relay.pictures(has_gone())), MJPEG, stack.pop_all().close)


@blueprint.get(f"{BASE}/cam/<name>/y4m")
def y4m(name: str) -> Response:
    """Send the raw frames of a camera, until it ends, changes its size or nobody reads any more."""
    from pyca.images import y4m as format_

    here = room()
    low, high = parameters.number("min_value"), parameters.number("max_value")
    if request.method == "HEAD":
        return Response(content_type=format_.MIMETYPE)
    with ExitStack() as stack:
        stack.enter_context(here.viewers.one())
        frames = stack.enter_context(here.servant.frames(name))
        frames = _while_wanted(frames, has_gone(), lambda: here.is_closing)
        rate = here.servant.config(name).get("frame_rate")
        pieces = format_.stream(frames, min_value=low, max_value=high, rate=rate)
        first = next(pieces, None)
        if first is None:
            raise SourceError(f"Camera {name} sends no images.", "look at its log")
        return streamed(_with(first, pieces), format_.MIMETYPE, stack.pop_all().close)


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
