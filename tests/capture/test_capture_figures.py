"""What capture counts: starts and their lateness, what was recorded, what is lost."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.capture.agenda import SEEN, Agenda
from pyca.core.event import Event
from pyca.core.states import EventState
from pyca.store import events, figures, recordings
from pyca.store.database import Database
from pyca.store.figures import Figure, Figures
from tests.capture_rig import FFMPEG, Rig
from tests.tools import FakeClock, counting_last, wait_for


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path)
    yield rig
    rig.close()


def counted(rig: Rig) -> Figures:
    with rig.database.read() as session:
        return figures.read(session)


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs FFmpeg")
def test_a_recording_is_counted_when_it_begins_and_when_it_ends(tmp_path: Path) -> None:
    rig = Rig(tmp_path, command=FFMPEG, files=("{{dir}}/{{name}}.mkv",))
    try:
        rig.add(length=2.0)
        rig.finish()
        found = counted(rig)
    finally:
        rig.close()
    assert found[Figure.RECORDED_SECONDS, ""] > 0
    assert found[Figure.PARTS, ""] == 1
    assert sum(value for (name, _), value in found.items() if name == Figure.LATENESS) == 1
    assert found[Figure.EVENTS, "complete"] == 1


def test_what_is_stopped_by_hand_is_not_lost(rig: Rig) -> None:
    rig.add(length=60.0)
    rig.drive(lambda: rig.parts())
    with rig.database.write() as session:
        recordings.set_end(session, "e1", rig.clock.now())
    rig.service._agenda._next_look = 0
    with counting_last(rig.database.engine):
        rig.finish()
    found = counted(rig)
    assert (Figure.LOST_SECONDS, "") not in found
    assert sum(value for (name, _), value in found.items() if name == Figure.EVENTS) == 1


def test_a_missed_event_is_lost(rig: Rig) -> None:
    rig.pretend_age(60)
    rig.add(delay=-20, length=15)
    rig.drive(rig.is_in(EventState.FAILED_RECORDING))
    assert counted(rig)[Figure.LOST_SECONDS, ""] == pytest.approx(15)
    assert counted(rig)[Figure.EVENTS, "failed"] == 1


def test_an_event_that_finds_no_place_is_lost_when_it_is_over(tmp_path: Path) -> None:
    rig = Rig(tmp_path, max_parallel=1)
    try:
        rig.add("a", length=30.0)
        rig.add("b", delay=0.3, length=4.0)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING, uid="b"))
        assert (Figure.LOST_SECONDS, "") not in counted(rig)
        rig.drive(lambda: (Figure.LOST_SECONDS, "") in counted(rig))
        assert counted(rig)[Figure.LOST_SECONDS, ""] == pytest.approx(4)
    finally:
        rig.close()


def test_an_event_that_is_deleted_while_it_waits_for_a_place_is_not_lost(tmp_path: Path) -> None:
    rig = Rig(tmp_path, max_parallel=1)
    try:
        rig.add("a", length=30.0)
        rig.add("b", delay=0.3, length=4.0)
        rig.drive(rig.is_in(EventState.FAILED_RECORDING, uid="b"))
        with rig.database.write() as session:
            recordings.delete_recording(session, "b")
        rig.drive(lambda: not rig.service._waiting)
        written: list[bool] = []
        rig.service._context.scribe.put(lambda session: None, (), lambda: written.append(True))
        wait_for(lambda: written, "what was put before")
        assert not [name for name, _ in counted(rig) if name in (Figure.LOST_SECONDS, Figure.EVENTS)]
    finally:
        rig.close()


def test_an_event_that_comes_after_its_start_is_due_when_it_is_seen(
    database: Database, clock: FakeClock
) -> None:
    agenda = Agenda(database, clock)
    start = clock.now() - 600

    def put(uid: str, start: float) -> None:
        with database.write() as session:
            events.add(session, Event(uid, uid, start, start + 3600))

    put("known", start)
    agenda.refresh(())
    assert not agenda.surprises, "at its first look a service cannot tell: what began without it is late"
    put("new", start)
    put("later", clock.now() + 60)
    clock.move(5)
    agenda.refresh(())
    assert agenda.surprises == {"new": clock.now()}
    seen = clock.now()
    clock.move(10)
    agenda.refresh(())
    assert agenda.surprises == {"new": seen}
    with database.write() as session:
        events.update(session, Event("later", "later", start, start + 3600))
    agenda.refresh(())
    assert agenda.surprises == {"new": seen, "later": clock.now()}
    clock.move(SEEN)
    put("meanwhile", start)
    agenda.refresh(("new",))
    assert "meanwhile" not in agenda.surprises, "nobody looked for so long"
    assert "new" not in agenda.surprises
