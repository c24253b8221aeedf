"""Repetitions, time zones and nonsense in iCalendar texts."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import CalendarError
from pyca.core.event import Event, Origin
from pyca.schedule.occurrences import LONGEST_UID, Span, expand

FIXTURES = Path(__file__).parent.parent / "fixtures" / "opencast"
ZURICH = ZoneInfo("Europe/Zurich")


def utc(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


SPAN = Span(utc("2026-03-01"), utc("2026-05-01"), ZURICH)


def calendar(*vevents: str) -> str:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test"]
    for vevent in vevents:
        lines += ["BEGIN:VEVENT", *(line.strip() for line in vevent.strip().splitlines()), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])


def times(events: dict[str, Event]) -> list[str]:
    return [f"{datetime.fromtimestamp(event.start, UTC):%m-%d %H:%M}" for event in events.values()]


WEEKLY = """
    UID:w
    SUMMARY:Weekly
    DTSTART;TZID=Europe/Zurich:20260320T100000
    DTEND;TZID=Europe/Zurich:20260320T110000
    RRULE:FREQ=WEEKLY;COUNT=4
"""


def test_a_single_event_keeps_its_id() -> None:
    text = calendar(
        """UID:one
        SUMMARY:One\\, two
        DESCRIPTION:Line\\nbreak
        LOCATION:Hall
        DTSTART:20260330T080000Z
        DTEND:20260330T090000Z"""
    )
    [event] = expand(text, SPAN).values()
    assert (event.uid, event.title, event.origin) == ("one", "One, two", Origin.ICS)
    assert (event.description, event.location, event.duration) == ("Line\nbreak", "Hall", 3600)
    assert event.fingerprint


def test_repetitions_keep_the_local_time_over_the_change_of_clocks() -> None:
    events = expand(calendar(WEEKLY), SPAN)
    assert times(events) == ["03-20 09:00", "03-27 09:00", "04-03 08:00", "04-10 08:00"]
    assert list(events)[2] == "w-20260403T080000Z"


def test_an_exception_is_left_out() -> None:
    events = expand(calendar(WEEKLY + "EXDATE;TZID=Europe/Zurich:20260327T100000"), SPAN)
    assert times(events) == ["03-20 09:00", "04-03 08:00", "04-10 08:00"]


def test_a_moved_repetition_stays_the_same_event() -> None:
    moved = """
        UID:w
        SUMMARY:Moved
        RECURRENCE-ID;TZID=Europe/Zurich:20260327T100000
        DTSTART;TZID=Europe/Zurich:20260328T150000
        DTEND;TZID=Europe/Zurich:20260328T160000
    """
    before, after = expand(calendar(WEEKLY), SPAN), expand(calendar(WEEKLY, moved), SPAN)
    assert before.keys() == after.keys()
    event = after["w-20260327T090000Z"]
    assert (event.title, event.start) == ("Moved", utc("2026-03-28 14:00"))


def test_changes_of_all_that_follows_do_not_collide() -> None:
    later = """
        UID:w
        SUMMARY:Later
        RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Zurich:20260403T100000
        DTSTART;TZID=Europe/Zurich:20260403T120000
        DTEND;TZID=Europe/Zurich:20260403T130000
    """
    events = expand(calendar(WEEKLY, later), SPAN)
    assert times(events) == ["03-20 09:00", "03-27 09:00", "04-03 10:00", "04-10 10:00"]


def test_a_cancelled_repetition_is_left_out() -> None:
    gone = """
        UID:w
        STATUS:CANCELLED
        RECURRENCE-ID;TZID=Europe/Zurich:20260327T100000
        DTSTART;TZID=Europe/Zurich:20260327T100000
        DTEND;TZID=Europe/Zurich:20260327T110000
    """
    assert len(expand(calendar(WEEKLY, gone), SPAN)) == 3


def test_a_time_without_zone_is_the_agents() -> None:
    text = calendar("UID:f\nSUMMARY:F\nDTSTART:20260330T100000\nDURATION:PT45M")
    [event] = expand(text, SPAN).values()
    assert (event.start, event.duration) == (utc("2026-03-30 08:00"), 2700)


def test_a_repeated_time_without_zone_follows_the_agents_clocks() -> None:
    text = calendar("UID:f\nDTSTART:20260328T100000\nDTEND:20260328T110000\nRRULE:FREQ=DAILY;COUNT=2")
    assert times(expand(text, SPAN)) == ["03-28 09:00", "03-29 08:00"]


def test_a_zone_that_the_calendar_defines_counts() -> None:
    text = (FIXTURES / "robust_tzid_NOT_opencast.ics").read_text("utf-8")
    [event] = expand(text, SPAN).values()
    assert (event.start, event.end) == (utc("2026-03-30 08:00"), utc("2026-03-30 09:00"))
    assert "alarm" not in event.title.lower()


@pytest.mark.parametrize(
    "broken",
    [
        "UID:x\nDTSTART;VALUE=DATE:20260330",
        "UID:x\nDTSTART:20260330T080000Z",
        "UID:x\nDTSTART:20260330T080000Z\nDTEND:20260330T070000Z",
        "UID:x\nDTSTART:soon\nDTEND:20260330T070000Z",
        "UID:x",
        "UID:x\nDTSTART:20260330T080000Z\nDTEND:20260330T090000Z\nRRULE:FREQ=NEVER",
        "UID:x\nDTSTART:20260330T080000Z\nDTEND:20260330T080001Z\nRRULE:FREQ=SECONDLY",
        "UID:x\nDTSTART:20260330T080000Z\nDTEND:20260330T080001Z\nRRULE:FREQ=DAILY;INTERVAL=0",
        "UID:x\nDTSTART:20260330T080000Z\nDTEND:20260330T080001Z\nSTATUS:CANCELLED",
    ],
)
def test_an_unusable_event_is_left_out_and_the_others_stay(broken: str) -> None:
    good = "UID:good\nDTSTART:20260330T080000Z\nDTEND:20260330T090000Z"
    events = expand(calendar(broken, good), SPAN)
    assert list(events) == ["good"]
    assert events["good"].title == "Untitled"


def test_what_is_outside_the_span_is_left_out_and_what_reaches_into_it_is_not() -> None:
    text = calendar(WEEKLY)
    assert times(expand(text, Span(utc("2026-03-27 09:59"), utc("2026-04-03 08:00"), ZURICH))) == [
        "03-27 09:00"
    ]


def test_an_event_without_id_gets_one_that_stays() -> None:
    text = calendar("DTSTART:20260330T080000Z\nDTEND:20260330T090000Z")
    [uid] = expand(text, SPAN)
    assert uid
    assert list(expand(text, SPAN)) == [uid]


def test_an_endless_id_is_shortened() -> None:
    text = calendar(f"UID:{'x' * 2000}\nDTSTART:20260330T080000Z\nDTEND:20260330T090000Z")
    [uid] = expand(text, SPAN)
    assert len(uid) <= LONGEST_UID


def test_equal_texts_have_equal_fingerprints_and_others_not() -> None:
    first, same = expand(calendar(WEEKLY), SPAN), expand(calendar(WEEKLY), SPAN)
    other = expand(calendar(WEEKLY.replace("Weekly", "Changed")), SPAN)
    assert first == same
    assert not {event.fingerprint for event in first.values()} & {
        event.fingerprint for event in other.values()
    }


LINES = st.sampled_from(
    [
        "UID:a",
        'UID;X="y":b',
        "SUMMARY:x\\, \\n\\\\",
        "DTSTART:20260330T080000Z",
        "DTSTART;TZID=Europe/Zurich:20260330T080000",
        "DTSTART;TZID=Nowhere/Land:20260330T080000",
        "DTSTART;VALUE=DATE:20260330",
        "DTSTART:",
        "DTSTART:99999999T999999Z",
        "DTEND:20260330T090000Z",
        "DTEND:20260330T090000",
        "DURATION:PT1H",
        "DURATION:-P1D",
        "DURATION:P99999999D",
        "RRULE:FREQ=DAILY",
        "RRULE:FREQ=DAILY;COUNT=-1",
        "RRULE:FREQ=YEARLY;UNTIL=20270101",
        "RRULE:INTERVAL=0;FREQ=DAILY",
        "RRULE:",
        "EXDATE:20260331T080000Z",
        "EXDATE:x",
        "RDATE:20260402T080000Z",
        "RDATE;VALUE=PERIOD:20260402T080000Z/PT1H",
        "RECURRENCE-ID:20260331T080000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260331T080000Z",
        "SEQUENCE:x",
        "STATUS:CANCELLED",
        "BEGIN:VALARM",
        "END:VALARM",
        "BEGIN:VEVENT",
        "END:VEVENT",
        "BEGIN:VTIMEZONE",
        "TZID:Nowhere/Land",
        "END:VTIMEZONE",
        "X-WR-TIMEZONE:Europe/Zurich",
        "CALSCALE:JULIAN",
        "no colon",
        " folded",
        "ATTACH;VALUE=BINARY;ENCODING=BASE64:!",
    ]
)


@given(st.lists(st.one_of(LINES, st.text(max_size=20)), max_size=25))
def test_whatever_comes_it_is_events_or_a_refusal(lines: list[str]) -> None:
    text = "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])
    try:
        events = expand(text, SPAN)
    except CalendarError as error:
        assert str(error)
        return
    for uid, event in events.items():
        assert uid == event.uid
        assert event.start < event.end
        assert event.start < SPAN.end
        assert event.end > SPAN.start


def test_a_title_is_tidied() -> None:
    text = calendar(
        f"UID:one\nSUMMARY:Two\\nlines\x1b[2J {'x' * 500}\nDTSTART:20260330T080000Z\nDTEND:20260330T090000Z"
    )
    [event] = expand(text, SPAN).values()
    assert event.title.startswith("Two lines [2J xx")
    assert len(event.title) == 400


def test_a_time_in_an_unknown_zone_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    rover = """UID:{}
        SUMMARY:Rover {}
        DTSTART;TZID=Mars/Phobos:20260330T080000
        DTEND;TZID=Mars/Phobos:20260330T090000
        {}"""
    weekly = rover.format("w", "weekly", "RRULE:FREQ=DAILY;COUNT=3")
    events = expand(calendar(weekly, rover.format("o", "once", ""), WEEKLY), SPAN)
    assert times(events)[0] == "03-30 06:00"
    [warning] = [record.getMessage() for record in caplog.records]
    assert "“Rover weekly” is in the unknown time zone “Mars/Phobos”" in warning


def test_a_zone_that_the_calendar_explains_is_known(caplog: pytest.LogCaptureFixture) -> None:
    zone = (
        "BEGIN:VTIMEZONE\r\nTZID:Hall\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
        "TZOFFSETFROM:+0300\r\nTZOFFSETTO:+0300\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT"
    )
    event = "UID:h\nDTSTART;TZID=Hall:20260330T080000\nDTEND;TZID=Hall:20260330T090000"
    assert times(expand(calendar(event).replace("BEGIN:VEVENT", zone), SPAN)) == ["03-30 05:00"]
    assert not caplog.records
