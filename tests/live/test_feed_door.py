"""The recorder's door: one at a time, no rubbish, no trace."""

import socket
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from pyca.core.errors import CommandError
from pyca.live.engine.feed import SILENCE, Feed
from pyca.live.flow import flv
from pyca.live.flow.flv import Tag
from pyca.live.flow.watch import Watch
from tests.live_tools import key, video_setup
from tests.tools import FakeClock, wait_for

STREAM = flv.HEADER + video_setup().encode() + key(0).encode()


class Door:
    def __init__(self, path: Path, clock: FakeClock) -> None:
        self.path = path
        self.clock = clock
        self.watch = Watch()
        self.tags: list[Tag] = []
        self.losses = 0
        self.notes: list[str] = []
        self.feed = Feed(path, self.watch, clock, send=self._send, lost=self._lose, note=self._note)

    def _send(self, tags: Sequence[Tag]) -> None:
        self.tags += tags

    def _lose(self) -> None:
        self.losses += 1

    def _note(self, _level: str, text: str) -> None:
        self.notes.append(text)

    def knock(self) -> socket.socket:
        recorder = socket.socket(socket.AF_UNIX)
        recorder.settimeout(20)
        recorder.connect(str(self.path))
        self.watch.wait(5)
        return recorder

    def until(self, condition: Callable[[], object], what: str) -> None:
        def look() -> object:
            self.watch.wait(0.02)
            return condition()

        wait_for(look, what, 20)


@pytest.fixture
def door(tmp_path: Path, clock: FakeClock) -> Iterator[Door]:
    made = Door(tmp_path / "feed.sock", clock)
    made.feed.open()
    yield made
    made.feed.close()
    made.watch.close()
    assert not made.path.exists()


def test_a_recorder_comes_and_goes(door: Door) -> None:
    with door.knock() as recorder:
        recorder.sendall(STREAM)
        door.until(lambda: len(door.tags) == 2, "its tags")
    door.until(lambda: door.losses, "its end")
    with door.knock() as recorder:
        recorder.sendall(STREAM)
        door.until(lambda: len(door.tags) == 4, "its tags again")


def test_only_the_group_may_come_in(door: Door) -> None:
    assert stat.S_IMODE(door.path.stat().st_mode) == 0o660


def test_a_second_one_is_turned_away_while_the_first_is_busy(door: Door) -> None:
    with door.knock() as first, door.knock() as second:
        first.sendall(STREAM)
        door.until(lambda: door.tags, "its tags")
        assert second.recv(1) == b""
        # It will try again each second.
        for _ in range(3):
            with door.knock() as third:
                first.sendall(key(40).encode())
                assert third.recv(1) == b""
    assert " ".join(door.notes).count("a second recorder was turned away") == 1
    door.until(lambda: door.losses, "its end")
    with door.knock() as first, door.knock():
        first.sendall(STREAM)
        door.until(lambda: len([one for one in door.notes if "turned away" in one]) == 2, "news of the next")


def test_a_silent_one_is_noticed_and_gives_way(door: Door) -> None:
    with door.knock() as first:
        door.clock.move(SILENCE)
        door.feed.tick(door.clock.monotonic())
        assert door.losses == 1
        with door.knock() as second:
            assert first.recv(1) == b""
            second.sendall(STREAM)
            door.until(lambda: len(door.tags) == 2, "its tags")


def test_one_that_speaks_again_is_shown_again(door: Door) -> None:
    with door.knock() as recorder:
        door.clock.move(SILENCE)
        door.feed.tick(door.clock.monotonic())
        recorder.sendall(STREAM)
        door.until(lambda: len(door.tags) == 2, "its tags")
        assert door.losses == 1


def test_rubbish_ends_the_connection(door: Door) -> None:
    with door.knock() as recorder:
        recorder.sendall(b"GET / HTTP/1.1\r\n\r\n")
        door.until(lambda: door.losses, "its end")
        assert recorder.recv(1) == b""
    assert "what arrives is no FLV" in door.notes[-1]


def test_a_socket_that_was_left_is_replaced(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "feed.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    made = Door(path, clock)
    made.feed.open()
    made.feed.open()
    made.knock().close()
    made.feed.close()
    made.feed.close()
    made.watch.close()


@pytest.mark.parametrize(("name", "words"), [("x" * 120, "too long"), ("no/folder", "cannot be made")])
def test_a_place_that_cannot_be_is_told(tmp_path: Path, clock: FakeClock, name: str, words: str) -> None:
    made = Door(tmp_path / name, clock)
    with pytest.raises(CommandError, match=words):
        made.feed.open()
    made.watch.close()
