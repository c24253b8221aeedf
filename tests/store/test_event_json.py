"""``event.json``: what is written is read again, and whatever somebody made of it does no harm."""

import errno
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyca.core.event import Attachment, Event, Origin
from pyca.core.recording import Part, Recording, Track, Upload, UploadStep
from pyca.core.states import EventState, Outcome
from pyca.store import folder as folders
from pyca.store.folder import NAME, Description
from pyca.store.reading import read

EVENT = Event(
    "uid-1",
    "Größe & Maß",
    1000.0,
    2000.0,
    Origin.OPENCAST,
    inputs=("camera",),
    workflow="fast",
    workflow_parameters={"a.b": "c"},
    attachments=(Attachment("episode.xml", "text/xml", "<x/>"),),
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "recording-1000-uid-1"
    path.mkdir()
    return path


def described(home: Path) -> Description:
    track = home / "a.mkv"
    track.write_bytes(b"media")
    elsewhere = home.parent / "b.mkv"
    elsewhere.write_bytes(b"more media")
    recording = Recording(
        EVENT,
        EventState.UPLOADING,
        home,
        started=1000.5,
        ended=2000.5,
        error="once",
        tracks=(
            Track(track, "presenter/source", "camera", 1, 5, 999.0, ("video h264",), "ab" * 32),
            Track(elsewhere, "presenter/source", "camera", 2, 10),
        ),
    )
    part = Part(
        "uid-1",
        "camera",
        1,
        1000.5,
        pid=42,
        pid_started=17.25,
        files=(str(track),),
        flavors=("presenter/source",),
        ended=2000.0,
        outcome=Outcome.STOPPED,
        exit_code=255,
    )
    upload = Upload(
        "uid-1", "opencast", UploadStep.FINISH, node="http://node", package="<mp/>", tracks_done=2
    )
    return Description(recording, (part,), upload)


def test_what_is_written_is_read_again(home: Path) -> None:
    description = described(home)
    folders.write(home, description)
    upload = Upload("uid-1", "opencast", UploadStep.FINISH)
    assert read(home, lambda event: [home.parent]) == replace(description, upload=upload)
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_a_folder_that_was_moved_still_finds_its_files(home: Path) -> None:
    folders.write(home, described(home))
    moved = home.rename(home.parent / "elsewhere")
    found = read(moved)
    assert found
    assert found.recording.tracks[0].path == moved / "a.mkv"
    assert found.parts[0].files == (str(moved / "a.mkv"),)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "\0\xff", "{" * 5000, '{"uid": 7}'])
def test_a_description_that_is_none_leaves_the_name_of_the_folder(home: Path, text: str) -> None:
    (home / NAME).write_text(text, "latin-1")
    found = read(home)
    assert found
    assert found.recording.uid == "uid-1"
    assert found.recording.event.start == 1000.0
    assert found.recording.state is EventState.RECORDING


def test_other_folders_are_left_alone(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    (tmp_path / NAME).write_text("{}")
    assert read(tmp_path) is None


@pytest.mark.parametrize("path", ["../../etc/passwd", "a/../../b", "", "\0", 7, None, "gone.mkv"])
def test_tracks_that_climb_out_or_are_gone_are_left_out(home: Path, path: Any) -> None:
    folders.write(home, described(home))
    document = json.loads((home / NAME).read_text())
    document["recording"]["tracks"][0]["path"] = path
    (home / NAME).write_text(json.dumps(document))
    found = read(home, lambda event: [home.parent])
    assert found
    assert [track.part for track in found.recording.tracks] == [2]


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KEYS = ("uid", "title", "start", "end", "origin", "inputs", "attachments", "workflow_parameters")
ABOUT = ("state", "started", "ended", "error", "parts", "tracks")


@settings(max_examples=150)
@given(
    st.dictionaries(st.sampled_from(KEYS), ANYTHING),
    st.dictionaries(st.sampled_from(ABOUT), ANYTHING) | ANYTHING,
    ANYTHING,
)
def test_whatever_somebody_wrote_is_read_without_an_error(
    tmp_path_factory: pytest.TempPathFactory, event: Any, about: Any, delivery: Any
) -> None:
    home = tmp_path_factory.getbasetemp() / "recording-5-x"
    home.mkdir(exist_ok=True)
    (home / NAME).write_text(json.dumps({**event, "recording": about, "delivery": delivery}))
    found = read(home)
    assert found
    assert found.recording.uid
    assert found.recording.event.start <= found.recording.event.end


def test_a_pipe_in_the_place_of_a_description_keeps_nobody_waiting(home: Path) -> None:
    os.mkfifo(home / NAME)
    assert folders.owner_of(home) == ""
    found = read(home)
    assert found
    assert not found.clear


def test_a_link_in_the_place_of_a_description_is_not_followed(home: Path) -> None:
    folders.write(home, described(home))
    (home / NAME).rename(home.parent / "other.json")
    (home / NAME).symlink_to(home.parent / "other.json")
    assert folders.owner_of(home) == ""


def test_a_huge_description_is_not_read_to_its_end(home: Path) -> None:
    with (home / NAME).open("wb") as file:
        file.write(b'{"uid": "uid-1"}')
        file.truncate(10**12)
    assert folders.owner_of(home) == ""
    assert read(home)


def test_a_note_about_a_folder_that_cannot_be_looked_into_only_logs(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def stale(_path: Path) -> bool:
        raise OSError(errno.ESTALE, "Stale file handle")

    monkeypatch.setattr(Path, "exists", stale)
    folders.note(described(home))
    assert "Stale" in caplog.text


def test_a_note_reaches_every_folder_that_is_described(home: Path) -> None:
    spare = home.parent / "spare" / home.name
    bare = home.parent / "bare" / home.name
    for folder in (spare, bare):
        folder.mkdir(parents=True)
    begun = described(home)
    folders.write(spare, begun)
    tracks = tuple(Track(folder / "b.mkv", "presenter/source") for folder in (spare, bare))
    over = replace(begun.recording, state=EventState.FINISHED_UPLOADING, tracks=tracks)
    folders.note(Description(over))
    assert json.loads((spare / NAME).read_text())["recording"]["state"] == "finished uploading"
    assert not (bare / NAME).exists()
    assert not (home / NAME).exists()


def test_several_may_describe_a_folder_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = described(home)
    second = Description(replace(first.recording, error="twice"))
    usual = Path.replace
    names: list[str] = []

    def replaces(path: Path, target: Path) -> Path:
        names.append(path.name)
        if len(names) == 1:
            other = threading.Thread(target=folders.write, args=(home, second))
            other.start()
            other.join()
            assert json.loads((home / NAME).read_text())["recording"]["error"] == "twice"
        return usual(path, target)

    monkeypatch.setattr(Path, "replace", replaces)
    folders.write(home, first)
    assert json.loads((home / NAME).read_text())["recording"]["error"] == "once"
    assert len(set(names)) == 2 and all(str(os.getpid()) in name for name in names)


def test_a_description_that_cannot_be_written_leaves_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = described(home)

    def full(path: Path, target: Path) -> Path:
        raise OSError(errno.ENOSPC, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="No space"):
        folders.write(home, told)
    assert os.listdir(home) == ["a.mkv"]
