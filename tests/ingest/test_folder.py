"""The archive, really on disk."""

import errno
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import DeliveryError
from pyca.core.event import Event
from pyca.core.states import EventState
from pyca.ingest import files, folder, manifest, operator
from pyca.ingest.folder import FolderTarget, folder_name
from tests.ingest.conftest import Bench

CONTENTS = (b"a" * 3_000_000, b"bb", b"ccc")


class PowerCut(BaseException):
    """Nothing handles this one: the process is simply gone."""


@pytest.fixture
def archive(bench: Bench, tmp_path: Path) -> Path:
    bench.target = FolderTarget(  # type: ignore[assignment]
        tmp_path / "archive", bench.clock, agent="hall 1", timezone="Europe/Berlin"
    )
    return tmp_path / "archive"


def check_whole(archive: Path, name: str = "2026-03-27 0926 Analysis I_ Übung") -> None:
    """The archive holds exactly this one folder, complete."""
    assert [path.name for path in archive.iterdir()] == [name]
    described = json.loads((archive / name / "manifest.json").read_text("utf-8"))
    assert [track["file"] for track in described["tracks"]] == [
        "presenter.mkv", "presentation.mkv", "presenter 2.mkv",
    ]  # fmt: skip
    for track, content in zip(described["tracks"], CONTENTS, strict=True):
        assert (archive / name / track["file"]).read_bytes() == content
        assert (track["sha256"], track["size"]) == (hashlib.sha256(content).hexdigest(), len(content))


def test_a_recording_becomes_a_folder(bench: Bench, archive: Path) -> None:
    bench.record(contents=CONTENTS, creator="Jürgen")
    bench.service().tick()
    check_whole(archive)
    assert bench.state() is EventState.FINISHED_UPLOADING
    place = Path(bench.upload().location)
    described = json.loads((place / "manifest.json").read_text("utf-8"))
    assert (described["format"], described["version"]) == ("pyca-recording", 1)
    assert described["event"]["start"] == "2026-03-27T08:26:40.000Z"
    assert described["event"]["creator"] == "Jürgen"
    assert described["recording"]["agent"] == "hall 1"
    assert manifest.owner(place) == "e1"


def test_files_share_their_bytes_and_survive_the_deletion_of_the_recording(
    bench: Bench, archive: Path
) -> None:
    recording = bench.record(contents=CONTENTS)
    number = recording.tracks[0].path.stat().st_ino
    bench.service(delete_after_upload=True).tick()
    assert not recording.directory.exists()
    check_whole(archive)
    assert (Path(bench.upload().location) / "presenter.mkv").stat().st_ino == number


def no_links(*_arguments: object) -> None:
    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))


CUTS: list[tuple[Any, str, int]] = [
    *((folder, "place", skip) for skip in range(3)),
    *((folder, "sync_file", skip) for skip in range(4)),
    *((folder, "sync_folder", skip) for skip in range(2)),
    (folder.manifest, "describe", 0),
    (folder.Path, "rename", 0),
    (folder.FolderTarget, "_tidy", 0),
]


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize(("home", "name", "skip"), CUTS, ids=lambda value: getattr(value, "__name__", value))
def test_a_power_cut_at_any_step_leaves_one_whole_folder(
    bench: Bench,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    home: Any,
    name: str,
    skip: int,
    copied: bool,
) -> None:
    bench.record(contents=CONTENTS)
    if copied:
        monkeypatch.setattr(files.os, "link", no_links)
    with monkeypatch.context() as patch:
        cut_at(patch, home, name, skip)
        with pytest.raises(PowerCut):
            bench.service().tick()
    left = [path for path in archive.iterdir() if path.name != ".partial"]
    assert [manifest.owner(path) for path in left] == ["e1"] * len(left)
    for _ in range(3):
        bench.service().tick()
        bench.clock.move(30)
    check_whole(archive)
    assert bench.state() is EventState.FINISHED_UPLOADING


def cut_at(patch: pytest.MonkeyPatch, home: Any, name: str, skip: int) -> None:
    """Let some calls pass and cut the power when the next has taken effect."""
    real: Callable[..., Any] = getattr(home, name)
    passed = []

    def wrapped(*arguments: Any, **more: Any) -> Any:
        result = real(*arguments, **more)
        passed.append(1)
        if len(passed) > skip:
            raise PowerCut
        return result

    patch.setattr(home, name, wrapped)


def test_a_folder_of_another_event_is_never_touched(bench: Bench, archive: Path) -> None:
    for uid in ("e1", "e2", "e3"):
        bench.record(uid, contents=(uid.encode(),))
        bench.service().tick()
    found = {path.name: (path / "presenter.mkv").read_bytes() for path in archive.iterdir()}
    name = "2026-03-27 0926 Analysis I_ Übung"
    assert found == {name: b"e1", f"{name} (2)": b"e2", f"{name} (3)": b"e3"}


def test_a_foreign_folder_without_a_manifest_stays_as_it_is(bench: Bench, archive: Path) -> None:
    mine = archive / "2026-03-27 0926 Analysis I_ Übung"
    mine.mkdir(parents=True)
    bench.record(contents=CONTENTS)
    bench.service().tick()
    assert list(mine.iterdir()) == []
    assert bench.upload().location == f"{mine} (2)"


def test_a_damaged_copy_is_made_again(bench: Bench, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.record(contents=CONTENTS)
    monkeypatch.setattr(files.os, "link", no_links)
    with monkeypatch.context() as patch:
        patch.setattr(files, "_copy", lambda source, target, progress: target.write_bytes(b"x" * 3_000_000))
        bench.service().tick()
    assert "differs from" in bench.upload().error
    assert not bench.upload().permanent
    bench.clock.move(30)
    bench.service().tick()
    check_whole(archive)


def test_what_was_tidied_away_is_gathered_again(bench: Bench, archive: Path) -> None:
    bench.record(contents=CONTENTS)
    finish = bench.target.finish
    bench.target.finish = lambda *a: (_ for _ in ()).throw(DeliveryError("later"))  # type: ignore[method-assign]
    service = bench.service()
    service.tick()
    (archive / ".partial" / "e1" / "presenter.mkv").unlink()
    bench.target.finish = finish  # type: ignore[method-assign]
    bench.clock.move(30)
    service.tick()
    check_whole(archive)


def test_a_full_disk_is_a_passing_error(bench: Bench, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = bench.record(contents=CONTENTS)

    def full(*_arguments: object) -> bool:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/archive/x")

    with monkeypatch.context() as patch:
        patch.setattr(folder, "place", full)
        bench.service(delete_after_upload=True).tick()
    assert "make room" in bench.upload().error
    assert not bench.upload().permanent
    assert recording.directory.exists()
    bench.clock.move(30)
    bench.service().tick()
    check_whole(archive)


def test_an_archive_that_cannot_be_made_is_named(bench: Bench, archive: Path) -> None:
    archive.write_text("in the way")
    bench.record()
    bench.service().tick()
    assert str(archive) in bench.upload().error
    assert "pyCA tries again" in bench.upload().error


def test_abandon_leaves_nothing(bench: Bench, archive: Path) -> None:
    recording = bench.record(contents=CONTENTS)
    bench.target.finish = lambda *a: (_ for _ in ()).throw(DeliveryError("later"))  # type: ignore[method-assign]
    bench.service().tick()
    bench.target.abandon(recording, bench.upload())
    assert list(archive.iterdir()) == []


def test_a_delivery_begun_anew_gives_one_folder(bench: Bench, archive: Path) -> None:
    bench.record(contents=CONTENTS)
    finish = bench.target.finish
    bench.target.finish = lambda *a: (_ for _ in ()).throw(DeliveryError("no"))  # type: ignore[method-assign]
    bench.service().tick()
    bench.target.finish = finish  # type: ignore[method-assign]
    operator.retry(bench.database, bench.clock, "e1", anew=True)
    bench.service().tick()
    check_whole(archive)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"event": 1}', '{"event": {"uid": 7}}', "\x00"])
def test_an_odd_manifest_belongs_to_nobody(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert manifest.owner(tmp_path) is None


@given(st.text(max_size=150), st.text(min_size=1, max_size=150))
def test_any_title_makes_one_path_segment(title: str, uid: str) -> None:
    name = folder_name(Event(uid, title, 0.0, 1.0), "UTC")
    assert name.startswith("1970-01-01 0000 ")
    assert "/" not in name and "\x00" not in name
    assert len(name.encode()) < 200
