"""Answers that go on: pictures that change."""

from collections.abc import Callable, Iterator

from flask import Response

BOUNDARY = "pyca-frame"
MJPEG = f"multipart/x-mixed-replace; boundary={BOUNDARY}"


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
