"""Spans of time for the calendar, and pages of recordings, in both databases."""

import math
from pathlib import Path

import pytest

from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event, Origin
from pyca.core.states import EventState
from pyca.store import alarms, calendar, events, recording_pages, recordings
from pyca.store.database import Database
from pyca.store.recording_pages import Place

HOUR = 3600.0
NOW = 1_774_600_000.0


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


def begin(database: Database, uid: str, start: float, end: float, title: str = "") -> None:
    with database.write() as session:
        recordings.begin(session, Event(uid, title or uid, start, end), Path("/r") / uid, start)


def plan(database: Database, uid: str, start: float, end: float) -> None:
    with database.write() as session:
        events.add(session, Event(uid, uid, start, end, Origin.ICS, inputs=("camera",)))


def seen(database: Database, start: float, end: float, limit: int = 100) -> list[str]:
    with database.read() as session:
        return [entry.uid for entry in calendar.entries(session, start, end, limit)]


def test_a_span_has_what_shares_time_with_it(database: Database) -> None:
    plan(database, "before", NOW - 2 * HOUR, NOW)
    plan(database, "into", NOW - HOUR, NOW + 1)
    begin(database, "within", NOW + 1, NOW + 2)
    plan(database, "beyond", NOW + HOUR - 1, NOW + 9 * HOUR)
    plan(database, "after", NOW + HOUR, NOW + 2 * HOUR)
    begin(database, "all", NOW - 24 * HOUR, NOW + 24 * HOUR)
    assert seen(database, NOW, NOW + HOUR) == ["all", "into", "within", "beyond"]
    assert len(seen(database, NOW, NOW + HOUR, limit=1)) == 2, "one of each kind"


def test_what_has_begun_is_there_once_with_the_end_that_holds(database: Database) -> None:
    plan(database, "e", NOW, NOW + HOUR)
    begin(database, "e", NOW, NOW + HOUR)
    with database.write() as session:
        recordings.set_end(session, "e", NOW + 60)
    with database.read() as session:
        (entry,) = calendar.entries(session, NOW, NOW + HOUR, 9)
    assert (entry.state, entry.end, entry.over) == (EventState.RECORDING, NOW + 60, False)
    assert seen(database, NOW + 61, NOW + HOUR) == []


def test_a_planned_event_comes_with_what_pages_show(database: Database) -> None:
    plan(database, "e", NOW, NOW + HOUR)
    with database.read() as session:
        (entry,) = calendar.entries(session, NOW, NOW + HOUR, 9)
    assert (entry.origin, entry.inputs, entry.state) == (Origin.ICS, ("camera",), EventState.UPCOMING)


def test_pages_meet_without_gaps_in_both_directions(database: Database) -> None:
    for number in range(7):
        begin(database, f"e{number}", NOW - (number // 3) * HOUR, NOW + HOUR)
    with database.read() as session:
        first = recording_pages.page(session, size=3)
        second = recording_pages.page(session, older=first.older, size=3)
        third = recording_pages.page(session, older=second.older, size=3)
        back = recording_pages.page(session, newer=third.newer, size=3)
        top = recording_pages.page(session, newer=back.newer, size=3)
    assert [first.uids, second.uids, third.uids] == [("e0", "e1", "e2"), ("e3", "e4", "e5"), ("e6",)]
    assert (first.newer, third.older) == (None, None)
    assert back.uids == second.uids and top.uids == first.uids and top.newer is None


@pytest.mark.parametrize("start", [math.nan, math.inf, -math.inf, 1e300])
def test_any_number_is_a_place(database: Database, start: float) -> None:
    begin(database, "e", NOW, NOW + HOUR)
    with database.read() as session:
        for place in ({"older": Place(start, "x")}, {"newer": Place(start, "x")}):
            assert recording_pages.page(session, size=3, **place).uids in ((), ("e",))


def test_titles_are_searched_as_they_are(database: Database) -> None:
    for uid, title in (("a", "100% Talk"), ("b", "1000"), ("c", "under_score"), ("d", "back\\slash")):
        begin(database, uid, NOW, NOW + HOUR, title)
    with database.read() as session:
        found = {
            text: recording_pages.page(session, title=text, size=9).uids
            for text in ("100%", "R_S", "k\\s", "TALK", "' or 1=1 --")
        }
    assert found == {"100%": ("a",), "R_S": ("c",), "k\\s": ("d",), "TALK": ("a",), "' or 1=1 --": ()}


def test_states_are_counted_and_filtered(database: Database) -> None:
    for uid in "ab":
        begin(database, uid, NOW, NOW + HOUR)
    with database.write() as session:
        recordings.set_state(session, "b", EventState.FAILED_RECORDING, NOW)
    with database.read() as session:
        assert recording_pages.count(session, [EventState.FAILED_RECORDING]) == 1
        assert recording_pages.page(session, states=[EventState.FAILED_RECORDING], size=9).uids == ("b",)


def test_the_alarms_of_one_event_alone(database: Database) -> None:
    with database.write() as session:
        for number, uid in enumerate(("mine", "other", "mine", "")):
            alarms.store(session, Alarm(AlarmKind.SILENCE, f"{number}", NOW + number, uid, "camera"))
    with database.read() as session:
        assert [alarm.text for alarm in alarms.of_event(session, "mine")] == ["2", "0"]
        assert [alarm.text for alarm in alarms.of_event(session, "mine", limit=1)] == ["2"]
