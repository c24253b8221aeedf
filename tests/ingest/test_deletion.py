"""Recordings that somebody deletes: what goes, and what must stay whatever the database says."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from pyca.config.settings import Capture, Ingest, Settings
from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.recording import Recording, Track
from pyca.core.states import EventState
from pyca.ingest.deletion import delete
from pyca.store import folder, recordings
from pyca.store.database import Database
from pyca.store.folder import NAME, Description
from pyca.store.reading import read
from tests.tools import FakeClock

S = EventState


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    capture = Capture(directory=tmp_path / "recordings", fallback_directory=tmp_path / "second")
    return Settings(capture=capture, ingest=Ingest(archive=tmp_path / "archive"))


def record(database: Database, directory: Path, uid: str = "r", *states: EventState) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    event, file = Event(uid, "Talk", 100, 200), directory / f"{uid}.mkv"
    file.write_bytes(b"x")
    with database.write() as session:
        recordings.begin(session, event, directory, 100)
        for state in states:
            recordings.set_state(session, uid, state, 200)
        recordings.close(session, uid, 200, [Track(file, "presenter/source")])
    folder.write(directory, Description(Recording(event, S.FINISHED_RECORDING, directory)))
    return file


def known(database: Database, uid: str = "r") -> bool:
    with database.read() as session:
        return recordings.get(session, uid) is not None


def test_files_that_stay_are_no_recording_any_more(database: Database, settings: Settings) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    assert read(file.parent)
    delete(database, settings, FakeClock(), "r", files=False)
    assert file.exists() and not known(database)
    assert read(file.parent) is None, "a lost database would bring it back"


def test_what_lies_on_the_other_disk_goes_too(database: Database, settings: Settings, tmp_path: Path) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    other = tmp_path / "second" / "a"
    other.mkdir(parents=True)
    (other / "b.mkv").write_bytes(b"x")
    delete(database, settings, FakeClock(), "r", files=True)
    assert not file.parent.exists() and not other.exists()


def test_a_folder_of_another_event_stays(database: Database, settings: Settings, tmp_path: Path) -> None:
    record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    other = record(database, tmp_path / "second" / "a", "other", S.FINISHED_RECORDING)
    delete(database, settings, FakeClock(), "r", files=True)
    assert other.exists() and (other.parent / NAME).exists()


@pytest.mark.parametrize(("state", "remedy"), [(S.RECORDING, "stop it"), (S.UPLOADING, "pause its delivery")])
def test_what_is_under_way_stays(
    database: Database, settings: Settings, state: EventState, remedy: str
) -> None:
    steps = [] if state is S.RECORDING else [S.FINISHED_RECORDING, S.UPLOADING]
    file = record(database, settings.capture.directory / "a", "r", *steps)
    with pytest.raises(UsageError, match=f"{remedy} first"):
        delete(database, settings, FakeClock(), "r", files=True)
    assert known(database) and read(file.parent)


@pytest.mark.parametrize("extended", [False, True])
def test_what_the_recorder_still_tries_stays(
    database: Database, settings: Settings, clock: FakeClock, extended: bool
) -> None:
    home = settings.capture.directory / "a"
    home.mkdir(parents=True)
    event = Event("r", "Talk", clock.now() - 60, clock.now() + (-30 if extended else 30))
    with database.write() as session:
        recordings.begin(session, event, home, clock.now())
        recordings.set_state(session, "r", S.FAILED_RECORDING, clock.now(), error="no such device")
        if extended:
            recordings.set_end(session, "r", clock.now() + 30)
    folder.write(home, Description(Recording(event, S.FAILED_RECORDING, home)))
    with pytest.raises(UsageError, match="still tries"):
        delete(database, settings, clock, "r", files=True)
    assert known(database) and folder.owner_of(home) == "r"
    clock.move(31)
    delete(database, settings, clock, "r", files=True)
    assert not known(database) and not home.exists()


def test_no_disk_is_waited_for_within_a_transaction(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[bool] = [False]
    asked: list[str] = []

    @contextmanager
    def write() -> Iterator[Session]:
        with usual() as session:
            writes[0] = True
            try:
                yield session
            finally:
                writes[0] = False

    def spy(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def asks(*args: Any, **named: Any) -> Any:
            assert not writes[0], f"{name} within a transaction"
            asked.append(name)
            return real(*args, **named)

        return asks

    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    usual = database.write
    monkeypatch.setattr(database, "write", write)
    for name in ("resolve", "exists", "unlink", "replace", "is_symlink"):
        monkeypatch.setattr(Path, name, spy(name, getattr(Path, name)))
    monkeypatch.setattr(os, "open", spy("open", os.open))
    monkeypatch.setattr(shutil, "rmtree", spy("rmtree", shutil.rmtree))
    delete(database, settings, FakeClock(), "r", files=True)
    assert not file.parent.exists() and {"resolve", "open", "rmtree", "replace"} <= set(asked)


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen between the look at the folders and the transaction."""
    usual = folder.set_aside

    def set_aside(place: Path) -> bool:
        if not (found := usual(place)):
            return False  # the folder on the other disk, which is not there
        act()
        return found

    monkeypatch.setattr(folder, "set_aside", set_aside)


def test_what_is_delivered_meanwhile_stays_described(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    seen = []

    def deliver() -> None:
        seen.append(read(file.parent))
        with database.write() as session:
            recordings.set_state(session, "r", S.UPLOADING, 300)

    meanwhile(monkeypatch, deliver)
    with pytest.raises(UsageError, match="uploaded"):
        delete(database, settings, FakeClock(), "r", files=True)
    assert seen == [None], "a crash here would bring back what is forgotten"
    assert known(database) and file.exists() and read(file.parent)
    assert sorted(os.listdir(file.parent)) == [NAME, file.name]


def test_what_somebody_else_deletes_meanwhile_does_not_come_back(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)

    def forget() -> None:
        with database.write() as session:
            recordings.delete_recording(session, "r")

    meanwhile(monkeypatch, forget)
    with pytest.raises(UsageError, match="no recording"):
        delete(database, settings, FakeClock(), "r", files=False)
    assert os.listdir(file.parent) == [file.name]


def test_a_folder_that_another_event_takes_meanwhile_stays(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    other = Event("other", "Next", 300, 400)
    meanwhile(
        monkeypatch,
        lambda: folder.write(file.parent, Description(Recording(other, S.RECORDING, file.parent))),
    )
    assert delete(database, settings, FakeClock(), "r", files=True) == (file.parent,)
    assert file.exists() and folder.owner_of(file.parent) == "other" and not known(database)


def test_what_stays_is_told(database: Database, settings: Settings, tmp_path: Path) -> None:
    outside = tmp_path / "elsewhere" / "b.mkv"
    outside.parent.mkdir()
    outside.touch()
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    with database.write() as session:
        recordings.add_tracks(session, "r", [Track(outside, "presentation/source")])
    assert delete(database, settings, FakeClock(), "r", files=True) == (outside,)
    assert outside.exists() and not file.parent.exists()
    away = record(database, tmp_path / "away", "s", S.FINISHED_RECORDING)
    assert delete(database, settings, FakeClock(), "s", files=True) == (away.parent,)
    record(database, settings.capture.directory / "t", "t", S.FINISHED_RECORDING)
    assert delete(database, settings, FakeClock(), "t", files=True) == ()


def test_a_disk_that_cannot_be_written_keeps_the_recording(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)

    def refuse(place: Path) -> bool:
        raise OSError(30, "Read-only file system", str(place))

    monkeypatch.setattr(folder, "set_aside", refuse)
    with pytest.raises(UsageError, match="stays as it is"):
        delete(database, settings, FakeClock(), "r", files=True)
    assert known(database) and read(file.parent)


def test_what_nobody_knows_is_told(database: Database, settings: Settings) -> None:
    with pytest.raises(UsageError, match="no recording"):
        delete(database, settings, FakeClock(), "x", files=True)


@pytest.mark.parametrize("place", ["..", ".", "../other", "a/../../other", "archive", "link", "/"])
def test_nothing_else_is_deleted(database: Database, settings: Settings, tmp_path: Path, place: str) -> None:
    home = settings.capture.directory
    home.mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious").touch()
    (home / "link").symlink_to(tmp_path / "other")
    settings = replace(settings, ingest=Ingest(archive=home / "archive"))
    (home / "archive").mkdir()
    (home / "archive" / "precious").touch()
    before = sorted(os.walk(tmp_path))
    with database.write() as session:
        recordings.begin(session, Event("r", "Talk", 100, 200), home / place, 100)
        recordings.set_state(session, "r", S.FINISHED_RECORDING, 200)
    delete(database, settings, FakeClock(), "r", files=True)
    assert not known(database)
    assert sorted(os.walk(tmp_path)) == before


def test_two_recordings_in_one_folder(database: Database, settings: Settings) -> None:
    first = record(database, settings.capture.directory / "a", "first", S.FINISHED_RECORDING)
    second = record(database, settings.capture.directory / "a", "second", S.FINISHED_RECORDING)
    delete(database, settings, FakeClock(), "first", files=True)
    assert not first.exists() and second.exists() and (second.parent / NAME).exists()
