"""Which folders a new database takes in: this agent's own, each once, wherever they lie."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyca.capture import search
from pyca.capture.search import Search
from pyca.config.settings import Agent, Capture, Settings
from pyca.core.event import Event
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import folder as folders
from pyca.store import identity
from pyca.store.database import Database
from pyca.store.folder import NAME, Author, Description
from pyca.store.identity import Identity
from tests.capture_rig import Rig

PRESENT = Identity("this", "", 0.0, False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    capture = Capture(directory=tmp_path / "main", fallback_directory=tmp_path / "spare")
    return Settings(agent=Agent(name="room-1"), capture=capture)


def describe(home: Path | None, uid: str, author: Author | None = None, **more: Any) -> Path:
    """Describe a recording that is over in a folder of its own."""
    assert home
    folder = home / f"recording-1000-{uid}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.mkv").write_bytes(b"media")
    event = Event(uid, uid, 1000.0, 2000.0)
    recording = Recording(event, EventState.FINISHED_RECORDING, folder, ended=2000.0)
    folders.write(folder, replace(Description(recording, author=author), **more))
    return folder


def found(settings: Settings, database: Database, present: Identity = PRESENT) -> list[Description]:
    looking = Search(settings, database, present)
    looking.start()
    taken = list(looking.take(10))
    assert looking.is_complete()
    return taken


def uids(taken: list[Description]) -> set[str]:
    return {one.recording.uid for one in taken}


def test_recordings_of_other_agents_are_left_to_them(settings: Settings, database: Database) -> None:
    home = settings.capture.directory
    describe(home, "mine", Author("room-1", "this"))
    describe(home, "renamed", Author("room-0", "this"))
    describe(home, "before", Author("room-1", "lost"))
    describe(home, "trial", Author("room-2", "other"))
    describe(home, "old")
    assert uids(found(settings, database)) == {"mine", "renamed", "before", "old"}
    assert uids(found(settings, database, replace(PRESENT, searched=True))) == {"mine", "renamed"}


def test_a_note_leaves_whose_recording_it_is(settings: Settings) -> None:
    folder = describe(settings.capture.directory, "mine", Author("room-1", "this"))
    over = Recording(Event("mine", "mine", 1.0, 2.0), EventState.FINISHED_UPLOADING, folder)
    folders.note(Description(over))
    document = json.loads((folder / NAME).read_text())
    assert document["recording"]["state"] == "finished uploading"
    assert document["agent"] == {"name": "room-1", "database": "this"}


def test_a_recording_tells_which_agent_and_database_it_is_of(tmp_path: Path) -> None:
    rig = Rig(tmp_path, {"agent": Agent(name="room-1")})
    try:
        rig.add(length=0.5)
        recording = rig.finish()
        with rig.database.read() as session:
            id_ = identity.get(session).id
        document = json.loads((recording.directory / NAME).read_text())
        assert document["agent"] == {"name": "room-1", "database": id_}
    finally:
        rig.close()


def test_what_only_the_fallback_tells_is_found(settings: Settings, database: Database) -> None:
    spare = describe(settings.capture.fallback_directory, "u")
    main = settings.capture.directory / spare.name
    main.mkdir(parents=True)
    (one,) = found(settings, database)
    assert one.recording.directory == main


@pytest.mark.parametrize("further", ["main", "spare"])
def test_the_folder_that_tells_of_more_is_believed(
    settings: Settings, database: Database, tmp_path: Path, further: str
) -> None:
    for home in ("main", "spare"):
        done = Upload("u", "opencast", UploadStep.DONE) if home == further else None
        describe(tmp_path / home, "u", upload=done)
    (one,) = found(settings, database)
    assert one.upload
    assert one.upload.step is UploadStep.DONE
    assert one.recording.directory.parent == settings.capture.directory


def test_links_among_the_recordings_lead_nowhere(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    outside = describe(tmp_path / "outside", "linked")
    home = settings.capture.directory
    folder = describe(home, "u")
    (home / outside.name).symlink_to(outside)
    spare = settings.capture.fallback_directory
    assert spare
    spare.mkdir()
    (spare / folder.name).symlink_to(outside)
    told = json.loads((folder / NAME).read_text())
    told["recording"]["tracks"] = [{"path": str(outside / "a.mkv")}]
    (folder / NAME).write_text(json.dumps(told))
    (one,) = found(settings, database)
    assert one.recording.uid == "u"
    assert not one.recording.tracks


def test_a_search_that_could_not_see_all_is_not_complete(settings: Settings, database: Database) -> None:
    describe(settings.capture.fallback_directory, "u")
    settings.capture.directory.write_text("no folder")
    looking = Search(settings, database, PRESENT)
    looking.start()
    assert uids(list(looking.take(10))) == {"u"}
    assert not looking.is_complete()


def test_the_search_is_noted_once_all_that_was_found_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE", 1)
    rig = Rig(tmp_path)
    author = Author(rig.settings.agent.name, "lost")
    for number in range(3):
        describe(rig.settings.capture.directory, f"u{number}", author)

    def searched() -> bool:
        with rig.database.read() as session:
            return identity.get(session).searched

    try:
        rig.service.tick()
        rig.service._recovery._search._thread.join(10)  # type: ignore[union-attr]
        rig.service._context.scribe.put(lambda session: None)
        assert not searched()
        rig.drive(searched)
        assert set(rig.states()) >= {"u0", "u1", "u2"}
    finally:
        rig.close()
