"""Folders that people edited: nothing else of the machine is delivered, and nothing a second time."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyca.capture.search import settled
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest.operator import _reopened
from pyca.store.folder import NAME, Description
from pyca.store.reading import read

START = 1_774_600_000.0
TRACK = {"path": "a.mkv", "flavor": "presenter/source"}
DONE = {"target": "opencast", "step": "done"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "recordings" / f"recording-{int(START)}-u1"
    made.mkdir(parents=True)
    (made / "a.mkv").write_bytes(b"media")
    (tmp_path / "secret.mkv").write_bytes(b"secret")
    (made / "link.mkv").symlink_to(tmp_path / "secret.mkv")
    return made


def tell(folder: Path, delivery: Any = None, **recording: Any) -> Description:
    """Write a description and return what is read from it."""
    about = {"state": "finished recording", "ended": START + 10, "tracks": [TRACK], **recording}
    event = {"uid": "u1", "title": "Title", "start": START, "end": START + 10}
    (folder / NAME).write_text(json.dumps({**event, "recording": about, "delivery": delivery}))
    found = read(folder)
    assert found
    return found


@pytest.mark.parametrize("path", ["/etc/passwd", "../../secret.mkv", "link.mkv"])
def test_nothing_outside_the_folder_is_taken(
    folder: Path, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    found = tell(folder, tracks=[{**TRACK, "path": path}], parts=[{"files": [path]}])
    assert not found.recording.tracks
    assert not found.parts
    assert str(folder / NAME) in caplog.text


def test_a_command_may_write_elsewhere(folder: Path, tmp_path: Path) -> None:
    tell(folder, tracks=[{**TRACK, "path": str(tmp_path / "secret.mkv")}])
    found = read(folder, lambda event: [tmp_path])
    assert found
    assert [track.path for track in found.recording.tracks] == [tmp_path / "secret.mkv"]


@pytest.mark.parametrize(
    ("delivery", "state"),
    [
        (DONE, "finished uploding"),
        (DONE, 7),
        ({"target": "opencast", "step": "don"}, "finished uploading"),
        ({"step": "done"}, "finished recording"),
        ("done", "finished recording"),
    ],
)
def test_what_may_have_been_delivered_waits_for_a_person(folder: Path, delivery: Any, state: Any) -> None:
    found = settled(tell(folder, delivery, state=state))
    assert found.recording.state is EventState.FAILED_UPLOADING
    assert found.upload
    assert found.upload.permanent
    assert "events retry" in found.upload.error


def test_what_is_clear_goes_on(folder: Path) -> None:
    found = settled(tell(folder))
    assert found.recording.state is EventState.FINISHED_RECORDING
    assert found.upload is None


@pytest.mark.parametrize("step", ["begin", "tracks"])
def test_nobody_sends_a_delivery_to_another_address(folder: Path, step: str) -> None:
    delivery = {
        "target": "opencast",
        "step": step,
        "node": "http://evil",
        "package": "<mp/>",
        "tracks_done": 1,
    }
    found = settled(tell(folder, {**delivery, "attempts": 2}, state="uploading"))
    assert found.upload == Upload("u1", "opencast", UploadStep.BEGIN, attempts=2)


def test_a_final_call_that_only_the_folder_tells_of_is_begun_anew_or_not_at_all(folder: Path) -> None:
    upload = tell(folder, {"target": "opencast", "step": "ambiguous"}, state="failed uploading").upload
    assert upload
    assert upload.step is UploadStep.AMBIGUOUS
    assert _reopened(upload).step is UploadStep.BEGIN
    assert _reopened(replace(upload, node="http://node")).step is UploadStep.TRACKS
