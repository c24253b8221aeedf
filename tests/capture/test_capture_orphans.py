"""Commands of which the database never heard: the service was killed before it could write."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.core.errors import MediaError
from pyca.core.states import EventState
from pyca.runtime.process import writers
from pyca.store import recordings
from tests.capture_rig import Rig
from tests.tools import wait_for


@pytest.fixture(autouse=True)
def unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """These recordings are no media."""

    def refuse(environ: object) -> None:
        raise MediaError("no FFmpeg on this machine")

    monkeypatch.setattr("pyca.capture.finisher.find_tools", refuse)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


def orphan(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> int:
    """Leave a command behind that nobody noted; its pid."""
    first = rig.service
    monkeypatch.setattr(first._context.scribe, "put", lambda *_, **__: None)
    rig.drive(lambda: list(first.files()))
    child = next(iter(first.files()))
    wait_for(lambda: list(rig.folder.rglob("*.ts")), "its first bytes")
    rig.abandon()
    # Else its end would be that of our own child, which stays a zombie until somebody asks.
    first._recorders.clear()
    monkeypatch.setattr(first, "close", child.poll)
    return child.pid  # type: ignore[attr-defined,no-any-return]


def test_it_goes_on_recording(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.add(length=3.0)
    pid = orphan(rig, monkeypatch)
    rig.drive(lambda: rig.parts())
    assert [(part.number, part.pid) for part in rig.parts()] == [(1, pid)]
    recording = rig.finish()
    assert recording.state in (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING)
    assert len(recording.tracks) == len(list(rig.folder.rglob("*.ts"))) == 1


def test_it_is_ended_where_its_event_is_over(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    event = rig.add(length=1.0)
    orphan(rig, monkeypatch)
    wait_for(lambda: rig.clock.now() > event.end, "the end of the event")
    recording = rig.finish()
    assert len(recording.tracks) == 1
    size = recording.tracks[0].path.stat().st_size
    time.sleep(0.1)  # in which a command that still ran would write
    assert recording.tracks[0].path.stat().st_size == size
    assert not list(writers([recording.tracks[0].path]))


def test_a_refused_event_that_was_moved_is_not_begun_before_its_time(rig: Rig) -> None:
    event = rig.add(delay=60)
    with rig.database.write() as session:
        recordings.miss(session, event, rig.folder, rig.clock.now(), "not recorded: no place")
    rig.abandon()
    for _ in range(3):
        rig.service.tick()
    assert not list(rig.service.files())
    assert event.uid in rig.service._waiting


def test_only_who_writes_is_a_writer(tmp_path: Path) -> None:
    file = tmp_path / "a.ts"
    with file.open("w"):
        assert list(writers([file])) == [os.getpid()]
    with file.open():
        assert not list(writers([file]))


def test_an_event_that_is_put_back_leaves_the_recording_alone_that_was_set_apart(rig: Rig) -> None:
    event = rig.add(length=2.0)
    rig.drive(lambda: rig.parts())
    rig.change(event.changed(start=event.end + 100, end=event.end + 101))
    rig.service._agenda._next_look = 0
    rig.drive(lambda: rig.recording() is None)
    rig.change(event.changed(end=event.end + 1))
    rig.drive(lambda: rig.recording() is not None)
    rig.finish()
    rig.drive(lambda: all(state is not EventState.RECORDING for state in rig.states().values()))
    folders = set()
    for uid in rig.states():
        recording = rig.recording(uid)
        assert recording
        assert [track.path.exists() for track in recording.tracks] == [True], recording
        folders.add(recording.directory)
    assert len(folders) == 2
