"""Answers that go on: pictures that change."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack

from flask import Response, request

from pyca.images.snapshot import Snapshot
from pyca.ui.imaging import parameters
from pyca.ui.imaging.looks import look
from pyca.ui.imaging.relay import Open
from pyca.ui.imaging.room import has_gone, room

BOUNDARY = "pyca-frame"
MJPEG = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
USUAL_RATE, LARGEST_RATE = 10.0, 60.0
FIRST_PICTURE = 15.0
"""seconds that a camera or a pipeline gets from its start to its first image"""


def mjpeg(key: Hashable, start: Callable[[float], Open]) -> Response:
    """Return a picture that changes, as the present request wants it, until it ends or nobody looks.

    :param key: of what is shown: those who want the same in the same way share it
    :param start: gives the images, for a number of pictures per second
    """
    from pyca.images import pictures as images

    here, wanted = room(), look()
    rate = parameters.positive("fps", LARGEST_RATE) or USUAL_RATE
    quality = int(parameters.number("quality", least=1, most=95) or images.QUALITY)
    if request.method == "HEAD":
        return Response(content_type=MJPEG)
    full = (key, rate, quality, *wanted.values())

    def encode(shot: Snapshot) -> bytes:
        return images.jpeg(shot.image, quality=quality, **wanted)

    with ExitStack() as stack:
        stack.enter_context(here.viewers.one())
        relay = here.relays.join(full, start(rate), encode, rate)
        stack.callback(here.relays.leave, full, relay)
        relay.first(FIRST_PICTURE)
        return streamed(parts(relay.pictures(has_gone())), MJPEG, stack.pop_all().close)


def streamed(pieces: Iterator[bytes], mimetype: str, end: Callable[[], None]) -> Response:
    """Return an answer that is sent piece by piece.

    :param end: called once nothing more is sent, also where not a single piece was
    """
    response = Response(pieces, content_type=mimetype)
    response.call_on_close(end)
    response.headers["X-Accel-Buffering"] = "no"
    return response


def parts(pictures: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a picture as a part of a message; the line behind it makes browsers show it at once."""
    line = f"--{BOUNDARY}\r\n".encode()
    yield line
    for picture in pictures:
        head = f"Content-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
        yield b"".join((head, picture, b"\r\n", line))
