"""Events as programs see and change them; older ones must not notice that anything is different."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.event import Attachment, Event, Origin
from pyca.core.recording import Part, Track, Upload, UploadStep
from pyca.core.states import EventState
from pyca.store import accounts, event_pages, events, recordings, uploads
from pyca.store.database import Database
from pyca.store.tables import Base
from pyca.store.upgrade import ensure
from pyca.ui import create_app
from tests.api_tools import Program, document, problems
from tests.tools import FakeClock
from tests.ui_tools import USER, fill, put

S = EventState
ATTRIBUTES = {"uid", "title", "start", "end", "status", "data"}
"""of an event, as programs of older pyCA know it"""


def coming(database: Database, clock: FakeClock, uid: str = "c", hours: float = 1, **more: Any) -> Event:
    start = clock.now() + 3600 * hours
    event = Event(uid, f"Coming {uid}", start, start + 1800).changed(**more)
    with database.write() as session:
        events.add(session, event)
    return event


def state_of(database: Database, uid: str) -> EventState:
    with database.read() as session:
        found = recordings.get(session, uid)
    assert found
    return found.state


def shown(program: Program, uid: str) -> dict[str, Any]:
    (one,) = document(program.get(f"/api/events/{uid}"))["data"]
    attributes: dict[str, Any] = one["attributes"]
    return attributes


@pytest.mark.parametrize("letter", ["x", "🎓"])
def test_a_title_that_no_database_looks_for_is_refused(program: Program, letter: str) -> None:
    assert program.get(f"/api/events?filter[title]={letter * 200}").status_code == 200
    (problem,) = problems(program.get(f"/api/events?filter[title]={letter * 201}"), 400)
    assert problem["source"] == {"parameter": "filter[title]"}


@pytest.mark.parametrize("path", ["/api/events", "/api/events/"])
def test_the_list_begins_with_what_is_to_come(
    program: Program, database: Database, clock: FakeClock, path: str
) -> None:
    fill(database, clock.now())
    found = document(program.get(path))
    assert [one["id"] for one in found["data"]] == [
        "n0", "n1", "n2", "e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7",
    ]  # fmt: skip
    assert found["meta"] == {"total": 11}
    for one in found["data"]:
        assert one["type"] == "event" and one["id"] == one["attributes"]["uid"]
        assert set(one["attributes"]) >= ATTRIBUTES


def test_an_event_has_its_old_shape(program: Program, database: Database, clock: FakeClock) -> None:
    catalog = Attachment("episode.xml", "application/xml", "<dublincore/>")
    event = Event(
        "a",
        "Analysis Ü",
        1000.0,
        2000.5,
        Origin.OPENCAST,
        creator="Ada",
        description="d",
        location="hall-1",
        attachments=(catalog,),
    )
    with database.write() as session:
        recordings.begin(session, event, Path("/secret/folder"), 1000)
        recordings.set_state(session, "a", S.FINISHED_RECORDING, 2000)
    (one,) = document(program.get("/api/events/a"))["data"]
    told = one["attributes"]
    assert {name: told[name] for name in ATTRIBUTES} == {
        "uid": "a",
        "title": "Analysis Ü",
        "start": 1000,
        "end": 2000.5,
        "status": "finished recording",
        "data": {
            "uid": "a",
            "summary": "Analysis Ü",
            "dtstart": 1000,
            "dtend": 2000.5,
            "description": "d",
            "location": "hall-1",
            "organizer": "Ada",
            "attach": [
                {"fmttype": "application/xml", "x-apple-filename": "episode.xml", "data": "<dublincore/>"}
            ],
        },
    }
    assert isinstance(told["start"], int), "older programs read whole numbers"
    assert told["origin"] == "opencast" and told["duration"] == 1000.5 and told["started"] == 1000
    assert "/secret" not in program.get("/api/events/a").text


def test_a_recording_comes_before_its_schedule(
    program: Program, database: Database, clock: FakeClock
) -> None:
    event = coming(database, clock)
    with database.write() as session:
        recordings.begin(session, event, Path("/r"), event.start)
    assert shown(program, "c")["status"] == "recording"
    assert document(program.get("/api/events"))["meta"]["total"] == 1


@pytest.fixture
def busy(settings: Settings, database: Database, clock: FakeClock) -> Program:
    """Asks an agent that records one event at a time."""
    single = replace(settings, capture=replace(settings.capture, max_parallel=1))
    return Program(create_app(single, database, clock).test_client(), settings.ui)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def either(request: pytest.FixtureRequest, database: Database) -> Iterator[Database]:
    """The usual database, or PostgreSQL, in which several transactions write at once."""
    if request.param == "sqlite":
        yield database
        return
    made = Database(request.getfixturevalue("postgresql"))
    ensure(made)
    yield made
    with made.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(table.delete())
    made.dispose()


UIDS = ["a b", "ü/ä", "a/b/c", "a//b", "100%25", "a%2Fb", "q?x=1", "#1", "a;b", "x/tracks", "upload", "<b>🎓"]


@pytest.mark.parametrize("uid", UIDS)
def test_ids_may_hold_anything(program: Program, database: Database, clock: FakeClock, uid: str) -> None:
    put(database, uid, S.FAILED_UPLOADING, clock.now())
    (listed,) = document(program.get("/api/events"))["data"]
    (one,) = document(program.get(listed["links"]["self"]))["data"]
    assert one["id"] == uid
    assert len(document(program.get(one["relationships"]["tracks"]["links"]["related"]))["data"]) == 2
    body = {"data": {"type": "event", "id": uid, "attributes": {"status": "paused after recording"}}}
    document(program.ask("PATCH", listed["links"]["self"], body))
    assert program.ask("DELETE", listed["links"]["self"]).status_code == 204


def test_an_id_that_looks_like_a_track_list_is_found_by_the_filter(
    program: Program, database: Database, clock: FakeClock
) -> None:
    for uid in ("x", "x/tracks"):
        put(database, uid, S.FAILED_UPLOADING, clock.now())
    assert document(program.get("/api/events/x/tracks"))["data"][0]["type"] == "track"
    (one,) = document(program.get("/api/events?filter[uid]=x/tracks"))["data"]
    assert one["id"] == "x/tracks"


@pytest.mark.parametrize(
    "uid", ["unknown", "a%00b", "%00", "x" * 5000, "%FF", "../../etc/passwd", "x/tracks"]
)
@pytest.mark.parametrize("method", ["GET", "DELETE", "PATCH"])
def test_unknown_events_are_not_found(program: Program, method: str, uid: str) -> None:
    known = {"%FF": "\ufffd"}.get(uid, uid)
    body = {"data": [{"type": "event", "id": known, "attributes": {}}]} if method == "PATCH" else None
    (problem,) = problems(program.ask(method, f"/api/events/{uid}", body), 404)
    assert problem["title"] == "No event with specified uid"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("filter[status]=upcoming", ["n0", "n1", "n2"]),
        ("filter[status]=recording,uploading", ["e0", "e5"]),
        ("filter[status]=failed uploading&sort=title", ["e6"]),
        ("filter[title]=COMING%20ü", []),
        ("filter[title]=coming", ["n0", "n1", "n2"]),
        ("filter[title]=%25", []),
        ("filter[origin]=ics", []),
        ("sort=title&page[size]=2", ["e1", "e6"]),
        ("sort=-start&page[size]=4", ["n2", "n1", "n0", "e0"]),
        ("sort=status,-start&page[size]=2", ["e1", "e6"]),
        ("limit=1", ["n0"]),
    ],
)
def test_the_list_can_be_narrowed_and_sorted(
    program: Program, database: Database, clock: FakeClock, query: str, expected: list[str]
) -> None:
    fill(database, clock.now())
    assert [one["id"] for one in document(program.get(f"/api/events?{query}"))["data"]] == expected


def test_letters_of_all_languages_are_found_in_any_case(
    program: Program, database: Database, clock: FakeClock
) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now(), title="ÜBUNG zur Ἀλφα")
    assert document(program.get("/api/events?filter[title]=übung"))["meta"]["total"] == 1
    assert document(program.get("/api/events?filter[title]=ἀΛΦ"))["meta"]["total"] == 1


def test_events_of_a_time_are_those_that_overlap_it(
    program: Program, database: Database, clock: FakeClock
) -> None:
    first, second = coming(database, clock, "c1", 1), coming(database, clock, "c2", 2)
    put(database, "old", S.FINISHED_UPLOADING, clock.now())

    def during(start: float, end: float) -> list[str]:
        query = f"filter[from]={start}&filter[to]={end}"
        return [one["id"] for one in document(program.get(f"/api/events?{query}"))["data"]]

    assert during(first.start + 60, second.start) == ["c1"]
    assert during(first.end, second.start + 1) == ["c2"]
    assert during(0, clock.now() * 2) == ["c1", "c2", "old"]


def test_a_running_recording_shows_the_end_that_holds(
    program: Program, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    with database.write() as session:
        recordings.set_end(session, "r", event.end + 600)
    assert shown(program, "r")["end"] == event.end + 600


# -- Deleting


def test_deleting_forgets_a_recording_and_keeps_its_files(
    program: Program, database: Database, clock: FakeClock, settings: Settings
) -> None:
    file = _on_disk(database, settings)
    answer = program.ask("DELETE", "/api/events/a")
    assert (answer.status_code, answer.data) == (204, b"") and "Content-Type" not in answer.headers
    assert file.exists()
    assert program.ask("DELETE", "/api/events/a").status_code == 404


@pytest.mark.parametrize(("hard", "stays"), [("true", False), ("false", True)])
def test_hard_deletes_the_files_too(
    program: Program, database: Database, settings: Settings, hard: str, stays: bool
) -> None:
    file = _on_disk(database, settings)
    assert program.ask("DELETE", f"/api/events/a?hard={hard}").status_code == 204
    assert file.exists() is stays


def test_what_hard_leaves_is_logged(
    program: Program, database: Database, settings: Settings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _on_disk(database, settings)
    outside = tmp_path / "outside.mkv"
    outside.touch()
    with database.write() as session:
        recordings.add_tracks(session, "a", [Track(outside, "presenter/source")])
    assert program.ask("DELETE", "/api/events/a?hard=true").status_code == 204
    assert f"{outside} is not deleted" in caplog.text and outside.exists()


def test_a_doubtful_hard_deletes_nothing(program: Program, database: Database, settings: Settings) -> None:
    file = _on_disk(database, settings)
    for query in ("hard=maybe", "hard=true&hard=false", "hadr=true"):
        assert problems(program.ask("DELETE", f"/api/events/a?{query}"), 400)
    assert file.exists() and state_of(database, "a") is S.FAILED_UPLOADING


@pytest.mark.parametrize("state", [S.RECORDING, S.UPLOADING])
def test_what_is_under_way_is_not_deleted(
    program: Program, database: Database, clock: FakeClock, state: EventState
) -> None:
    put(database, "a", state, clock.now())
    (problem,) = problems(program.ask("DELETE", "/api/events/a?hard=true"), 409)
    assert "first" in problem["detail"]
    assert state_of(database, "a") is state


def test_a_failed_recording_that_is_still_tried_is_not_deleted(
    program: Program, database: Database, clock: FakeClock
) -> None:
    put(database, "a", S.FAILED_RECORDING, clock.now(), start=clock.now() - 60, end=clock.now() + 60)
    assert problems(program.ask("DELETE", "/api/events/a"), 409)
    clock.move(120)
    assert program.ask("DELETE", "/api/events/a").status_code == 204


def test_an_event_of_this_agent_is_cancelled(program: Program, database: Database, clock: FakeClock) -> None:
    coming(database, clock)
    assert program.ask("DELETE", "/api/events/c").status_code == 204
    assert program.get("/api/events/c").status_code == 404


@pytest.mark.parametrize("origin", [Origin.OPENCAST, Origin.ICS])
def test_an_event_of_a_calendar_is_not(
    program: Program, database: Database, clock: FakeClock, origin: Origin
) -> None:
    event = coming(database, clock, origin=origin)
    (problem,) = problems(program.ask("DELETE", "/api/events/c"), 409)
    assert "Change it in" in problem["detail"]
    assert problems(program.patch("c", end=event.end + 60), 409)
    assert shown(program, "c")["end"] == event.end


def _on_disk(database: Database, settings: Settings) -> Path:
    folder = settings.capture.directory / "a"
    folder.mkdir(parents=True)
    file = folder / "camera.mkv"
    file.write_bytes(b"x")
    with database.write() as session:
        recordings.begin(session, Event("a", "A", 1000, 2000), folder, 1000)
        recordings.close(session, "a", 2000, [Track(file, "presenter/source")])
        for state in (S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING):
            recordings.set_state(session, "a", state, 2000)
    return file


# -- Who may


@pytest.mark.parametrize("scope", Scope)
def test_every_scope_may_what_it_may(
    program: Program, database: Database, clock: FakeClock, scope: Scope, settings: Settings
) -> None:
    _on_disk(database, settings)
    coming(database, clock)
    word = "a long enough password"
    with database.write() as session:
        accounts.add(session, "ada", accounts.hash_password(word), scope, clock.now())
    ada = Program(program.client, replace(settings.ui, username="ada", password=word))
    assert ada.get("/api/events").status_code == 200
    assert ada.get("/api/events/a/tracks").status_code == 200
    acts = [
        ada.patch("a", status="paused after recording").status_code,
        ada.create("/api/schedule", duration=60).status_code,
        ada.create(start=clock.now() + 90_000, duration=60).status_code,
        ada.ask("DELETE", "/api/events/c").status_code,
    ]
    deleted = ada.ask("DELETE", "/api/events/a")
    assert acts == ([403] * 4 if scope is Scope.READ else [200, 200, 201, 204])
    assert deleted.status_code == (204 if scope is Scope.ADMIN else 403)
    if scope is not Scope.ADMIN:
        assert problems(deleted, 403)
        assert state_of(database, "a")


def test_strangers_learn_nothing(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    for method in ("GET", "DELETE", "PATCH"):
        for path in ("/api/events/a", "/api/events/b"):
            assert program.client.open(path, method=method).status_code == 401
    assert program.client.post("/api/events").status_code == 401


# -- What belongs to a recording


def test_tracks_tell_no_folder(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    first, second = document(program.get("/api/events/a/tracks"))["data"]
    assert first["type"] == "track" and first["attributes"] == {
        "name": "camera.mkv",
        "flavor": "presenter/source",
        "input": "camera",
        "part": 1,
        "size": 1_400_000_000,
        "duration": 2700.0,
        "streams": ["video h264 1920x1080 25 fps", "audio aac 48 kHz"],
    }
    (slim, _) = document(program.get("/api/events/a/tracks?fields[track]=size"))["data"]
    assert slim["attributes"] == {"size": 1_400_000_000}
    assert second["attributes"]["name"] == "screen.mkv"


def test_parts_tell_every_attempt(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "a", S.RECORDING, clock.now())
    part = Part("a", "camera", 1, clock.now(), pid=7, files=("/r/a/x.mkv",), flavors=("presenter/source",))
    with database.write() as session:
        recordings.add_part(session, part)
    (one,) = document(program.get("/api/events/a/parts"))["data"]
    assert one["attributes"] == {
        "input": "camera",
        "number": 1,
        "started": clock.now(),
        "ended": None,
        "outcome": None,
        "exit_code": None,
        "files": ["x.mkv"],
        "flavors": ["presenter/source"],
    }


def test_uploads_under_way_and_in_trouble(program: Program, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    found = document(program.get("/api/uploads"))
    assert [one["id"] for one in found["data"]] == ["e6", "e5"] and found["meta"] == {"total": 2}
    failed, running = (one["attributes"] for one in found["data"])
    assert running["bytes_sent"] == 450_000_000 and running["seconds_left"] == 150
    assert failed["error"] == "The server said 503." and failed["attempts"] == 4
    assert failed["seconds_left"] is None and failed["ambiguous"] is False
    (second,) = document(program.get("/api/uploads?page[size]=1&page[number]=2"))["data"]
    assert second["id"] == "e5"
    assert document(program.get("/api/events/e5/upload"))["data"] == second
    assert problems(program.get("/api/events/n0/upload"), 404)


# -- Changing


def test_a_running_recording_is_extended_and_stopped(
    program: Program, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    (one,) = document(program.patch("r", end=event.end + 600))["data"]
    assert one["attributes"]["end"] == event.end + 600
    document(program.patch("r", end=event.start + 1))
    with database.read() as session:
        assert recordings.operator_ends(session) == {"r": clock.now()}


@pytest.mark.parametrize("name", ["start", "title", "status"])
def test_nothing_else_of_it_can_be_changed(
    program: Program, database: Database, clock: FakeClock, name: str
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    value = {"start": event.start + 5, "title": "other", "status": "finished uploading"}[name]
    told = program.patch("r", end=event.end + 600, **{name: value})
    assert problems(told, 409)[0]["source"] == {"pointer": f"/data/0/attributes/{name}"}
    assert shown(program, "r")["end"] == event.end, "all or nothing"


def test_what_stays_the_same_is_no_change(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "r", S.RECORDING, clock.now())
    now = shown(program, "r")
    same = {name: now[name] for name in ("status", "start", "end", "title", "inputs", "creator")}
    document(program.patch("r", **same))
    with database.read() as session:
        assert recordings.operator_ends(session) == {}
    document(program.patch("r"))


def test_an_extension_into_the_next_event_is_refused(
    busy: Program, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    coming(database, clock)
    (problem,) = problems(busy.patch("r", end=event.end + 7200), 409)
    assert "Coming c" in problem["detail"] and "(c)" in problem["detail"]


def test_an_event_to_come_is_moved_and_renamed(
    program: Program, database: Database, clock: FakeClock
) -> None:
    event = coming(database, clock)
    changes = {
        "start": event.start + 60,
        "end": event.end + 60.5,
        "title": "New\ntitle",
        "description": "a\nb",
        "creator": "Bob",
        "inputs": ["screen"],
        "live": True,
    }
    (one,) = document(program.patch("c", **changes))["data"]
    assert {name: one["attributes"][name] for name in changes} == changes | {"title": "New title"}
    (one,) = document(program.patch("c", inputs=["screen", "camera"]))["data"]
    assert one["attributes"]["inputs"] == []
    (one,) = document(program.patch("c", live=False))["data"]
    assert one["attributes"]["live"] is False


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"start": 1e10}, 400),
        ({"end": 5}, 400),
        ({"start": 5, "end": 6}, 400),
        ({"inputs": ["microphone"]}, 400),
        ({"live": "yes"}, 400),
        ({"title": " \n"}, 400),
        ({"status": "bored"}, 400),
        ({"status": "finished uploading"}, 409),
    ],
)
def test_impossible_changes_of_an_event_to_come(
    program: Program, database: Database, clock: FakeClock, changes: dict[str, Any], status: int
) -> None:
    coming(database, clock)
    before = shown(program, "c")
    assert problems(program.patch("c", **changes), status)
    assert shown(program, "c") == before


def test_an_event_is_not_moved_onto_another(busy: Program, database: Database, clock: FakeClock) -> None:
    coming(database, clock, "c1", 1)
    event = coming(database, clock, "c2", 2)
    assert problems(busy.patch("c2", start=event.start - 3600, title="moved"), 409)
    assert shown(busy, "c2")["title"] == "Coming c2"


def test_times_of_a_recording_are_corrected(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    (one,) = document(program.patch("a", start=1000, end=2000))["data"]
    assert (one["attributes"]["start"], one["attributes"]["end"]) == (1000, 2000)
    for wrong in ({"start": 2000}, {"end": 1000}, {"start": 5, "end": 4}):
        assert problems(program.patch("a", **wrong), 400)[0]["title"] == "Invalid data"
    assert problems(program.patch("a", title="other", end=3000), 409)
    assert shown(program, "a")["end"] == 2000


@pytest.mark.parametrize("name", ["start", "end"])
def test_what_was_recorded_was_not_later_than_now(
    program: Program, database: Database, clock: FakeClock, name: str
) -> None:
    # Somebody has stopped it long before its planned end.
    put(database, "a", S.FINISHED_UPLOADING, clock.now(), start=clock.now() - 600, end=clock.now() + 600)
    before = shown(program, "a")
    (problem,) = problems(program.patch("a", **{name: clock.now() + 60}), 400)
    assert problem["source"] == {"pointer": f"/data/0/attributes/{name}"}
    assert shown(program, "a") == before
    document(program.patch("a", start=clock.now() - 500))
    document(program.patch("a", end=clock.now()))


@pytest.mark.parametrize("name", ["start", "end"])
def test_times_are_not_corrected_during_an_upload(
    program: Program, database: Database, clock: FakeClock, name: str
) -> None:
    event = put(database, "a", S.UPLOADING, clock.now())
    value = {"start": event.start + 5, "end": event.end - 5}[name]
    (problem,) = problems(program.patch("a", status="paused after recording", **{name: value}), 409)
    assert problem["source"] == {"pointer": f"/data/0/attributes/{name}"} and "Pause" in problem["detail"]
    assert state_of(database, "a") is S.UPLOADING, "all or nothing"
    document(program.patch("a", status="paused after recording"))
    document(program.patch("a", **{name: value}))


P, F, U, X = S.PAUSED_AFTER_RECORDING, S.FINISHED_RECORDING, S.UPLOADING, S.FAILED_UPLOADING
MOVES = [
    (F, "uploading", F),
    (F, "paused after recording", P),
    (F, "finished uploading", S.FINISHED_UPLOADING),
    (S.PARTIAL_RECORDING, "finished recording", S.PARTIAL_RECORDING),
    (S.PARTIAL_RECORDING, "paused after recording", P),
    (S.PARTIAL_RECORDING, "uploading", S.PARTIAL_RECORDING),
    (S.PARTIAL_RECORDING, "FINISHED_UPLOADING", S.FINISHED_UPLOADING),
    (P, "finished recording", F),
    (P, "uploading", F),
    (P, "finished uploading", S.FINISHED_UPLOADING),
    (U, "paused after recording", P),
    (X, "finished recording", X),
    (X, "uploading", X),
    (X, "paused after recording", P),
    (X, "finished uploading", S.FINISHED_UPLOADING),
]


@pytest.mark.parametrize(("before", "word", "after"), MOVES)
def test_the_state_says_what_shall_happen(
    program: Program, database: Database, clock: FakeClock, before: EventState, word: str, after: EventState
) -> None:
    put(database, "a", before, clock.now())
    (one,) = document(program.patch("a", status=word))["data"]
    assert one["attributes"]["status"] == after
    with database.read() as session:
        due = uploads.due(session, clock.now())
    again = word in ("uploading", "finished recording")
    assert due == ("a" if again else None)


@pytest.mark.parametrize("state", [state for state in EventState if state is not S.UPCOMING])
def test_other_states_are_refused_and_the_possible_ones_told(
    program: Program, database: Database, clock: FakeClock, state: EventState
) -> None:
    put(database, "a", state, clock.now())
    allowed = {str(state)} | {word.lower().replace("_", " ") for before, word, _ in MOVES if before is state}
    if state is S.FINISHED_UPLOADING:
        allowed |= {"uploading", "finished recording"}
    for word in set(EventState) - allowed:
        assert problems(program.patch("a", status=word, end=clock.now() - 9), 409)
        assert state_of(database, "a") is state


def test_what_was_delivered_is_delivered_again(
    program: Program, database: Database, clock: FakeClock, settings: Settings
) -> None:
    _on_disk(database, settings)
    document(program.patch("a", status="finished uploading"))
    assert "cleans up" in problems(program.patch("a", status="uploading"), 409)[0]["detail"]
    with database.write() as session:
        uploads.save(session, Upload("a", "opencast", UploadStep.DONE, node="n", package="<p/>"))
    (one,) = document(program.patch("a", status="uploading"))["data"]
    assert one["attributes"]["status"] == "finished recording"
    with database.read() as session:
        assert uploads.get(session, "a") == Upload("a", "opencast", next_attempt=clock.now())
        assert uploads.due(session, clock.now()) == "a"


def test_without_files_nothing_is_delivered_again(
    program: Program, database: Database, clock: FakeClock
) -> None:
    put(database, "a", S.FINISHED_UPLOADING, clock.now())
    assert "No file" in problems(program.patch("a", status="uploading"), 409)[0]["detail"]
    with database.write() as session:
        uploads.save(session, Upload("a", "opencast", UploadStep.GONE))
    assert "were deleted" in problems(program.patch("a", status="uploading"), 409)[0]["detail"]


def test_an_unclear_delivery_is_settled(program: Program, database: Database, clock: FakeClock) -> None:
    put(database, "a", S.FAILED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("a", "opencast", UploadStep.AMBIGUOUS, node="there"))
    assert document(program.get("/api/events/a/upload"))["data"]["attributes"]["ambiguous"] is True
    document(program.patch("a", status="finished uploading"))
    with database.read() as session:
        found = uploads.get(session, "a")
    assert found and (found.step, found.location) == (UploadStep.SETTLED, "there")


def operator_of(program: Program, database: Database, settings: Settings, clock: FakeClock) -> Program:
    """Return a user with the right to operate, and no more."""
    word = "a long enough password"
    with database.write() as session:
        accounts.add(session, "ada", accounts.hash_password(word), Scope.OPERATE, clock.now())
    return Program(program.client, replace(settings.ui, username="ada", password=word))


@pytest.mark.parametrize("state", [F, S.PARTIAL_RECORDING, P, X])
def test_calling_delivered_what_nobody_delivered_needs_the_highest_right(
    program: Program, database: Database, clock: FakeClock, settings: Settings, state: EventState
) -> None:
    put(database, "a", state, clock.now())
    ada = operator_of(program, database, settings, clock)
    (problem,) = problems(ada.patch("a", status="finished uploading", start=1000), 403)
    assert "“admin”" in problem["detail"] and problem["source"] == {"pointer": "/data/0/attributes/status"}
    assert state_of(database, "a") is state and shown(program, "a")["start"] != 1000
    document(program.patch("a", status="finished uploading"))


def test_operators_settle_what_ended_unclear(
    program: Program, database: Database, clock: FakeClock, settings: Settings
) -> None:
    put(database, "a", S.FAILED_UPLOADING, clock.now())
    with database.write() as session:
        uploads.save(session, Upload("a", "opencast", UploadStep.AMBIGUOUS, node="there"))
    document(operator_of(program, database, settings, clock).patch("a", status="finished uploading"))
    assert state_of(database, "a") is S.FINISHED_UPLOADING


def test_no_disk_is_asked_within_a_transaction(
    program: Program, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _on_disk(database, settings)
    with database.write() as session:
        recordings.set_state(session, "a", S.UPLOADING, 2000)
        recordings.set_state(session, "a", S.FINISHED_UPLOADING, 2000)
    asked: list[Path] = []
    write = database.write

    @contextmanager
    def writing() -> Iterator[Session]:
        count = len(asked)
        with write() as session:
            yield session
        assert len(asked) == count

    usual = os.path.isfile

    def is_file(path: Path) -> bool:
        asked.append(path)
        return usual(path)

    monkeypatch.setattr(database, "write", writing)
    monkeypatch.setattr(os.path, "isfile", is_file)
    document(program.patch("a", status="uploading"))
    assert asked == [file]


def test_a_change_tells_the_folder(program: Program, database: Database, settings: Settings) -> None:
    file = _on_disk(database, settings)
    (file.parent / "event.json").write_text("{}")
    document(program.patch("a", status="paused after recording", start=500))
    text = (file.parent / "event.json").read_text()
    assert '"paused after recording"' in text and '"start": 500.0' in text


def test_the_folder_is_told_before_ingest_is_woken(
    program: Program, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = _on_disk(database, settings).parent / "event.json"
    note.write_text("{}")
    seen: list[str] = []
    monkeypatch.setattr("pyca.ui.api.change.ring", lambda *_: seen.append(note.read_text()))
    document(program.patch("a", status="paused after recording"))
    assert seen and all('"paused after recording"' in text for text in seen)


@pytest.mark.parametrize(
    "change", [{"type": "recording"}, {"id": "b"}, {"id": None}, {"id": 5}, {"relationships": {"x": {}}}]
)
def test_the_wrong_resource_is_invalid_data(
    program: Program, database: Database, clock: FakeClock, change: dict[str, Any]
) -> None:
    put(database, "a", S.FAILED_UPLOADING, clock.now())
    resource = {"type": "event", "id": "a", "attributes": {"status": "paused after recording"}} | change
    (problem,) = problems(program.ask("PATCH", "/api/events/a", {"data": resource}), 400)
    assert problem["title"] == "Invalid data" and problem["source"]["pointer"].startswith("/data/")
    assert state_of(database, "a") is S.FAILED_UPLOADING


def test_nobody_overwrites_what_they_have_not_seen(
    program: Program, database: Database, clock: FakeClock
) -> None:
    event = coming(database, clock)
    old = program.get("/api/events/c").headers["ETag"]
    answer = program.patch("c", {"If-Match": old}, end=event.end + 60)
    assert document(answer)
    assert answer.headers["ETag"] == program.get("/api/events/c").headers["ETag"] != old
    for tag in (old, '"x"', "nonsense"):
        assert problems(program.patch("c", {"If-Match": tag}, end=event.end + 120), 412)
        assert problems(program.ask("DELETE", "/api/events/c", If_Match=tag), 412)
    assert shown(program, "c")["end"] == event.end + 60
    document(program.patch("c", {"If-Match": "*"}, end=event.end + 120))


def test_of_changes_at_once_each_is_whole_and_none_is_lost(
    settings: Settings, either: Database, clock: FakeClock
) -> None:
    app, event = create_app(settings, either, clock), coming(either, clock)
    start = threading.Barrier(8)
    statuses: list[int] = []

    def change(number: int) -> None:
        mine = Program(app.test_client(), settings.ui)
        start.wait()
        for turn in range(5):
            shift = number * 10 + turn
            answer = mine.patch("c", start=event.start + shift, end=event.end + shift, title=f"T{shift}")
            statuses.append(answer.status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 40
    with either.read() as session:
        found = event_pages.one(session, "c")
    assert found
    shift = found.start - event.start
    assert (found.end, found.title) == (event.end + shift, f"T{shift:.0f}")


def test_of_changes_that_build_on_the_same_only_one_is_made(
    settings: Settings, either: Database, clock: FakeClock
) -> None:
    app = create_app(settings, either, clock)
    coming(either, clock)
    tag = Program(app.test_client(), settings.ui).get("/api/events/c").headers["ETag"]
    start = threading.Barrier(6)
    statuses: list[int] = []

    def change(number: int) -> None:
        mine = Program(app.test_client(), settings.ui)
        start.wait()
        statuses.append(mine.patch("c", {"If-Match": tag}, title=f"T{number}").status_code)

    threads = [threading.Thread(target=change, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + [412] * 5


# -- Making


def test_an_event_is_planned(program: Program, database: Database, clock: FakeClock) -> None:
    start = clock.now() + 600
    answer = program.create(
        title="Talk\0".replace("\0", "\n"), start=start, end=start + 60, inputs=["camera"], description="d"
    )
    one = document(answer, 201)["data"]
    assert answer.headers["Location"] == one["links"]["self"] == f"/api/events/{one['id']}"
    told = one["attributes"]
    assert (told["title"], told["start"], told["duration"]) == ("Talk", start, 60)
    assert (told["creator"], told["inputs"], told["status"]) == (USER, ["camera"], "upcoming")
    assert document(program.get(answer.headers["Location"]))["data"] == [one]


def test_an_event_without_a_start_begins_now(program: Program, clock: FakeClock) -> None:
    one = document(program.create(duration=90), 201)["data"]
    assert one["attributes"]["start"] == clock.now() and one["attributes"]["end"] == clock.now() + 90


@pytest.mark.parametrize(
    ("attributes", "pointer"),
    [
        ({}, "/data/attributes"),
        ({"duration": 5, "end": 9}, "/data/attributes"),
        ({"duration": 0}, "/data/attributes/duration"),
        ({"duration": "5"}, "/data/attributes/duration"),
        ({"start": 1, "duration": 5}, "/data/attributes/start"),
        ({"end": 5}, "/data/attributes/end"),
        ({"duration": 5, "inputs": "camera"}, "/data/attributes/inputs"),
        ({"duration": 5, "inputs": ["x"]}, "/data/attributes/inputs"),
        ({"duration": 5, "status": "recording"}, "/data/attributes/status"),
    ],
)
def test_impossible_events_are_invalid_data(
    program: Program, database: Database, attributes: dict[str, Any], pointer: str
) -> None:
    (problem,) = problems(program.create(**attributes), 400)
    assert problem["title"] == "Invalid data" and problem["source"] == {"pointer": pointer}
    assert document(program.get("/api/events"))["data"] == []


@pytest.mark.parametrize(("path", "status"), [("/api/events", 409), ("/api/schedule", 400)])
def test_nothing_but_events_is_planned(program: Program, path: str, status: int) -> None:
    body: dict[str, Any] = {"data": {"type": "upload", "attributes": {"duration": 60}}}
    (problem,) = problems(program.ask("POST", path, body), status)
    assert problem["source"] == {"pointer": "/data/type"}
    body["data"]["type"] = 5
    assert problems(program.ask("POST", path, body), 400)
    assert document(program.get("/api/events"))["data"] == []


def test_nobody_chooses_an_id(program: Program) -> None:
    body = {"data": {"type": "event", "id": "mine", "attributes": {"duration": 60}}}
    assert problems(program.ask("POST", "/api/events", body), 403)
    assert document(program.get("/api/events"))["data"] == []


@pytest.mark.parametrize("path", ["/api/events", "/api/schedule"])
def test_collisions_name_what_is_in_the_way(
    busy: Program, database: Database, clock: FakeClock, path: str
) -> None:
    put(database, "r", S.RECORDING, clock.now(), title="Physics")
    (problem,) = problems(busy.create(path, duration=60), 409)
    assert "“Physics” (r)" in problem["detail"] and ". Choose another time" in problem["detail"]


@pytest.mark.parametrize("wrapped", [True, False])
def test_record_now_as_older_programs_ask_for_it(
    program: Program, database: Database, clock: FakeClock, wrapped: bool
) -> None:
    event = {"type": "event", "attributes": {"title": "Now", "duration": 60, "creator": "Bob"}}
    answer = program.ask("POST", "/api/schedule", {"data": [event] if wrapped else event})
    (one,) = document(answer)["data"]
    told = one["attributes"]
    assert (told["title"], told["creator"]) == ("Now", "Bob")
    assert (told["start"], told["end"]) == (clock.now(), clock.now() + 60)


def test_record_now_needs_a_length_alone(program: Program) -> None:
    assert problems(program.create("/api/schedule", title="x"), 400)[0]["title"] == "Invalid data"
    (one,) = document(program.create("/api/schedule", duration=5))["data"]
    assert (one["attributes"]["title"], one["attributes"]["creator"]) == ("Recording", USER)


def test_record_now_takes_no_id(program: Program, database: Database) -> None:
    body = {"data": [{"type": "event", "id": "mine", "attributes": {"duration": 60}}]}
    assert problems(program.ask("POST", "/api/schedule", body), 403)
    with database.read() as session:
        assert events.upcoming(session) == []
