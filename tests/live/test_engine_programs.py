"""A program is started, watched, and replaced when it ends, hangs or sends rubbish; nothing of it stays."""

import gc
import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from threading import Event

import psutil
import pytest

from pyca.core.live import Program
from pyca.live.flow import flv
from pyca.live.flow.flv import Tag
from pyca.live.flow.leftovers import Leftovers
from pyca.live.flow.watch import Watch
from pyca.live.source.encoding import CameraCommand
from pyca.live.source.producer import FIRST_PICTURE, STALL, Producer
from pyca.live.source.run import HOPELESS, Means
from pyca.runtime.child import Child
from pyca.runtime.ladder import GAP
from tests.live_tools import FACTS, audio_setup, inter, key, surroundings, video_setup
from tests.tools import FakeClock, wait_for

FRAMES = [flv.metadata(FACTS), video_setup(), audio_setup(), key(0), inter(40)]
STREAM = flv.HEADER + b"".join(tag.encode() for tag in FRAMES)
HANGS = "exec sleep 60"
DEAF = "trap '' INT TERM; stream; while :; do sleep 60; done"


class Stage:
    """One producer, its thread of work played by the test."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.folder = folder
        self.clock = clock
        self.watch = Watch()
        self.seen: set[psutil.Process] = set()
        self.tags: list[Tag] = []
        self.taker: Callable[[Sequence[Tag]], None] = self.tags.extend
        self.losses = 0
        self.notes: list[tuple[str, str]] = []
        (folder / "stream.flv").write_bytes(STREAM)
        self.means = Means(surroundings(folder, clock), self.watch, Leftovers(folder, clock))
        self.producer = Producer(
            Program.CAMERA,
            self.means,
            send=self._send,
            lost=self._lose,
            note=lambda *note: self.notes.append(note),
        )

    def _send(self, tags: Sequence[Tag]) -> None:
        self.taker(tags)

    def _lose(self) -> None:
        self.losses += 1

    def command(self, script: str, before: list[str] | None = None) -> Callable[[int], CameraCommand]:
        """A shell that first sends a short stream where the script begins with “stream”."""
        words = script.replace("stream", f"cat {self.folder}/stream.flv")
        return lambda progress: CameraCommand(["sh", "-c", words.replace("PROGRESS", str(progress))], before)

    def until(self, condition: Callable[[], object], what: str) -> None:
        def look() -> object:
            self.producer.tick(self.clock.monotonic())
            self.watch.wait(0.02)
            return condition()

        wait_for(look, what, 20)

    def children(self) -> list[psutil.Process]:
        """Its own, in the order of their start; other tests may have processes that are about to end."""
        file = self.folder / "children.json"
        found = [psutil.Process(int(pid)) for pid in json.loads(file.read_text())] if file.exists() else []
        self.seen.update(found)
        return found


@pytest.fixture
def stage(tmp_path: Path, clock: FakeClock) -> Iterator[Stage]:
    made = Stage(tmp_path, clock)
    yield made
    made.producer.close()
    made.watch.close()
    assert not made.children() and not [one for one in made.seen if one.is_running()]


def test_tags_come_as_they_were_made(stage: Stage) -> None:
    stage.producer.start(stage.command(f"stream; {HANGS}"))
    stage.until(lambda: len(stage.tags) == len(FRAMES), "all tags")
    assert stage.tags == FRAMES
    stage.producer.stop()
    assert stage.losses == 1
    stage.until(lambda: stage.producer.idle, "its end")
    assert stage.producer.restarts == 0


def test_progress_is_read(stage: Stage) -> None:
    words = r"printf 'drop_frames=3\nprogress=continue\n' >/dev/fd/PROGRESS"
    stage.producer.start(stage.command(f"{words}; stream; {HANGS}"))
    stage.until(lambda: stage.producer.dropped == 3, "the figures")
    stage.producer.stop()
    assert stage.producer.dropped == 3


def test_what_ends_is_explained_and_started_again(stage: Stage) -> None:
    stage.producer.start(stage.command("echo 'rtsp://me:secret@host: Connection refused' >&2"))
    stage.until(lambda: stage.producer.restarts, "the failure")
    (level, text) = stage.notes[0]
    assert level == "warning" and "nothing answers" in text and "secret" not in text
    assert stage.losses == 1
    assert not stage.children()
    stage.clock.move(20)
    stage.until(lambda: stage.producer.restarts == 2, "the second try")


def test_a_death_without_words_is_told(stage: Stage) -> None:
    stage.producer.start(stage.command(f"stream; {HANGS}"))
    stage.until(lambda: stage.tags, "tags")
    stage.children()[0].kill()
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "was killed (SIGKILL)" in stage.producer.error


def test_a_program_that_is_missing_is_told_and_tried_again(stage: Stage) -> None:
    stage.producer.start(lambda _progress: CameraCommand(["/nowhere/camera"]))
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "/nowhere/camera was not found" in stage.producer.error


def test_no_picture_for_too_long(stage: Stage) -> None:
    said = stage.folder / "said"
    stage.producer.start(stage.command(f"echo 'Connection timed out' >&2; : >{said}; {HANGS}"))
    stage.until(said.exists, "the program and its words")
    stage.clock.move(FIRST_PICTURE - 1)
    stage.until(lambda: True, "a round")
    assert stage.producer.restarts == 0
    stage.clock.move(2)
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "gave no picture for 15 s: the source did not answer in time" in stage.producer.error


def test_what_stops_giving_pictures_is_replaced_also_where_it_is_deaf(stage: Stage) -> None:
    stage.producer.start(stage.command(DEAF))
    stage.until(lambda: len(stage.tags) == len(FRAMES), "pictures")
    (first,) = stage.children()
    stage.clock.move(STALL)
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "stopped giving pictures" in stage.producer.error and stage.losses == 1
    # The next one waits until the device is free.
    stage.clock.move(GAP)
    stage.until(lambda: True, "a round")
    assert stage.children() == [first]
    stage.clock.move(GAP)
    stage.until(lambda: stage.children() not in ([], [first]), "the next one")
    stage.until(lambda: len(stage.tags) > len(FRAMES) and not stage.producer.error, "pictures again")


def test_a_device_that_is_needed_elsewhere_is_free_at_once_however_deaf_its_program(stage: Stage) -> None:
    stage.producer.start(stage.command(DEAF))
    stage.until(lambda: len(stage.tags) == len(FRAMES), "pictures")
    stage.producer.stop()
    stage.until(lambda: True, "a round")
    assert stage.children()
    stage.producer.stop(at_once=True)
    stage.until(lambda: stage.producer.idle and not stage.children(), "its end, without time that goes by")


def test_what_nobody_has_foreseen_is_logged_and_the_program_replaced(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_tags: Sequence[Tag]) -> None:
        raise RuntimeError("broken on purpose")

    stage.taker = fails
    stage.producer.start(stage.command(f"stream; {HANGS}"))
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "broken on purpose" in caplog.text and "the log says why" in stage.producer.error
    assert not stage.children() and stage.losses == 1
    stage.taker = stage.tags.extend
    stage.clock.move(20)
    stage.until(lambda: len(stage.tags) == len(FRAMES), "pictures")


def test_finding_out_how_takes_its_time_and_nobody_waits(stage: Stage) -> None:
    told = Event()
    command = stage.command(f"stream; {HANGS}")

    def slow(progress: int) -> CameraCommand:
        assert told.wait(20)
        return command(progress)

    stage.producer.start(slow)
    stage.until(lambda: True, "a round")
    assert not stage.children() and not stage.producer.restarts
    told.set()
    stage.until(lambda: len(stage.tags) == len(FRAMES), "pictures")


def test_who_stops_does_not_wait_for_the_answer(stage: Stage) -> None:
    told = Event()
    stage.producer.start(lambda _progress: CameraCommand([str(told.wait(20))]))
    stage.until(lambda: True, "a round")
    stage.producer.stop()
    assert stage.producer.idle
    told.set()


def test_rubbish_is_told_and_its_writer_replaced(stage: Stage) -> None:
    stage.producer.start(stage.command(f"echo this is no stream at all; {HANGS}"))
    stage.until(lambda: stage.producer.restarts, "the failure")
    assert "what arrives is no FLV" in stage.producer.error


def test_two_processes_are_one_program(stage: Stage) -> None:
    before = ["sh", "-c", f"cat {stage.folder}/stream.flv; {HANGS}"]
    stage.producer.start(stage.command("exec cat", before))
    stage.until(lambda: len(stage.tags) == len(FRAMES), "all tags")
    camera, encoder = stage.children()
    encoder.kill()
    stage.until(lambda: stage.producer.restarts, "the failure")
    stage.until(lambda: camera not in stage.children(), "the end of the camera program")


def test_a_note_is_said_once(stage: Stage) -> None:
    command = stage.command("true")(0)
    stage.producer.start(lambda _progress: CameraCommand(command.argv, None, ("it is copied",)))
    for count in (1, 2):
        stage.until(lambda: stage.producer.restarts == count, "the end")
        stage.clock.move(20)
    assert stage.notes.count(("info", "it is copied")) == 1


def test_no_descriptor_is_lost(stage: Stage) -> None:
    def descriptors() -> int:
        gc.collect()  # so that none of an earlier test is closed meanwhile
        return len(os.listdir("/proc/self/fd"))

    before = descriptors()
    stage.producer.start(stage.command("stream"))
    for count in (1, 2, 3):
        stage.until(lambda: stage.producer.restarts == count, "the end")
        stage.clock.move(20)
    stage.producer.start(lambda _progress: CameraCommand(["/nowhere/camera"], ["sh", "-c", HANGS]))
    stage.until(lambda: "/nowhere" in stage.producer.error, "the failure")
    stage.producer.stop()
    stage.until(lambda: stage.producer.idle, "the end")
    assert descriptors() == before


def test_a_camera_that_cannot_even_be_killed_keeps_no_session_open(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.producer.start(stage.command("sleep 60"))
    stage.until(stage.children, "the camera")
    (child,) = stage.producer._run._children
    monkeypatch.setattr(Child, "signal", lambda _child, _number: True)
    stage.producer.stop()
    for _ in range(int(HOPELESS) - 1):
        stage.clock.move(1)
        stage.producer.tick(stage.clock.monotonic())
    assert not stage.producer.idle
    stage.clock.move(2)
    stage.producer.tick(stage.clock.monotonic())
    assert stage.producer.idle
    monkeypatch.undo()
    # The next streamer tries again.
    assert Leftovers(stage.folder, stage.clock).end() == 1
    wait_for(child.poll, "its end")


def test_what_a_killed_streamer_left_is_ended(tmp_path: Path, clock: FakeClock) -> None:
    child = Child.start(["sleep", "60"], clock=clock, log_file=tmp_path / "log")
    Leftovers(tmp_path, clock).add(child)
    assert Leftovers(tmp_path, clock).end() == 1
    wait_for(lambda: child.poll() is not None, "its end")
    assert child.poll().code == -signal.SIGKILL  # type: ignore[union-attr]
    assert Leftovers(tmp_path, clock).end() == 0
    child.close()


def test_another_process_with_a_known_number_is_left_alone(tmp_path: Path, clock: FakeClock) -> None:
    (tmp_path / "children.json").write_text(f'{{"{os.getpid()}": 1.0}}')
    assert Leftovers(tmp_path, clock).end() == 0
    (tmp_path / "children.json").write_text("[rubbish")
    assert Leftovers(tmp_path, clock).end() == 0
