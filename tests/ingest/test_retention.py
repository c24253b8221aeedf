"""What is deleted from this machine, when, and above all what is not."""

import logging
import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.errors import DeliveryError, UsageError
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest import cleanup, operator, retention
from pyca.ingest.retention import Retention
from pyca.store import deletions, recordings, uploads
from tests.ingest.conftest import Bench

S = EventState
DAY = 86400.0
BIG = b"x" * 40_000
"""more than a block of any disk"""


class Room:
    """A disk that is as full as the test wants, and empties when files go."""

    def __init__(self, bench: Bench, free: int) -> None:
        self.home, self.base = bench.home, free
        self.full = self._used()

    def __call__(self, _folder: Path) -> int:
        return self.base + self.full - self._used()

    def _used(self) -> int:
        """The bytes in files of this folder that have no other name."""
        files = [path.stat() for path in self.home.rglob("*") if path.is_file()]
        return sum(each.st_blocks * 512 for each in files if each.st_nlink == 1)


@pytest.fixture
def delivered(bench: Bench) -> Callable[..., Recording]:
    """Leave a recording behind that was delivered; its age is in days."""

    def make(uid: str, age: float = 1.0, **more: object) -> Recording:
        made = bench.record(uid, start=bench.clock.now() - age * DAY - 10, contents=(BIG,), **more)  # type: ignore[arg-type]
        with bench.database.write() as session:
            recordings.set_state(session, uid, S.UPLOADING, bench.clock.now())
            recordings.set_state(session, uid, S.FINISHED_UPLOADING, bench.clock.now())
            uploads.save(session, Upload(uid, "fake", UploadStep.DONE, location="there"))
        return made

    return make


def keep(bench: Bench, **wanted: object) -> None:
    bench.settings = replace(bench.settings, retention=replace(bench.settings.retention, **wanted))  # type: ignore[arg-type]


def make(bench: Bench, **more: object) -> Retention:
    return Retention(bench.settings, bench.database, bench.clock, **more)  # type: ignore[arg-type]


def here(bench: Bench) -> set[str]:
    return {path.name.removeprefix("recording-") for path in bench.home.iterdir()}


def test_what_was_delivered_goes_after_its_time(bench: Bench, delivered: Callable[..., Recording]) -> None:
    for uid, age in (("old", 31.0), ("young", 29.0)):
        folder = delivered(uid, age).directory
        (folder / "capture.log").write_text("…")
        (folder / "event.json").write_text("{}")
    keep(bench, max_age=30.0)
    make(bench).look()
    assert here(bench) == {"young"}
    assert (bench.state("old"), bench.upload("old").step) == (S.FINISHED_UPLOADING, UploadStep.GONE)
    assert bench.upload("old").location == "there"
    assert bench.upload("young").step is UploadStep.DONE


@pytest.mark.parametrize(
    "state", [S.FINISHED_RECORDING, S.PARTIAL_RECORDING, S.PAUSED_AFTER_RECORDING, S.FAILED_UPLOADING]
)
def test_age_alone_never_deletes_what_was_not_delivered(bench: Bench, state: EventState) -> None:
    _undelivered(bench, "e1", state, age=1000)
    keep(bench, max_age=1.0, undelivered=True)
    make(bench).look()
    assert here(bench) == {"e1"}
    assert bench.state() is state


@pytest.mark.parametrize("step", [UploadStep.SETTLED, UploadStep.AMBIGUOUS, UploadStep.FINISH, None])
def test_finished_in_name_only_is_not_delivered(
    bench: Bench, delivered: Callable[..., Recording], step: UploadStep | None
) -> None:
    delivered("e1", 100)
    with bench.database.write() as session:
        if step:
            uploads.save(session, replace(bench.upload(), step=step))
        else:
            session.delete(session.get(uploads.UploadRow, "e1"))
    keep(bench, max_age=1.0, keep_free=10**12)
    make(bench, free=lambda _folder: 0).look()
    assert here(bench) == {"e1"}


def test_the_oldest_go_until_enough_is_free(bench: Bench, delivered: Callable[..., Recording]) -> None:
    for uid, age in (("c", 1.0), ("a", 3.0), ("b", 2.0)):
        delivered(uid, age)
    room = Room(bench, 1000)
    keep(bench, keep_free=1000 + 50_000)
    make(bench, free=room).look()
    assert here(bench) == {"c"}
    assert bench.upload("b").step is UploadStep.GONE
    assert room(bench.home) >= 51_000


def test_a_disk_that_is_slow_to_tell_costs_nothing_more(
    bench: Bench, delivered: Callable[..., Recording]
) -> None:
    for uid, age in (("c", 1.0), ("a", 3.0), ("b", 2.0)):
        delivered(uid, age)
    keep(bench, keep_free=50_000)
    make(bench, free=lambda _folder: 0).look()
    assert here(bench) == {"c"}


def test_what_shares_its_bytes_with_the_archive_is_not_deleted_in_vain(
    bench: Bench, delivered: Callable[..., Recording], caplog: pytest.LogCaptureFixture
) -> None:
    linked = delivered("linked", 3).tracks[0].path
    delivered("own", 2)
    archived = bench.settings.ingest.archive / "lecture"
    archived.mkdir(parents=True)
    os.link(linked, archived / "presenter.mkv")
    room = Room(bench, 0)
    keep(bench, keep_free=20_000)
    make(bench, free=room).look()
    assert here(bench) == {"linked"}
    assert "would free nothing" in caplog.text
    keep(bench, max_age=1.0, keep_free=0)
    make(bench).look()
    assert here(bench) == set()
    assert (archived / "presenter.mkv").read_bytes() == BIG


def test_each_disk_is_judged_by_itself(
    bench: Bench, delivered: Callable[..., Recording], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    bench.settings = replace(
        bench.settings, capture=replace(bench.settings.capture, fallback_directory=other)
    )
    delivered("first", 3)
    bench.home = other
    delivered("second", 2)
    keep(bench, keep_free=30_000)
    make(
        bench,
        free=lambda folder: 0 if other in (folder, *folder.parents) else 10**9,
        disk=lambda path: 2 if other in (path, *path.parents) else 1,
    ).look()
    assert not (other / "recording-second").exists()
    assert bench.upload("first").step is UploadStep.DONE
    assert (tmp_path / "recordings" / "recording-first").exists()


def _undelivered(bench: Bench, uid: str, state: EventState, age: float) -> Recording:
    first = S.PARTIAL_RECORDING if state is S.PARTIAL_RECORDING else S.FINISHED_RECORDING
    made = bench.record(uid, start=bench.clock.now() - age * DAY - 10, contents=(BIG,), state=first)
    now = bench.clock.now()
    with bench.database.write() as session:
        if state in (S.UPLOADING, S.FAILED_UPLOADING):
            recordings.set_state(session, uid, S.UPLOADING, now)
            uploads.save(session, Upload(uid, "fake", UploadStep.TRACKS, attempts=2, next_attempt=now + 100))
        recordings.set_state(session, uid, state, now)
    return made


@pytest.mark.parametrize(
    "state", [S.FINISHED_RECORDING, S.PARTIAL_RECORDING, S.PAUSED_AFTER_RECORDING, S.FAILED_UPLOADING]
)
def test_what_nobody_else_has_goes_last_and_loudly(
    bench: Bench, delivered: Callable[..., Recording], caplog: pytest.LogCaptureFixture, state: EventState
) -> None:
    lost = _undelivered(bench, "e1", state, age=100)
    _undelivered(bench, "e2", S.FINISHED_RECORDING, age=99)
    delivered("safe", 1)
    room = Room(bench, 0)
    keep(bench, keep_free=75_000)
    make(bench, free=room).look()
    assert here(bench) == {"e1", "e2"}  # not without being told
    assert "nothing is left that may be deleted" in caplog.text
    keep(bench, undelivered=True)
    make(bench, free=room).look()
    assert here(bench) == {"e2"}
    [loud] = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    assert "is lost" in loud and str(lost.tracks[0].path) in loud
    assert (bench.state(), bench.upload().step) == (S.FAILED_UPLOADING, UploadStep.GONE)
    for act in (operator.retry, operator.pause):
        with pytest.raises(UsageError, match="were deleted from this machine"):
            act(bench.database, bench.clock, "e1")
    service = bench.service()
    bench.clock.move(DAY)
    for _ in range(3):
        service.tick()
    assert bench.target.calls[:2] == ["begin", "track e2-0.mkv"]
    assert bench.state() is S.FAILED_UPLOADING
    assert service.status() == "nothing to deliver now"


@pytest.mark.parametrize("state", [S.RECORDING, S.UPLOADING])
def test_what_is_at_work_is_never_deleted(bench: Bench, state: EventState) -> None:
    if state is S.RECORDING:
        made = bench.record(contents=(BIG,), state=S.RECORDING)
        bench.clock.move(1000 * DAY)
    else:
        made = _undelivered(bench, "e1", S.UPLOADING, age=100)
    keep(bench, keep_free=10**12, undelivered=True)
    make(bench, free=lambda _folder: 0).look()
    assert made.tracks[0].path.exists()
    assert bench.state() is state


def test_a_part_of_an_event_that_still_lasts_is_never_deleted(bench: Bench) -> None:
    made = bench.record(start=bench.clock.now() - 5, contents=(BIG,), state=S.PARTIAL_RECORDING)
    keep(bench, keep_free=10**12, undelivered=True)
    made_retention = make(bench, free=lambda _folder: 0)
    made_retention.look()
    assert made.tracks[0].path.exists()
    bench.clock.move(700)
    made_retention.look()
    assert not made.tracks[0].path.exists()


def test_a_retry_at_the_same_moment_keeps_the_files(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the look and the deletion an operator sets the delivery going."""
    made = _undelivered(bench, "e1", S.PAUSED_AFTER_RECORDING, age=100)
    real = retention.refusal

    def slow(folder: Path, homes: tuple[Path, ...], archive: Path) -> str:
        operator.retry(bench.database, bench.clock, "e1")
        with bench.database.write() as session:
            recordings.set_state(session, "e1", S.UPLOADING, bench.clock.now())
        return real(folder, homes, archive)

    monkeypatch.setattr(retention, "refusal", slow)
    keep(bench, keep_free=10**12, undelivered=True)
    make(bench, free=lambda _folder: 0).look()
    assert made.tracks[0].path.exists()
    assert bench.state() is S.UPLOADING


def test_once_marked_nobody_can_want_it_any_more(bench: Bench) -> None:
    _undelivered(bench, "e1", S.FAILED_UPLOADING, age=100)
    with bench.database.write() as session:
        assert deletions.claim(session, "e1", bench.clock.now(), lost=True)
    with pytest.raises(UsageError, match="were deleted"):
        operator.retry(bench.database, bench.clock, "e1", anew=True)
    with bench.database.write() as session:
        assert deletions.claim(session, "e1", bench.clock.now(), lost=True) is None
        assert uploads.due(session, bench.clock.now() + DAY) is None


@pytest.mark.parametrize("lost", [False, True])
def test_a_crash_in_the_middle_is_finished_at_the_next_start(
    bench: Bench, delivered: Callable[..., Recording], lost: bool
) -> None:
    made = _undelivered(bench, "e1", S.FINISHED_RECORDING, 9) if lost else delivered("e1", 9)
    with bench.database.write() as session:
        assert deletions.claim(session, "e1", bench.clock.now(), lost=lost)
    bench.service().tick()  # although nothing is to be deleted by the settings of now
    assert not made.directory.exists()
    assert bench.upload().step is UploadStep.GONE
    assert bench.state() is (S.FAILED_UPLOADING if lost else S.FINISHED_UPLOADING)
    assert bench.target.calls == []


def test_the_archive_and_what_is_elsewhere_are_never_touched(
    bench: Bench, delivered: Callable[..., Recording], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    holding = delivered("holding", 5).directory  # the archive lies within this one
    outside = delivered("outside", 5).tracks[0].path
    moved = tmp_path / "moved"
    outside.parent.rename(moved)
    linked = delivered("linked", 5).directory
    linked.rename(tmp_path / "true")
    linked.symlink_to(tmp_path / "true")
    home = delivered("home", 5)
    with bench.database.write() as session:
        session.get_one(recordings.RecordedEvent, "outside").directory = str(moved)
        session.get_one(recordings.RecordedEvent, "home").directory = str(bench.home)
    bench.settings = replace(
        bench.settings, ingest=replace(bench.settings.ingest, archive=holding / "archive")
    )
    keep(bench, max_age=1.0, keep_free=10**12, undelivered=True)
    mine = make(bench, free=lambda _folder: 0)
    mine.look()
    assert list(holding.iterdir()) and list(moved.iterdir()) and list((tmp_path / "true").iterdir())
    assert home.tracks[0].path.exists()
    told = [record for record in caplog.records if "is not deleted:" in record.getMessage()]
    assert len(told) == 4
    bench.clock.move(700)
    mine.look()
    assert len([record for record in caplog.records if "is not deleted:" in record.getMessage()]) == 4


def test_folders_of_the_archive_are_told_from_those_within_it(tmp_path: Path) -> None:
    archive = tmp_path / "data"
    home = archive / "recordings"
    (home / "r1").mkdir(parents=True)
    (archive / "lecture").mkdir()
    assert cleanup.refusal(home / "r1", [home], archive) == ""
    assert cleanup.refusal(archive / "lecture", [home], archive)
    assert cleanup.refusal(archive / "lecture", [archive], archive) == "it belongs to the archive"
    assert cleanup.refusal(home, [home], tmp_path / "elsewhere")
    assert cleanup.refusal(archive, [tmp_path], archive) == "it holds the archive"


def test_a_track_that_lies_elsewhere_stays(
    bench: Bench, delivered: Callable[..., Recording], tmp_path: Path
) -> None:
    made = delivered("e1", 9)
    precious = tmp_path / "precious.mkv"
    made.tracks[0].path.rename(precious)
    made.tracks[0].path.symlink_to(precious)
    keep(bench, max_age=1.0)
    make(bench).look()
    assert precious.read_bytes() == BIG


def test_one_that_cannot_be_deleted_is_told_once_and_the_others_go(
    bench: Bench,
    delivered: Callable[..., Recording],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    held = delivered("held", 5).tracks[0].path
    delivered("other", 4)
    real = Path.unlink

    def refuse(path: Path, missing_ok: bool = False) -> None:
        if path == held:
            raise PermissionError(13, "Permission denied")
        real(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", refuse)
    keep(bench, max_age=1.0)
    mine = make(bench)
    for _ in range(3):
        mine.look()
        bench.clock.move(700)
    assert here(bench) == {"held"}
    assert bench.upload("held").step is UploadStep.DONE
    assert len([record for record in caplog.records if "stays in" in record.getMessage()]) == 1
    monkeypatch.undo()
    make(bench).look()
    assert here(bench) == set()


def test_a_few_at_a_time(bench: Bench, delivered: Callable[..., Recording]) -> None:
    for number in range(retention.AT_ONCE + 3):
        delivered(f"e{number}", 9)
    keep(bench, max_age=1.0)
    mine = make(bench)
    mine.look()
    assert len(here(bench)) == 3
    assert mine.next_due() <= bench.clock.now()
    mine.look()
    assert here(bench) == set()
    assert mine.next_due() == bench.clock.now() + retention.PERIOD


def test_a_full_disk_is_looked_at_more_often(bench: Bench) -> None:
    keep(bench, keep_free=1000)
    full, empty = make(bench, free=lambda _folder: 10), make(bench, free=lambda _folder: 10_000)
    full.look()
    empty.look()
    assert full.next_due() == bench.clock.now() + retention.LOW_PERIOD
    assert empty.next_due() == bench.clock.now() + retention.PERIOD


def test_the_service_looks_even_in_backup_mode(bench: Bench, delivered: Callable[..., Recording]) -> None:
    delivered("e1", 9)
    keep(bench, max_age=1.0)
    bench.settings = replace(bench.settings, agent=replace(bench.settings.agent, backup_mode=True))
    with closing(bench.service()) as service:
        service.tick()
    assert here(bench) == set()


def test_the_service_looks_during_a_long_delivery(
    bench: Bench, delivered: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered("e0", 0.9999)
    bench.record("e1", start=bench.clock.now() + 100)
    keep(bench, max_age=1.0)
    service = bench.service()
    seen: list[bool] = []
    real = bench.target.add_track

    def slow(recording: Recording, track: object, upload: Upload, progress: Callable[[int], None]) -> Upload:
        bench.clock.move(700)
        progress(1)
        seen.append((bench.home / "recording-e0").exists())
        return real(recording, track, upload, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.target, "add_track", slow)
    service.tick()
    assert seen[0] is False
    assert bench.state("e1") is S.FINISHED_UPLOADING


def test_nothing_is_deleted_by_default(bench: Bench, delivered: Callable[..., Recording]) -> None:
    delivered("e1", 10_000)
    bench.target.trouble["begin"] = DeliveryError("away")
    make(bench, free=lambda _folder: 0).look()
    assert here(bench) == {"e1"}
