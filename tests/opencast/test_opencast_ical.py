import base64
import logging
import re
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime

import icalendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.event import Event, Origin
from pyca.core.naming import tidy_title
from pyca.opencast.blocks import split
from pyca.opencast.ical import parse_block

Fixture = Callable[[str], bytes]
PARAMETER = "org.opencastproject.workflow.config."


def events(body: bytes) -> list[Event]:
    parsed = [parse_block(block.data, block.fingerprint) for block in split(body)]
    return [event for event in parsed if event is not None]


def utc(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()  # type: ignore[misc]


def vevent(*lines: str, uid: str = "UID:u1", start: str = "DTSTART:20260101T100000Z") -> bytes:
    middle = (start, "DTEND:20260101T110000Z", uid, *lines)
    return "\r\n".join(["BEGIN:VEVENT", *(line for line in middle if line), "END:VEVENT"]).encode()


def calendar(*blocks: bytes) -> bytes:
    return b"\r\n".join([b"BEGIN:VCALENDAR", b"VERSION:2.0", *blocks, b"END:VCALENDAR"])


def test_the_normal_event(fixture: Fixture) -> None:
    (event,) = events(fixture("single_event_series.ics"))
    assert event.uid == "68b19d11-6aca-413e-b2b3-eda72eebc65a"
    assert event.title == "Operating Systems 01"
    assert (event.start, event.end) == (utc(2026, 3, 28, 9, 15), utc(2026, 3, 28, 10, 45))
    assert event.origin is Origin.OPENCAST
    assert event.description == "Introduction"
    assert event.location == "hoersaal-e01"
    assert event.series == "4b1c7c1e-9b6d-4d0b-8f2e-0c2f6f7f2a10"
    assert event.inputs == ("camera", "screen")
    assert event.workflow
    assert event.workflow_parameters["publishToOaiPmh"] == "true"
    names = [attachment.name for attachment in event.attachments]
    assert names == ["episode.xml", "series.xml", "org.opencastproject.capture.agent.properties"]
    assert event.attachments[0].data.endswith("</dublincore>\n")
    assert event.attachments[0].mimetype == "application/xml"


@pytest.mark.parametrize("name", ["hairy_multi_event.ics", "robust_folded_NOT_opencast.ics"])
@pytest.mark.parametrize("fold", [b" ", b"\t"])
def test_the_hairy_calendar_folded_or_not(fixture: Fixture, name: str, fold: bytes) -> None:
    body = fixture(name).replace(b"\r\n ", b"\r\n" + fold)
    hairy = events(body)
    assert [event.uid[-4:] for event in hairy] == ["7e01", "7e02", "7e03", "7e04", "7e05"]
    first, second, third, fourth, fifth = hairy
    assert first.title == 'Übung: Größe, Maß; C:\\temp\\neu – "Teil 1" 日本語 🎓'
    assert first.location == "Hörsaal 2, Süd"
    assert first.description.splitlines()[-1] == "letzte Zeile \\n kein Umbruch"
    assert first.creator == "Jürgen Müller & Söhne <GmbH>"
    assert first.workflow_parameters == {
        "a.b.c": "dotted.key=with=equals",
        "empty": "",
        "path": "C:\\temp\\x",
    }
    assert second.start == utc(2026, 3, 29, 0, 30)
    assert second.end == third.start
    assert third.inputs == ("Kamera", "Präsentation")
    assert fourth.start < third.start
    assert fifth.properties["event.title"].count("\n") == 2
    assert fifth.workflow == "fast"
    assert fifth.title == " ".join(fifth.properties["event.title"].split())


def test_capture_now_and_empty(fixture: Fixture) -> None:
    (event,) = events(fixture("capture_now.ics"))
    assert (event.duration, event.series, event.description) == (300, "", "")
    assert events(fixture("empty.ics")) == []


def test_time_zones_and_alarms(fixture: Fixture) -> None:
    (event,) = events(fixture("robust_tzid_NOT_opencast.ics"))
    assert (event.start, event.end) == (utc(2026, 3, 30, 8), utc(2026, 3, 30, 9))
    assert event.title == "Event with TZID, no attachments"
    assert event.description == ""


def test_only_dtstamp_leaves_the_fingerprint_alone(fixture: Fixture) -> None:
    body = fixture("hairy_multi_event.ics")
    before = [block.fingerprint for block in split(body)]
    stamped = re.sub(rb"DTSTAMP:\w+", b"DTSTAMP:20300101T000000Z", body)
    assert [block.fingerprint for block in split(stamped)] == before
    extended = body.replace(b"DTEND:20260329T030000Z", b"DTEND:20260329T031500Z")
    after = [block.fingerprint for block in split(extended)]
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, True, False, True, True]
    assert len(set(before)) == 5


def test_the_split_uid_is_the_parsed_uid() -> None:
    for uid in ("UID:a\\,b\\;c\\\\n", "UID;X-A=b:u1", "UID:long\r\n er\r\n\t id", "UID: padded "):
        (block,) = split(calendar(vevent(uid=uid)))
        event = parse_block(block.data, block.fingerprint)
        assert event is not None
        assert block.uid == event.uid


def test_an_alarm_may_have_a_uid_of_its_own() -> None:
    alarm = "BEGIN:VALARM\r\nUID:alarm\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM"
    (block,) = split(calendar(vevent("UID:event", uid=alarm)))
    assert block.uid == "event"


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (vevent(uid=""), "no UID"),
        (vevent(start=""), "DTSTART"),
        (vevent(start="DTSTART:soon"), "DTSTART"),
        (vevent(start="DTSTART:00010101T000000"), "DTSTART"),
        (vevent(start="DTSTART;TZID=Mars/Olympus:20260101T100000"), "DTSTART"),
        (vevent(start="DTSTART:20260101T110000Z"), "0 s"),
        (vevent(start="DTSTART:20260101T120000Z"), "-3600 s"),
        (b"BEGIN:VEVENT\r\nUID:u1\r\nBEGIN:VALARM\r\nEND:VEVENT", "u1"),
        (b"BEGIN:VEVENT\r\nUID:u1\r\nDTSTART:20260101T100000Z\r\nEND:VEVENT", "DTEND"),
    ],
)
def test_an_unusable_event_is_named_and_left_out(
    block: bytes, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        found = events(calendar(block, vevent("SUMMARY:good", uid="UID:u2")))
    assert [event.uid for event in found] == ["u2"]
    assert reason in caplog.text


def test_a_duration_stands_for_an_end() -> None:
    block = b"BEGIN:VEVENT\r\nUID:u1\r\nDTSTART:20260101T100000Z\r\nDURATION:PT45M\r\nEND:VEVENT"
    (event,) = events(calendar(block))
    assert event.duration == 2700


def attach(data: str, name: str) -> str:
    return f"ATTACH;FMTTYPE=text/x;VALUE=BINARY;ENCODING=BASE64;X-APPLE-FILENAME={name}:{data}"


@pytest.mark.parametrize("bad", ["%%%", "PD94*!", "A"])
def test_a_bad_attachment_costs_only_itself(bad: str, caplog: pytest.LogCaptureFixture) -> None:
    good = attach(base64.b64encode(b"a=b").decode(), "good")
    (event,) = events(calendar(vevent(attach(bad, "bad"), good)))
    assert [attachment.data for attachment in event.attachments if attachment.name == "good"] == ["a=b"]
    assert "u1" in caplog.text


def test_odd_attachments_are_survived(caplog: pytest.LogCaptureFixture) -> None:
    broken_xml = attach(base64.b64encode(b"<dublincore><").decode(), "episode.xml")
    latin = attach(base64.b64encode("Hörsaal".encode("latin-1")).decode(), "other")
    (event,) = events(calendar(vevent(broken_xml, latin, "ATTACH:https://example.org/a.pdf", "GARBAGE")))
    assert event.creator == ""
    assert [attachment.name for attachment in event.attachments] == ["episode.xml", "other"]
    assert "episode.xml" in caplog.text


def test_repeated_properties_take_the_first() -> None:
    (event,) = events(calendar(vevent("SUMMARY:one", "SUMMARY:two")))
    assert event.title == "one"


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)


@given(title=TEXT, description=st.lists(TEXT, max_size=4).map("\n".join))
def test_text_comes_back_as_it_was_escaped(title: str, description: str) -> None:
    def escape(text: str) -> str:
        text = text.replace("\\", "\\\\").replace("\n", "\\n")
        return text.replace(",", "\\,").replace(";", "\\;")

    (event,) = events(calendar(vevent(f"SUMMARY:{escape(title)}", f"DESCRIPTION:{escape(description)}")))
    assert (event.title, event.description) == (tidy_title(title) or "Untitled", description)


@given(st.binary(max_size=300))
def test_no_bytes_break_the_splitter_or_the_parser(noise: bytes) -> None:
    for block in split(calendar(vevent(), b"BEGIN:VEVENT\r\n" + noise + b"\r\nEND:VEVENT")):
        parse_block(block.data, block.fingerprint)


@given(
    st.lists(
        st.sampled_from(
            [
                "UID:x",
                "DTSTART:20260101T100000Z",
                "DTEND;TZID=X:1",
                "ATTACH:",
                "DURATION:P",
                "BEGIN:VALARM",
                "END:VALARM",
                " fold",
                "\tfold",
                ":",
                ";",
                "SUMMARY",
                "UID;",
            ]
        ),
        max_size=8,
    )
)
def test_no_order_of_lines_breaks_the_parser(lines: list[str]) -> None:
    for block in split(calendar("\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT"]).encode())):
        parse_block(block.data, block.fingerprint)


def test_ten_thousand_events_stay_small_in_memory(fixture: Fixture) -> None:
    one = next(split(fixture("single_event_series.ics"))).data
    body = calendar(*(one.replace(b"68b19d11", b"%08d" % number) for number in range(10_000)))
    tracemalloc.start()
    prints = {block.uid: block.fingerprint for block in split(body)}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(prints) == 10_000
    assert peak < 20 * 2**20


def test_the_library_is_not_asked_to_split(fixture: Fixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(icalendar.Event, "from_ical", None)
    assert len(list(split(fixture("hairy_multi_event.ics")))) == 5
