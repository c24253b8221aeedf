"""What the system knows about acknowledged bytes."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from pyca.live.send.acknowledged import Queues
from tests.tools import wait_for

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"


def line(state: str, queue: int, inode: int) -> str:
    return f"   0: 0100007F:A0 0100007F:A1 {state} {queue:08X}:00000000 00:00000000 00000000 0 0 {inode} 1\n"


def fake(proc: Path, inodes: list[int], tcp: str) -> None:
    (proc / "7" / "fd").mkdir(parents=True)
    (proc / "7" / "net").mkdir()
    for number, inode in enumerate(inodes):
        (proc / "7" / "fd" / str(number)).symlink_to(f"socket:[{inode}]")
    (proc / "7" / "fd" / "99").symlink_to("/dev/null")
    (proc / "7" / "net" / "tcp").write_text(HEAD + tcp, "ascii")


def test_queues_of_its_own_connections_are_added(tmp_path: Path) -> None:
    fake(tmp_path, [11, 12], line("01", 500, 11) + line("08", 20, 12) + line("01", 9000, 13))
    assert Queues(7, tmp_path).waiting() == 520


@pytest.mark.parametrize("tcp", ["", line("02", 1, 11), line("0A", 1, 11), line("01", 1, 12)])
def test_nobody_knows_without_a_connection(tmp_path: Path, tcp: str) -> None:
    fake(tmp_path, [11], tcp)
    assert Queues(7, tmp_path).waiting() is None


def test_nobody_knows_of_a_process_that_is_gone(tmp_path: Path) -> None:
    assert Queues(7, tmp_path).waiting() is None


def full(connection: socket.socket) -> None:
    """Send until the queues are full."""
    connection.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            connection.send(b"x" * 65536)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_real_connection_that_nobody_reads_from(address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        server = socket.create_server((address, 0), family=family)
    except OSError:
        pytest.skip("no IPv6 here")
    with server:
        client = socket.create_connection(server.getsockname()[:2])
        other, _ = server.accept()
        queues = Queues(os.getpid())
        with client, other:
            before = queues.waiting()
            full(client)
            after = queues.waiting()
            assert before is not None and after is not None and after > before
            # The kernel, asked about a known connection, says the same as the table that lists all. What was
            # sent may still be on its way into the other side's buffer.
            wait_for(lambda: queues.waiting() == Queues(os.getpid()).waiting(), "the same from both")
        assert queues.waiting() is None


def test_a_system_that_does_not_tell_is_read_from_its_table(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname())
        other, _ = server.accept()
        queues = Queues(os.getpid())
        with client, other:
            assert queues.waiting() == 0
            monkeypatch.delattr(socket, "AF_NETLINK")
            full(client)
            assert (queues.waiting() or 0) > 0
