"""Recordings that somebody deletes: what goes, and what must stay whatever the database says."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

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
    delete(database, settings, "r", files=False)
    assert file.exists() and not known(database)
    assert read(file.parent) is None, "a lost database would bring it back"


def test_what_lies_on_the_other_disk_goes_too(database: Database, settings: Settings, tmp_path: Path) -> None:
    file = record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    other = tmp_path / "second" / "a"
    other.mkdir(parents=True)
    (other / "b.mkv").write_bytes(b"x")
    delete(database, settings, "r", files=True)
    assert not file.parent.exists() and not other.exists()


def test_a_folder_of_another_event_stays(database: Database, settings: Settings, tmp_path: Path) -> None:
    record(database, settings.capture.directory / "a", "r", S.FINISHED_RECORDING)
    other = record(database, tmp_path / "second" / "a", "other", S.FINISHED_RECORDING)
    delete(database, settings, "r", files=True)
    assert other.exists() and (other.parent / NAME).exists()


@pytest.mark.parametrize("state", [S.RECORDING, S.UPLOADING])
def test_what_is_under_way_stays(database: Database, settings: Settings, state: EventState) -> None:
    steps = [] if state is S.RECORDING else [S.FINISHED_RECORDING, S.UPLOADING]
    file = record(database, settings.capture.directory / "a", "r", *steps)
    with pytest.raises(UsageError, match="stop it first"):
        delete(database, settings, "r", files=True)
    assert known(database) and read(file.parent)


def test_what_nobody_knows_is_told(database: Database, settings: Settings) -> None:
    with pytest.raises(UsageError, match="no recording"):
        delete(database, settings, "x", files=True)


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
    delete(database, settings, "r", files=True)
    assert not known(database)
    assert sorted(os.walk(tmp_path)) == before


def test_two_recordings_in_one_folder(database: Database, settings: Settings) -> None:
    first = record(database, settings.capture.directory / "a", "first", S.FINISHED_RECORDING)
    second = record(database, settings.capture.directory / "a", "second", S.FINISHED_RECORDING)
    delete(database, settings, "first", files=True)
    assert not first.exists() and second.exists() and (second.parent / NAME).exists()
