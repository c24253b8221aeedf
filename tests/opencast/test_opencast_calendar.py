import time
from collections.abc import Callable

import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.errors import CalendarError, DeliveryError
from pyca.opencast.blocks import split
from pyca.opencast.calendar import check, fetch
from pyca.opencast.http import Http
from pyca.opencast.ical import parse_block


def test_the_raw_tag_is_echoed_and_no_cutoff_sent(server: FakeOpencast, http: Http) -> None:
    now = time.time()
    server.schedule("u1", "A; lecture, with \\ and more", now, now + 60, **{"capture.device.names": "camera"})
    address = server.url + "/recordings"
    calendar = fetch(http, address, "room 1")
    assert calendar is not None
    assert calendar.etag.startswith("mod1") or calendar.etag.startswith("mod")
    assert fetch(http, address, "room 1", calendar.etag) is None
    assert server.calls[1].headers["If-None-Match"] == calendar.etag
    assert all("cutoff" not in call.query for call in server.calls)
    (block,) = split(calendar.body)
    event = parse_block(block.data, block.fingerprint)
    assert event is not None
    assert (event.title, event.inputs) == ("A; lecture, with \\ and more", ("camera",))
    server.extend("u1", 300)
    later = fetch(http, address, "room 1", calendar.etag)
    assert later is not None
    assert later.etag != calendar.etag
    server.unschedule("u1")
    gone = fetch(http, address, "room 1", later.etag)
    assert gone is not None
    assert list(split(gone.body)) == []


def test_a_quoted_tag_is_kept_quoted(server: FakeOpencast, http: Http) -> None:
    server.quoted_etag = True
    calendar = fetch(http, server.url + "/recordings", "a")
    assert calendar is not None
    assert calendar.etag == '"mod0"'
    assert fetch(http, server.url + "/recordings", "a", calendar.etag) is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"<html>login</html>", "web page"),
        (b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEV", "truncated"),
        (b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR", "do not match"),
        (b"PK\x03\x04\0\0", "binary"),
        (b"{}", "no calendar"),
        ("BEGIN:VCALENDAR\r\nX:Hörsaal\r\nEND:VCALENDAR".encode("latin-1"), "not UTF-8"),
        ("BEGIN:VCALENDAR\r\nEND:VCALENDAR".encode("utf-16"), "binary"),
    ],
)
def test_what_is_no_calendar_is_refused(server: FakeOpencast, http: Http, body: bytes, reason: str) -> None:
    server.faults.add("/recordings/calendars", faults.body(body))
    with pytest.raises(CalendarError, match=reason):
        fetch(http, server.url + "/recordings", "a")


@pytest.mark.parametrize(
    "action", [faults.html(), faults.redirect(), faults.truncate(60), faults.status(500)]
)
def test_awkward_answers_are_errors(server: FakeOpencast, http: Http, action: faults.Action) -> None:
    server.faults.add("/recordings/calendars", action)
    with pytest.raises(DeliveryError):
        fetch(http, server.url + "/recordings", "a")


def test_every_fixture_passes(fixture: Callable[[str], bytes]) -> None:
    for name in ("single_event_series", "hairy_multi_event", "capture_now", "empty"):
        assert check(b"\xef\xbb\xbf" + fixture(f"{name}.ics") + b"\r\n", "here").endswith(b"END:VCALENDAR")
