"""After a delivery only the recording's own files go, whatever its tracks are said to be."""

from pathlib import Path

import pytest

from pyca.core.event import Event
from pyca.core.recording import Recording, Track
from pyca.core.states import EventState
from pyca.ingest.cleanup import delete_files


def test_only_what_lies_in_the_recordings_folders_is_deleted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    homes = [tmp_path / "recordings", tmp_path / "spare"]
    folder, spare = (home / "recording-1-u" for home in homes)
    other = tmp_path / "other"
    for each in (folder, spare, other):
        each.mkdir(parents=True)
    files = [folder / "a.mkv", spare / "b.mkv", other / "precious.mkv"]
    for path in files:
        path.write_bytes(b"media")
    link = folder / "link.mkv"
    link.symlink_to(files[2])
    tracks = tuple(Track(path, "presenter/source") for path in (*files, link))
    event = Event("u", "Title", 1.0, 2.0)

    delete_files(Recording(event, EventState.FINISHED_UPLOADING, folder, tracks=tracks), homes)

    assert [path.exists() for path in files] == [False, False, True]
    assert link.is_symlink()
    (line,) = [record for record in caplog.records if "outside" in record.message]
    assert str(files[2]) in line.message


def test_a_loop_of_links_does_no_harm(tmp_path: Path) -> None:
    folder = tmp_path / "recording-1-u"
    folder.symlink_to(folder)
    tracks = (Track(folder / "a.mkv", "presenter/source"),)
    event = Event("u", "Title", 1.0, 2.0)
    delete_files(Recording(event, EventState.FINISHED_UPLOADING, folder, tracks=tracks), [tmp_path])
    assert folder.is_symlink()


def test_what_a_crash_left_of_a_description_goes_too(tmp_path: Path) -> None:
    folder = tmp_path / "recordings" / "recording-1-u"
    folder.mkdir(parents=True)
    (folder / ".event.json.123-456").touch()
    (folder / ".event.json.deleted").touch()
    delete_files(
        Recording(Event("u", "Title", 1.0, 2.0), EventState.FINISHED_UPLOADING, folder), [folder.parent]
    )
    assert not folder.exists()
