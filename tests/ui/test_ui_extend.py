"""Extending a recording, and recording now: choices, and what stands in the way."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from pyca.core.event import Event
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock
from tests.ui_tools import Person, put

S = EventState


def plan(database: Database, start: float, title: str = "Algebra", length: float = 3600) -> None:
    with database.write() as session:
        events.add(session, Event(title, title, start, start + length))


def chosen_end(database: Database) -> float:
    with database.read() as session:
        return recordings.operator_ends(session)["r"]


def test_a_quarter_of_an_hour_is_offered_first_and_added_once(
    person: Person, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    page = person.get("/extend?uid=r").text
    checked = next(line for line in page.split("<input") if "checked" in line)
    end = checked.split('value="')[1].split('"')[0]
    assert float(end) == event.end + 900
    for _ in range(2):
        assert person.post("/extend", {"uid": "r", "end": end}).status_code == 303
    assert chosen_end(database) == event.end + 900


@pytest.mark.parametrize("minutes", [5, 30])
def test_other_steps_are_offered_too(
    person: Person, database: Database, clock: FakeClock, minutes: int
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    end = event.end + minutes * 60
    assert f'value="{end}"' in person.get("/extend?uid=r").text
    person.post("/extend", {"uid": "r", "end": str(end)})
    assert chosen_end(database) == end


def test_until_a_time_of_day_in_the_agents_zone(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "r", S.RECORDING, clock.now())
    person.post("/extend", {"uid": "r", "end": "clock", "clock": "11:05"})
    there = datetime.fromtimestamp(chosen_end(database), ZoneInfo("Europe/Zurich"))
    assert (there.hour, there.minute) == (11, 5)
    assert 0 < chosen_end(database) - clock.now() < 86400


def test_the_next_event_limits_the_choice_and_is_named(
    person: Person, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    put(database, "other", S.RECORDING, clock.now(), end=clock.now() + 30_000)
    plan(database, event.end + 600)
    page = person.get("/extend?uid=r").text
    steps = [part.split(">")[0] for part in page.split("<input") if f'value="{event.end + 900}"' in part]
    assert "disabled" in steps[0], "a quarter of an hour is too long"
    assert f'value="{event.end + 600}"' in page and "“Algebra” begins" in page
    answer = person.post("/extend", {"uid": "r", "end": str(event.end + 900)})
    assert answer.status_code == 422 and "at most: then “Algebra” begins" in answer.text
    with database.read() as session:
        assert recordings.operator_ends(session) == {}
    person.post("/extend", {"uid": "r", "end": str(event.end + 600)})
    assert chosen_end(database) == event.end + 600


def test_an_event_that_follows_at_once_leaves_no_room(
    person: Person, database: Database, clock: FakeClock
) -> None:
    event = put(database, "r", S.RECORDING, clock.now())
    put(database, "other", S.RECORDING, clock.now(), end=clock.now() + 30_000)
    plan(database, event.end)
    assert "so it cannot go on" in person.get("/extend?uid=r").text


@pytest.mark.parametrize("end", ["", "never", "inf", "1e99", "nan", "clock", "1"])
def test_impossible_ends_are_refused(person: Person, database: Database, clock: FakeClock, end: str) -> None:
    put(database, "r", S.RECORDING, clock.now())
    answer = person.post("/extend", {"uid": "r", "end": end, "clock": "25:99"})
    assert answer.status_code == 422 and 'role="alert"' in answer.text
    with database.read() as session:
        assert recordings.operator_ends(session) == {}


def test_record_until_the_next_event(person: Person, database: Database, clock: FakeClock) -> None:
    plan(database, clock.now() + 1800)
    assert "Until the next event" in person.get("/record").text
    form: dict[str, object] = {"title": "Talk", "length": "next", "inputs": ["camera", "screen"]}
    assert person.post("/record", form).status_code == 303
    with database.read() as session:
        first = events.upcoming(session)[0]
    assert (first.title, first.end) == ("Talk", clock.now() + 1800)


def test_until_the_next_event_needs_one(person: Person, database: Database) -> None:
    assert "Until the next event" not in person.get("/record").text
    answer = person.post("/record", {"title": "Talk", "length": "next", "inputs": "camera"})
    assert answer.status_code == 422 and "No event follows" in answer.text


@pytest.mark.parametrize(("length", "seconds"), [("30", 1800), ("other", 7 * 60)])
def test_the_length_that_was_chosen_counts(
    person: Person, database: Database, length: str, seconds: float
) -> None:
    person.post("/record", {"title": "T", "length": length, "minutes": "7", "inputs": "camera"})
    with database.read() as session:
        assert events.upcoming(session)[0].duration == seconds


def test_a_collision_is_told_in_words_and_nothing_has_to_be_typed_again(
    person: Person, database: Database, clock: FakeClock
) -> None:
    for title in ("Algebra", "Physics"):
        plan(database, clock.now() + 1200, title)
    answer = person.post("/record", {"title": "Talk", "length": "45", "inputs": "camera"})
    assert answer.status_code == 422
    assert "begins; until then 20 min are free" in answer.text and 'value="Talk"' in answer.text
    put(database, "r", S.RECORDING, clock.now())
    put(database, "r2", S.RECORDING, clock.now(), title="Chemistry")
    answer = person.post("/record", {"title": "Talk", "length": "15", "inputs": "camera"})
    assert answer.status_code == 422 and "no more at once is possible" in answer.text
    with database.read() as session:
        assert {event.title for event in events.upcoming(session)} == {"Algebra", "Physics"}
