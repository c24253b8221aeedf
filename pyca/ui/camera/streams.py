"""Moving pictures of cameras: MJPEG for browsers, raw frames for FFmpeg."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial

from flask import Blueprint, Response, request

from pyca.core.errors import SourceError
from pyca.images.snapshot import Snapshot
from pyca.ui.imaging import moving, parameters
from pyca.ui.imaging.envelope import BASE
from pyca.ui.imaging.moving import streamed
from pyca.ui.imaging.room import has_gone, room

blueprint = Blueprint("streams", __name__)


@blueprint.get(f"{BASE}/cam/<name>/mjpeg")
def mjpeg(name: str) -> Response:
    """Show a camera as a picture that changes, until it ends or nobody looks any more."""
    servant = room().servant
    # An alias shows the same pictures as the name; one that nobody knows is refused where it is started.
    key = servant.aliases().get(name, name)
    return moving.mjpeg(key, lambda _: partial(servant.frames, name))


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
