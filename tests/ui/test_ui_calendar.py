"""Days, lanes and conflicts: the arithmetic behind the schedule."""

from datetime import date
from zoneinfo import ZoneInfo

import pytest
from werkzeug.datastructures import MultiDict

from pyca.core.event import Origin
from pyca.core.states import EventState
from pyca.store.calendar import Entry
from pyca.ui.view.days import Slot, axis_of, day_of, read_day, read_week, show_week, slots_of
from pyca.ui.view.forecast import forecast
from pyca.ui.view.lanes import Bar, side_by_side
from pyca.ui.view.wish import check, wish_of_form
from tests.ui_shown import ZURICH, at

NOW = at("2026-03-20T12:00")


def entry(uid: str, start: float, end: float, state: EventState = EventState.UPCOMING) -> Entry:
    return Entry(uid, uid, start, end, Origin.LOCAL, state)


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-03-28", 24), ("2026-10-26", 24)]
)
def test_days_are_as_long_as_clocks_make_them(day: str, hours: int) -> None:
    found = day_of(date.fromisoformat(day), ZURICH)
    assert (found.end - found.start) / 3600 == hours
    assert len(slots_of(found, ZURICH)) == hours * 4


def test_the_hour_that_comes_twice_has_rows_of_its_own() -> None:
    days = [day_of(date(2026, 10, 24), ZURICH), day_of(date(2026, 10, 25), ZURICH)]
    axis = axis_of(days, ZURICH, 1, 4)
    assert [slot for slot in axis if slot.quarter == 0] == [
        Slot(1, 0, 0), Slot(2, 0, 0), Slot(2, 1, 0), Slot(3, 0, 0),
    ]  # fmt: skip
    assert Slot(2, 1, 0) not in slots_of(days[0], ZURICH)
    moments = slots_of(days[1], ZURICH)
    assert moments[Slot(2, 1, 0)] - moments[Slot(2, 0, 0)] == 3600


def test_half_an_hour_of_change_is_possible() -> None:
    zone = ZoneInfo("Australia/Lord_Howe")
    day = day_of(date(2026, 4, 5), zone)
    assert (day.end - day.start) / 3600 == 24.5
    assert list(slots_of(day, zone)) == sorted(slots_of(day, zone))


def test_a_midnight_that_does_not_exist_is_the_moment_after_it() -> None:
    zone = ZoneInfo("Africa/Cairo")
    before, day = day_of(date(2026, 4, 23), zone), day_of(date(2026, 4, 24), zone)
    assert before.end == day.start and (day.end - day.start) / 3600 == 23


@pytest.mark.parametrize(
    "text", ["", "2026-W99", "2026-W00", "0000-W01", "9999-W52", "x", "2026-W1\0", "٢٠٢٦-W01"]
)
def test_nonsense_is_this_week(text: str) -> None:
    assert read_week(text, date(2026, 11, 21)) == date(2026, 11, 16)


@pytest.mark.parametrize("text", ["", "2026-02-30", "0001-01-01", "9999-12-31", "today", "\0"])
def test_nonsense_is_today(text: str) -> None:
    assert read_day(text, date(2026, 11, 21)) == date(2026, 11, 21)


def test_weeks_cross_years() -> None:
    assert read_week("2026-W53", date(2026, 1, 1)) == date(2026, 12, 28)
    assert show_week(date(2027, 1, 3)) == "2026-W53"


def test_what_overlaps_stands_side_by_side_and_what_does_not_is_wide() -> None:
    bars, lanes = side_by_side([(1, 5), (2, 4), (4, 6), (6, 8)])
    assert lanes == 2
    assert bars == [Bar(1, 5, 1, 2), Bar(2, 4, 2, 3), Bar(4, 6, 2, 3), Bar(6, 8, 1, 3)]


def test_there_is_an_end_to_the_lanes() -> None:
    bars, lanes = side_by_side([(1, 9)] * 40)
    assert lanes == 12 and max(bar.end_lane for bar in bars) == 13


def test_nobody_is_in_the_way_of_what_begins_at_its_end() -> None:
    assert forecast([entry("a", NOW + 10, NOW + 20), entry("b", NOW + 20, NOW + 30)], 1, NOW) == {}


def test_the_later_one_begins_late_as_capture_does_it() -> None:
    first, second = entry("a", NOW + 10, NOW + 50), entry("b", NOW + 20, NOW + 90)
    (conflict,) = forecast([second, first], 1, NOW).values()
    assert conflict.begins == NOW + 50 and conflict.rivals == (first,)


def test_of_equal_starts_the_smaller_id_wins() -> None:
    both = [entry("b", NOW + 10, NOW + 50), entry("a", NOW + 10, NOW + 50)]
    found = forecast(both, 1, NOW)
    assert set(found) == {"b"} and found["b"].begins is None, "nothing is left of it"


def test_three_at_once_are_one_too_many() -> None:
    every = [entry(name, NOW + 10, NOW + 50 + number) for number, name in enumerate("abc")]
    found = forecast(every, 2, NOW)
    assert set(found) == {"c"} and found["c"].begins == NOW + 50
    assert forecast(every, 3, NOW) == {}


def test_one_that_begins_on_time_goes_before_one_that_waits() -> None:
    first, late = entry("a", NOW + 10, NOW + 50), entry("b", NOW + 20, NOW + 100)
    punctual = entry("c", NOW + 50, NOW + 60)
    found = forecast([first, late, punctual], 1, NOW)
    assert set(found) == {"b"} and found["b"].begins == NOW + 60


def test_what_runs_already_counts() -> None:
    running = entry("r", NOW - 100, NOW + 50, EventState.RECORDING)
    over = entry("o", NOW - 100, NOW + 50, EventState.FINISHED_RECORDING)
    found = forecast([running, over, entry("a", NOW + 10, NOW + 90)], 1, NOW)
    assert found["a"].rivals == (running,) and found["a"].begins == NOW + 50


def wish(**fields: str) -> dict[str, str]:
    return {"title": "x", "date": "2026-03-28", "time": "10:00", "minutes": "60"} | fields


def checked(fields: dict[str, str]) -> tuple[float, float, dict[str, str]]:
    form = MultiDict([*fields.items(), ("inputs", "a")])
    found = check(wish_of_form(form), ZURICH, NOW, ("a", "b"))
    return found.start, found.end, found.errors


def test_a_length_counts_hours_not_clocks() -> None:
    start, end, errors = checked(wish(time="23:30", minutes="240"))
    assert errors == {} and end - start == 4 * 3600
    assert end == at("2026-03-29T04:30"), "clocks were put forward meanwhile"


def test_an_end_counts_instead_of_the_length() -> None:
    start, end, errors = checked(wish(end="11:30", minutes=""))
    assert errors == {} and end - start == 5400


def test_an_end_after_the_change_is_what_clocks_show() -> None:
    start, end, errors = checked(wish(date="2026-03-29", time="01:00", end="04:00"))
    assert errors == {} and end - start == 2 * 3600


def test_a_time_that_does_not_exist_is_refused_in_words() -> None:
    _, _, errors = checked(wish(date="2026-03-29", time="02:30"))
    assert "no 02:30" in errors["time"] and "03:30" in errors["time"]


def test_a_time_that_comes_twice_is_asked_for() -> None:
    day = {"date": "2026-10-25", "time": "02:30"}
    _, _, errors = checked(wish(**day))
    assert "twice" in errors["time"]
    first, _, none = checked(wish(**day, again="0"))
    second, _, _ = checked(wish(**day, again="1"))
    assert none == {} and second - first == 3600 and first == at("2026-10-25T02:30")


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"title": " \0\t"}, "title"),
        ({"title": "x" * 401}, "title"),
        ({"date": ""}, "date"),
        ({"date": "2026-02-30"}, "date"),
        ({"date": "9999-12-31"}, "date"),
        ({"date": "0001-01-01"}, "date"),
        ({"date": "2040-01-01"}, "date"),
        ({"date": "28.3.2026"}, "date"),
        ({"time": "25:00"}, "time"),
        ({"time": "10:00+05:00"}, "time"),
        ({"time": "\0"}, "time"),
        ({"date": "2026-03-19"}, "time"),
        ({"minutes": "-5"}, "minutes"),
        ({"minutes": "0"}, "minutes"),
        ({"minutes": "nan"}, "minutes"),
        ({"minutes": "1e300"}, "minutes"),
        ({"minutes": "1441"}, "minutes"),
        ({"minutes": "9" * 5000}, "minutes"),
        ({"minutes": ""}, "minutes"),
        ({"minutes": "<b>"}, "minutes"),
        ({"end": "09:00"}, "end"),
        ({"end": "10:00"}, "end"),
        ({"end": "later"}, "end"),
        ({"date": "2026-10-25", "time": "01:00", "end": "02:30"}, "end"),
        ({"creator": "x" * 401}, "creator"),
        ({"description": "x" * 5001}, "description"),
    ],
)
def test_each_mistake_stands_at_its_field(fields: dict[str, str], name: str) -> None:
    assert list(checked(wish(**fields))[2]) == [name]
