"""Connections that would keep others out: slow ones, too many, and a system that has nothing left for one."""

import gc
import logging
import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress

import pytest
from flask import Flask, request

from pyca.ui import connections
from pyca.ui.connections import Limits
from pyca.ui.serving import Serving
from tests.tools import wait_for

pytestmark = pytest.mark.system

HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
FOREVER = 1e9
PLENTY = Limits(connections=100, per_peer=100, header_seconds=FOREVER, body_seconds=FOREVER)


@contextmanager
def serving(limits: Limits) -> Iterator[tuple[Serving, int]]:
    """Serve the length of what is sent."""
    app = Flask("length")
    app.add_url_rule("/", view_func=lambda: f"{len(request.data)}", methods=["GET", "POST"])
    listener = socket.create_server(("127.0.0.1", 0))
    port: int = listener.getsockname()[1]
    with closing(
        Serving(app, listener, name="test-http", threads=2, limits=limits, longest_body=10_000)
    ) as server:
        server.start()
        yield server, port


def answer(connection: socket.socket) -> bytes:
    """Return everything that comes, until the other side closes."""
    found = b""
    try:
        while part := connection.recv(65536):
            found += part
    except ConnectionError:
        pass
    return found


def connect(port: int, stack: ExitStack) -> socket.socket:
    return stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=60))


def ask(port: int) -> bytes:
    with ExitStack() as stack:
        connection = connect(port, stack)
        connection.sendall(GET)
        return answer(connection)


@pytest.mark.parametrize(
    ("first", "more"),
    [(b"", b"G"), (b"GET / HTTP/1.1\r\n", b"X: y\r\n"), (b"", b"\r\n\r\n"), (HEAD, b"x")],
    ids=["line", "headers", "blank", "body"],
)
def test_those_who_send_slowly_keep_nobody_out(first: bytes, more: bytes) -> None:
    limits = Limits(connections=8, per_peer=100, header_seconds=0.2, body_seconds=0.2, body_rate=FOREVER)
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(0.02):
            for one in slow:
                with suppress(OSError):
                    one.sendall(more)

    with serving(limits) as (_, port), ExitStack() as stack:
        slow = [connect(port, stack) for _ in range(20)]
        for one in slow:
            one.sendall(first)
        sender = threading.Thread(target=trickle)
        sender.start()
        try:
            assert ask(port).startswith(b"HTTP/1.1 200 ")
            assert not any(b" 200 " in answer(one) for one in slow)
        finally:
            ended.set()
            sender.join()


def test_time_is_given_by_what_has_come() -> None:
    with serving(PLENTY) as (server, port), ExitStack() as stack:
        channels = server._server.active_channels
        sender = connect(port, stack)
        wait_for(lambda: channels, "a connection")
        (channel,) = channels.values()
        limits = Limits(connections=1, per_peer=1, header_seconds=10, body_seconds=20, body_rate=50)
        before = time.monotonic()
        assert not channel.is_late(before + FOREVER, limits)
        sender.sendall(HEAD[:20])
        wait_for(lambda: channel.request, "the begin of a head")
        after = time.monotonic()
        assert not channel.is_late(before + 9, limits) and channel.is_late(after + 10.1, limits)
        sender.sendall(HEAD[20:] + b"x" * 500)
        wait_for(lambda: channel.request.body_bytes_received == 500, "half a body")
        assert not channel.is_late(before + 29, limits) and channel.is_late(after + 30.1, limits)
        sender.sendall(b"x" * 500)
        assert b"\r\n\r\n1000" in answer(sender)
        assert not channel.is_late(after + FOREVER, limits)


@pytest.mark.parametrize(("requests", "unread"), [([object()], 0), ([], 1)])
def test_our_own_time_is_not_counted(requests: list[object], unread: int) -> None:
    channel = connections.Connection.__new__(connections.Connection)
    channel.request, channel._began = None, 100.0
    channel.requests, channel.total_outbufs_len = requests, unread
    limits = Limits(connections=1, per_peer=1, header_seconds=10)
    assert not channel.is_late(1000, limits)
    channel.requests, channel.total_outbufs_len = [], 0
    assert not channel.is_late(1009, limits) and channel.is_late(1011, limits)


def test_another_machine_has_its_share_and_no_more(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    limits = Limits(connections=100, per_peer=3)
    with serving(limits) as (server, port), ExitStack() as stack:
        mine = [connect(port, stack) for _ in range(5)]
        wait_for(lambda: len(server._server.active_channels) == 5, "this machine to have what it wants")
        monkeypatch.setattr(connections, "elsewhere", lambda _: "192.0.2.1")
        for _ in range(4):
            with ExitStack() as other:
                assert answer(connect(port, other)).startswith(b"HTTP/1.1 503 ")
        for one in mine[:3]:
            one.close()
        wait_for(lambda: ask(port).startswith(b"HTTP/1.1 200 "), "a place")
    assert len([one for one in caplog.messages if "from 192.0.2.1 are refused" in one]) == 1


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Let this process open nothing."""
    gc.collect()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    highest = max(int(one) for one in os.listdir("/proc/self/fd"))
    taken = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, highest + 8), hard))
        try:
            while True:
                taken.append(os.dup(0))
        except OSError:
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        for one in taken:
            os.close(one)


def test_no_storm_where_the_system_has_no_descriptors(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[float] = []
    real = connections.Server.accept

    def counting(server: connections.Server) -> object:
        tries.append(time.monotonic())
        return real(server)

    monkeypatch.setattr(connections.Server, "accept", counting)
    limits = Limits(connections=100, per_peer=100, pause_seconds=3600)
    with serving(limits) as (server, port), closing(socket.socket()) as connection:
        connection.settimeout(60)
        with caplog.at_level(logging.DEBUG), no_descriptors():
            connection.connect(("127.0.0.1", port))
            connection.sendall(GET)
            for number in (1, 2, 3):
                wait_for(lambda number=number: len(tries) == number, "a try")  # type: ignore[misc]
                wait_for(lambda: server._server._resumed > time.monotonic(), "a pause")
                assert not server._server.readable()
                server._server._resumed = 0.0
            wait_for(lambda: server._server._resumed > time.monotonic(), "a last pause")
        assert [one for one in caplog.messages if "have to wait" in one] == [
            "New connections have to wait: Too many open files"
        ]
        assert not [one for one in caplog.records if one.exc_info]
        server._server._resumed = 0.0
        assert answer(connection).startswith(b"HTTP/1.1 200 ")
