"""Pages of events, on both databases."""

from pathlib import Path

import pytest
from sqlalchemy import event as sql
from sqlalchemy.orm import Session

from pyca.core.event import Attachment, Event, Origin
from pyca.core.recording import Part, Track, Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import event_pages, events, recordings, uploads
from pyca.store.database import Database
from pyca.store.event_pages import Wanted

S = EventState
ALL = Wanted()


@pytest.fixture
def database(each_database: Database) -> Database:
    with each_database.write() as session:
        _fill(session)
    return each_database


def _fill(session: Session) -> None:
    """Store five recordings b0…b4, the last of which runs, and three events to come c0…c2."""
    attached = (Attachment("episode.xml", "application/xml", "<dc/>"),)
    for number in range(5):
        start = 1000.0 * number
        event = Event(f"b{number}", f"Übung {9 - number}", start, start + 500, Origin.OPENCAST)
        recordings.begin(session, event.changed(inputs=("x",), attachments=attached), Path("/r"), start)
        if number < 4:
            recordings.set_state(session, event.uid, S.FINISHED_RECORDING, start + 500)
    recordings.set_end(session, "b4", 4700)
    for number in range(3):
        start = 5000.0 + 1000 * number
        events.add(session, Event(f"c{number}", f"coming {number}%", start, start + 500))
    events.put(session, Event("b4", "Übung 5", 4000, 4500))


def found(
    database: Database, wanted: Wanted = ALL, sort: str = "", offset: int = 0, size: int = 99
) -> tuple[str, int]:
    order = [(name.removeprefix("-"), name.startswith("-")) for name in sort.split()]
    with database.read() as session:
        rows, total = event_pages.page(session, wanted, order, offset, size)
    return " ".join(row.uid for row in rows), total


def test_what_is_to_come_comes_first(database: Database) -> None:
    assert found(database) == ("c0 c1 c2 b4 b3 b2 b1 b0", 8)


@pytest.mark.parametrize(
    ("offset", "size", "uids"),
    [(0, 2, "c0 c1"), (2, 2, "c2 b4"), (3, 2, "b4 b3"), (7, 5, "b0"), (8, 5, ""), (10**11, 5, "")],
)
def test_pages(database: Database, offset: int, size: int, uids: str) -> None:
    assert found(database, offset=offset, size=size) == (uids, 8)


@pytest.mark.parametrize(
    ("sort", "uids"),
    [
        ("start", "b0 b1 b2 b3 b4 c0 c1 c2"),
        ("-end", "c2 c1 c0 b4 b3 b2 b1 b0"),
        ("status -start", "b3 b2 b1 b0 b4 c2 c1 c0"),
        ("-status title", "c0 c1 c2 b4 b3 b2 b1 b0"),
    ],
)
def test_other_orders(database: Database, sort: str, uids: str) -> None:
    assert found(database, sort=sort) == (uids, 8)
    pages = [found(database, sort=sort, offset=offset, size=3)[0] for offset in (0, 3, 6)]
    assert " ".join(pages) == uids


@pytest.mark.parametrize(
    ("wanted", "uids"),
    [
        (Wanted(states=[S.UPCOMING]), "c0 c1 c2"),
        (Wanted(states=[S.RECORDING, S.UPCOMING], until=5500), "c0 b4"),
        (Wanted(states=[S.FAILED_UPLOADING]), ""),
        (Wanted(origins=["opencast"], since=2500), "b4 b3"),
        (Wanted(since=4600, until=5000), "b4"),
        (Wanted(title="ÜBUNG 9"), "b0"),
        (Wanted(title="0%"), "c0"),
        (Wanted(title="_"), ""),
        (Wanted(uid="b4"), "b4"),
        (Wanted(uid="c1"), "c1"),
        (Wanted(uid="' OR 1=1 --"), ""),
    ],
)
def test_filters(database: Database, wanted: Wanted, uids: str) -> None:
    number = len(uids.split())
    assert found(database, wanted) == (uids, number)
    by_start, total = found(database, wanted, sort="start")
    assert (sorted(by_start.split()), total) == (sorted(uids.split()), number)


def test_a_row_tells_all(database: Database) -> None:
    with database.read() as session:
        begun, planned = event_pages.one(session, "b4"), event_pages.one(session, "c0")
        assert event_pages.one(session, "nothing") is None
    assert begun == event_pages.Listed(
        uid="b4",
        title="Übung 5",
        start=4000,
        origin="opencast",
        creator="",
        description="",
        location="",
        series="",
        inputs=["x"],
        attachments=[{"name": "episode.xml", "mimetype": "application/xml", "data": "<dc/>"}],
        workflow_parameters={},
        end=4700,
        state="recording",
        started=4000,
        ended=None,
        error="",
    )
    assert planned and (planned.state, planned.started, planned.inputs) == ("upcoming", None, [])


def test_a_page_takes_few_questions_however_long_it_is(database: Database) -> None:
    asked: list[str] = []
    sql.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    found(database)
    assert len([text for text in asked if text.startswith("SELECT")]) == 3


def test_deliveries_under_way_and_in_trouble(database: Database) -> None:
    with database.write() as session:
        for uid in ("b0", "b1", "b2"):
            recordings.set_state(session, uid, S.UPLOADING, 1)
        uploads.save(session, Upload("b0", "opencast"))
        for uid, step in (("b1", UploadStep.AMBIGUOUS), ("b2", UploadStep.GONE)):
            recordings.set_state(session, uid, S.FAILED_UPLOADING, 1)
            uploads.save(session, Upload(uid, "opencast", step, attempts=1))
        uploads.save(session, Upload("b3", "opencast"))
    with database.read() as session:
        under_way, total = event_pages.deliveries(session, 0, 9)
        second, _ = event_pages.deliveries(session, 1, 1)
    assert [(upload.uid, state) for upload, state in under_way] == [
        ("b0", "uploading"),
        ("b1", "failed uploading"),
    ]
    assert total == 2 and [upload.uid for upload, _ in second] == ["b1"]


def test_tracks_and_parts(database: Database) -> None:
    part = Part("b4", "x", 1, 4000, files=("/r/a.mkv",), flavors=("presenter/source",))
    with database.write() as session:
        recordings.add_part(session, part)
        recordings.close(
            session, "b4", 4700, [Track(Path("/r/a.mkv"), "presenter/source", streams=("video",))]
        )
        (track,) = event_pages.tracks(session, "b4")
        (attempt,) = event_pages.parts(session, "b4")
        assert event_pages.tracks(session, "b0") == []
    assert (track.path, track.flavor, track.streams) == ("/r/a.mkv", "presenter/source", ["video"])
    assert (attempt.input, attempt.number, attempt.files) == ("x", 1, ["/r/a.mkv"])
