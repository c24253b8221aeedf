"""Figures that only grow: none is lost, doubled, or stands in the way of anything."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.errors import StoreError
from pyca.core.event import Event, Origin
from pyca.core.recording import Part, Recording, Track, Upload
from pyca.core.states import EventState
from pyca.store import alarms, figures, recordings, tally
from pyca.store.database import Database
from pyca.store.figures import Figure
from pyca.store.upgrade import ensure

EVENT = Event("e1", "Lecture", 1000.0, 1060.0, Origin.LOCAL)


def value(database: Database, name: str, label: str = "") -> float:
    with database.read() as session:
        return figures.read(session).get((name, label), 0.0)


def begun(database: Database) -> None:
    with database.write() as session:
        recordings.begin(session, EVENT, Path("/r/e1"), 1000.0)


def over(*tracks: Track, state: EventState = EventState.FINISHED_RECORDING) -> Recording:
    return Recording(EVENT, state, Path("/r/e1"), 1000.0, 1060.0, tracks=tracks)


def track(name: str, seconds: float | None, flavor: str = "a/source") -> Track:
    return Track(Path(f"/r/e1/{name}.mkv"), flavor, name, duration=seconds)


def test_figures_grow_by_name_and_label(database: Database) -> None:
    with database.write() as session:
        figures.add(session, "seconds", 2.5)
        figures.add(session, "seconds", 1.0)
        figures.add(session, "alarms", 1, label="disk")
        figures.add(session, "alarms", 3, label="x\0" * 100)
    with database.read() as session:
        found = figures.read(session)
    assert found == {("seconds", ""): 3.5, ("alarms", "disk"): 1.0, ("alarms", "x" * 60): 3.0}


@pytest.mark.parametrize("amount", [0.0, -1.0, float("nan"), float("inf")])
def test_figures_never_shrink(database: Database, amount: float) -> None:
    with database.write() as session:
        figures.add(session, "seconds", 1)
        figures.add(session, "seconds", amount)
    assert value(database, "seconds") == 1.0


def test_several_writers_lose_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # SQLite does not queue: on a slow disk one of them may have no luck for long.
    monkeypatch.setattr("pyca.store.database.BUSY_SECONDS", 100.0)
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)

    def grow() -> None:
        for _ in range(25):
            with database.write() as session:
                figures.add(session, "n")

    threads = [threading.Thread(target=grow) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value(database, "n") == 100
    database.dispose()


def test_what_is_rolled_back_is_not_counted(database: Database) -> None:
    with pytest.raises(ValueError), database.write() as session:
        figures.add(session, "n")
        raise ValueError
    assert value(database, "n") == 0


def test_a_figure_that_cannot_be_stored_is_no_reason_to_fail(database: Database) -> None:
    with database.write() as session:
        session.execute(text("DROP TABLE figure"))
    with database.write() as session:
        recordings.begin(session, EVENT, Path("/r"), 1000.0)
        figures.add(session, "n")
    with database.read() as session:
        assert recordings.get(session, "e1")


def test_a_transaction_that_is_gone_is_not_passed_over(database: Database) -> None:
    with database.write() as session:
        session.execute(
            text(
                "CREATE TRIGGER gone BEFORE INSERT ON figure "
                "BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END"
            )
        )
    with pytest.raises(StoreError), database.write() as session:
        figures.add(session, "n")
        recordings.begin(session, EVENT, Path("/r"), 1000.0)
    with database.read() as session:
        assert recordings.get(session, "e1") is None


def test_a_start_is_counted_with_its_lateness_once(database: Database) -> None:
    begun(database)
    with database.write() as session:
        tally.begin_part(session, Part("e1", "camera", 1, 1000.03), 1000.0)
        tally.begin_part(session, Part("e1", "screen", 1, 1009.0), 1000.0)
        tally.begin_part(session, Part("e1", "camera", 2, 1020.0), 1000.0)
    assert value(database, Figure.PARTS) == 3
    assert value(database, Figure.RESTARTS) == 1
    assert value(database, Figure.LATENESS, "0.05") == 1
    assert value(database, Figure.LATENESS_SUM) == pytest.approx(0.03)
    with database.read() as session:
        labels = [label for name, label in figures.read(session) if name == Figure.LATENESS]
    assert labels == ["0.05"]


def test_a_very_late_start_falls_into_the_last_bucket(database: Database) -> None:
    begun(database)
    with database.write() as session:
        tally.begin_part(session, Part("e1", "camera", 1, 5000.0), 1000.0)
    assert value(database, Figure.LATENESS, "+Inf") == 1


@pytest.mark.parametrize(
    ("tracks", "recorded", "lost"),
    [
        ([track("camera", 59.0), track("screen", 58.5)], 59.0, 0.0),
        ([track("camera", 59.0), track("screen", 40.0)], 59.0, 20.0),
        ([track("camera", 20.0), track("camera", 15.0), track("screen", 60.0)], 60.0, 25.0),
        ([track("camera", 60.0)], 60.0, 60.0),
        ([], 0.0, 60.0),
        ([track("camera", None), track("screen", None)], 60.0, 0.0),
    ],
)
def test_recorded_and_lost_seconds(
    database: Database, tracks: list[Track], recorded: float, lost: float
) -> None:
    begun(database)
    for _ in range(2):  # recovery closes once more
        with database.write() as session:
            counted = tally.is_counted(session, "e1")
            recordings.close(session, "e1", 1060.0, tracks)
            if not counted:
                tally.end_recording(session, over(*tracks), 60.0, ["camera", "screen"])
    assert value(database, Figure.RECORDED_SECONDS) == recorded
    assert value(database, Figure.LOST_SECONDS) == lost
    assert value(database, Figure.EVENTS, "complete") == 1


def test_a_missed_event_is_lost_as_a_whole(database: Database) -> None:
    with database.write() as session:
        tally.miss_event(session, EVENT)
    assert value(database, Figure.LOST_SECONDS) == 60
    assert value(database, Figure.EVENTS, "failed") == 1


def test_a_recording_is_delivered_once(database: Database) -> None:
    begun(database)
    upload = Upload("e1", "archive")
    for location in ("", "/archive/e1"):
        with database.write() as session:
            before = replace(upload, location=location)
            tally.deliver_recording(session, over(track("camera", 59.0)), before)
    assert value(database, Figure.DELIVERED_SECONDS) == 59.0


def test_an_alarm_is_counted_when_it_is_raised(database: Database) -> None:
    alarm = Alarm(AlarmKind.DISK, "full", 1000.0)
    for one in (alarm, replace(alarm, text="fuller"), replace(alarm, ended=1001.0)):
        with database.write() as session:
            alarms.store(session, one)
    assert value(database, Figure.ALARMS, "disk") == 1
