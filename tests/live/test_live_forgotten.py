"""After the blind is down nothing leaves that was seen before, however slowly it went."""

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.live import Destination, LinkState
from pyca.live.flow.flv import HEADER, Reader, Tag
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send.abrupt import drop_what_waits
from pyca.live.send.backlog import Backlog
from pyca.live.send.link import Link
from pyca.live.send.outlets import Outlet
from pyca.media.ffmpeg import Tools
from tests.live_tools import audio_setup, inter, key, video_setup
from tests.tools import FakeClock, wait_for

SLOW = """
import os, sys, time
file = os.open(sys.argv[1] + "-" + str(os.getpid()), os.O_WRONLY | os.O_CREAT)
size = 0
while data := os.read(0, 5000):
    os.write(file, data)
    size += len(data)
    if sys.argv[2]:
        os.write(1, b"total_size=%d\\nprogress=continue\\n" % size)
    time.sleep(0.1)
"""
"""takes 50 kB/s"""
SENDER = """
import os, socket, sys
place = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
size = 0
while data := os.read(0, 5000):
    place.sendall(data)
    size += len(data)
    os.write(1, b"total_size=%d\\nprogress=continue\\n" % size)
"""
CAMERA, SLATE = b"C" * 4000, b"S" * 4000


class Bench:
    """A link to a slow program, with the camera on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.watch = Watch()
        self.clock = FakeClock()
        self.intro = [video_setup(), audio_setup(), key(0, CAMERA)]
        self.intro += [inter(40 * number, CAMERA) for number in range(1, 100)]
        self.link: Link | None = None

    def start(self, *, tells: bool = True, **more: object) -> Link:
        argv = (sys.executable, "-S", "-c", SLOW, str(self.folder / "got"), "tells" if tells else "")
        outlet = replace(Outlet(argv, "somewhere"), **more)  # type: ignore[arg-type]
        around = Surroundings(Tools(Path("/usr/bin/ffmpeg")), self.folder, self.clock, os.environ)
        self.link = Link(
            Destination("one"),
            around,
            self.watch,
            lambda: HEADER + b"".join(tag.encode() for tag in self.intro),
            lambda _level, _text: None,
            [lambda: outlet],
        )
        self.link.tick(self.clock.monotonic())
        return self.link

    def until(self, condition: Callable[[], object], what: str) -> None:
        assert self.link

        def look() -> object:
            assert self.link
            self.watch.wait(0.01)
            self.link.tick(self.clock.monotonic())
            return condition()

        wait_for(look, what)

    def got(self) -> list[bytes]:
        """What each process was given so far, in turn."""
        files = sorted(self.folder.glob("got-*"), key=lambda file: file.stat().st_mtime_ns)
        return [file.read_bytes() for file in files]

    def end(self) -> None:
        if self.link:
            self.link.kill()
        self.watch.close()


@pytest.fixture
def bench(tmp_path: Path):
    one = Bench(tmp_path)
    yield one
    one.end()


def blind(bench: Bench) -> int:
    """Put the blind down, and return how many camera pictures were out then."""
    assert bench.link
    bench.intro = []
    bench.link.forget()
    return sum(data.count(CAMERA) for data in bench.got())


@pytest.mark.parametrize("network", [True, False])
def test_a_slow_destination_is_connected_anew(bench: Bench, network: bool) -> None:
    link = bench.start(network=network)
    bench.until(lambda: link.report().state is LinkState.LIVE, "life")
    link.offer([inter(4000 + 40 * number, CAMERA) for number in range(25)])
    before = blind(bench)
    slate = [key(6000, SLATE), *(inter(6000 + 40 * number, SLATE) for number in range(1, 20))]
    bench.intro = [video_setup(), audio_setup(), *slate]
    bench.until(lambda: any(SLATE in data for data in bench.got()), "the slate")
    assert sum(data.count(CAMERA) for data in bench.got()) - before <= 2
    assert link.report().state in (LinkState.CONNECTING, LinkState.LIVE)


def test_what_waits_in_a_connection_is_not_sent_either(bench: Bench) -> None:
    """The receiver reads nothing before the blind is down, and all after it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        port = server.getsockname()[1]
        me = os.pidfd_open(os.getpid())
        allowed = drop_what_waits(os.getpid(), me)
        os.close(me)
        if not allowed:
            pytest.skip("this system lets nobody have a descriptor of another process")
        bench.intro = bench.intro[:3]
        argv = (sys.executable, "-S", "-c", SENDER, str(port))
        link = bench.start(argv=argv)
        taken, _ = server.accept()
        bench.until(lambda: link.report().state is LinkState.LIVE, "life")
        link.offer([inter(40 * number, CAMERA) for number in range(1, 100)])
        bench.until(lambda: link.report().sent > 390_000, "all to be handed to the system")
        bench.intro = []
        link.forget()
        received = 0
        bench.until(lambda: link._relay is None, "the end of the process")  # type: ignore[union-attr]
        with taken, pytest.raises(ConnectionResetError):
            while data := taken.recv(65536):
                received += len(data)
        assert received < 200_000


def test_a_file_that_is_being_begun_gets_no_more(bench: Bench) -> None:
    link = bench.start(tells=False, network=False)
    bench.until(lambda: bench.got(), "the process")
    link.offer([inter(4000 + 40 * number, CAMERA) for number in range(200)])
    assert link.report().state is LinkState.CONNECTING
    before = blind(bench)
    bench.intro = [video_setup(), key(9000, SLATE)]
    bench.until(lambda: any(SLATE in data for data in bench.got()), "the slate")
    assert sum(data.count(CAMERA) for data in bench.got()) - before <= 2


def test_a_destination_that_keeps_up_stays_connected(bench: Bench) -> None:
    bench.intro = bench.intro[:3]
    link = bench.start()
    bench.until(lambda: link.report().state is LinkState.LIVE, "life")
    bench.until(lambda: CAMERA in bench.got()[0], "the beginning")
    blind(bench)
    link.offer([key(6000, SLATE)])
    bench.until(lambda: SLATE in bench.got()[0], "the slate")
    assert link.report().state is LinkState.LIVE


def test_what_can_still_be_fetched_is_removed(bench: Bench) -> None:
    seen = bench.folder / "preview.jpg"
    bench.intro = bench.intro[:3]
    link = bench.start(network=False, traces=lambda: (seen,))
    bench.until(lambda: link.report().state is LinkState.LIVE, "life")
    seen.touch()
    blind(bench)
    assert not seen.exists()
    seen.touch()  # by what was on its way when the process was killed
    bench.intro = [video_setup(), key(9000, SLATE)]
    bench.until(lambda: not seen.exists(), "its end")
    bench.until(lambda: any(SLATE in data for data in bench.got()), "the slate")
    assert len(bench.got()) == 2


def test_what_waits_without_a_process_to_take_it_is_removed(bench: Bench) -> None:
    seen = bench.folder / "index.m3u8"
    link = bench.start(network=False, traces=lambda: (seen,))
    bench.until(lambda: link.report().state is LinkState.LIVE, "life")
    link._relay.kill()  # type: ignore[union-attr]
    bench.until(lambda: link.report().state is LinkState.WAITING, "its end")
    seen.touch()
    link.forget()
    assert not seen.exists()


def test_only_what_was_begun_is_still_written() -> None:
    tags: list[Tag] = [key(0, CAMERA), inter(40, CAMERA)]
    backlog = Backlog()
    backlog.offer(tags)
    assert backlog.next()
    assert backlog.forget() == 0 and not backlog
    backlog = Backlog(HEADER)
    backlog.took(len(HEADER))
    backlog.offer(tags)
    begun = bytes(backlog.next()[0])
    backlog.took(100)
    assert backlog.forget() == len(begun) - 100
    assert bytes(backlog.next()[0]) == begun[100:]
    assert Reader().feed(HEADER + begun) == tags[:1]
