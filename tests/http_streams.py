"""Asks a camera server over real connections."""

import http.client
from contextlib import ExitStack, closing

from pyca.ui.imaging.server import ImagingServer


def connect(server: ImagingServer) -> http.client.HTTPConnection:
    host, _, port = server.address.removeprefix("http://").rstrip("/").rpartition(":")
    return http.client.HTTPConnection(host, int(port), timeout=60)


def ask(
    server: ImagingServer, path: str, method: str = "GET", body: bytes | None = None
) -> tuple[int, bytes]:
    with closing(connect(server)) as connection:
        connection.request(method, path, body)
        answer = connection.getresponse()
        return answer.status, answer.read()


def watch(server: ImagingServer, stack: ExitStack, path: str) -> http.client.HTTPResponse:
    connection = stack.enter_context(closing(connect(server)))
    connection.request("GET", path)
    # It holds the connection open for itself.
    return stack.enter_context(closing(connection.getresponse()))


def part(answer: http.client.HTTPResponse) -> bytes:
    """Return the next picture of a stream of them."""
    line = answer.readline()
    while not line.lower().startswith(b"content-length"):
        assert line, "the stream ended"
        line = answer.readline()
    assert answer.readline() == b"\r\n"
    return answer.read(int(line.partition(b":")[2]))
