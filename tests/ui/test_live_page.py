"""The page about the stream: each state in words, buttons for those who may press them, keys for nobody."""

import os
import re
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from pyca.config.settings import Live, Settings, Ui
from pyca.core.access import Scope
from pyca.core.event import Event
from pyca.core.live import (
    MAIN,
    Destination,
    LinkReport,
    LinkState,
    LiveReport,
    LiveState,
    LogLine,
    Profile,
    Program,
    Sample,
    Setup,
)
from pyca.live.send.presets import PRESETS
from pyca.store import accounts, destinations, events, live, services, stream_sessions
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.pages.live_sessions import LINES
from tests.live_pages import KEY, on_air, put_destination, runs
from tests.tools import FakeClock
from tests.ui_tools import JPEG, Person


def section(page: str, name: str) -> str:
    """The part of a page that has an id."""
    return page.split(f'<section id="{name}"')[1].split("</section>")[0]


@pytest.fixture
def reader(app: Flask, database: Database, clock: FakeClock) -> Person:
    """Somebody who may look and nothing else."""
    with database.write() as session:
        accounts.add(session, "eve", accounts.hash_password("long enough"), Scope.READ, clock.now())
    return Person(app.test_client(), Ui(username="eve", password="long enough"))


def test_without_the_service_the_page_says_how_to_start_it(person: Person) -> None:
    now = section(person.get("/live").text, "on-air")
    assert ">Off<" in now and "does not run" in now and "systemctl start pyca-live" in now
    assert "live-start" not in now


def test_a_dead_service_is_a_problem(person: Person, database: Database, clock: FakeClock) -> None:
    runs(database, clock.now())
    with database.write() as session:
        row = session.get(services.ServiceRow, "live")
        assert row
        row.pid_started -= 1000
    assert "has died" in section(person.get("/live").text, "on-air")


def test_a_stream_that_waits_for_its_service_is_told(
    person: Person, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        live.order(session, clock.now(), wanted=True)
    now = section(person.get("/live").text, "on-air")
    assert "begins as soon as the service runs" in now and 'id="live-stop"' in now


def test_off_offers_to_start_once_there_is_somewhere_to_send_to(
    person: Person, database: Database, clock: FakeClock
) -> None:
    runs(database, clock.now())
    now = section(person.get("/live").text, "on-air")
    assert "live-start" not in now and "set the address of a destination" in now
    put_destination(database, MAIN)
    now = section(person.get("/live").text, "on-air")
    assert "Nothing goes out" in now and 'id="live-start"' in now and "live-stop" not in now


def test_on_air_tells_since_what_and_where_to(person: Person, database: Database, clock: FakeClock) -> None:
    on_air(database, clock.now())
    text = person.get("/live").text
    now = section(text, "on-air")
    assert "is-air" in now and ">On air<" in now
    assert ">09:16</time>" in now and ">10:00</span>" in now, "ten minutes before 8:26 UTC, in Zurich"
    assert "To 1 of 2 destinations, showing the camera" in now
    assert "live-stop" in now and "live-blind" in now and "live-start" not in now
    assert "● On air" in text


def test_each_destination_says_how_it_does(person: Person, database: Database, clock: FakeClock) -> None:
    on_air(database, clock.now())
    good, bad = section(person.get("/live").text, "destinations").split("<li>")[1:]
    assert "Main destination" in good and ">live</span>" in good and "2.4 Mbit/s" in good
    assert "waits for the next try" in bad and "connection refused" in bad and "in 12 s" in bad
    assert 'id="restart-second"' in bad and 'id="halt-second"' in bad and 'id="remove-second"' in bad


@pytest.mark.parametrize(
    "path", ["/live", "/live/status.html", "/live/destinations/main/change", "/live/parameters"]
)
def test_nobody_is_shown_a_key(person: Person, database: Database, clock: FakeClock, path: str) -> None:
    on_air(database, clock.now())
    text = person.get(path).text
    assert KEY not in text and "geheim-backup" not in text


def test_a_key_that_is_part_of_the_address_is_hidden(
    person: Person, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        destinations.save(session, Destination("s", "srt://far:9000?passphrase=0123456789ab&streamid=secret"))
        destinations.save(session, Destination("r", "rtmp://far/app/secret"))
    text = person.get("/live").text
    assert "0123456789ab" not in text and "secret" not in text and "srt://far:9000" in text


def test_who_may_only_look_is_offered_nothing_to_press(
    person: Person, reader: Person, database: Database, clock: FakeClock
) -> None:
    on_air(database, clock.now(), share="tokentoken")
    for text in (reader.get("/live").text, reader.get("/live/status.html").text):
        main = text.split("<main")[-1]
        assert "On air" in text and "<form" not in main.split("</main>")[0]
        assert "data-dialog" not in main and "tokentoken" not in text


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (LiveReport(LiveState.PREPARING, started=1.0), ("Preparing", "Connections are being made")),
        (
            LiveReport(
                LiveState.PREPARING,
                links=(LinkReport(MAIN, "far", LinkState.WAITING, error="no route to host"),),
            ),
            ("No destination takes the stream", "No route to host.", "tried again by itself", "“far”"),
        ),
        (LiveReport(LiveState.STOPPING), ("Stopping",)),
        (
            LiveReport(
                error="wrong key",
                links=(LinkReport(MAIN, "far", LinkState.REFUSED, error="wrong key"),),
            ),
            ("Off after an error", "Wrong key.", "Check address and key of “far”"),
        ),
        (LiveReport(error="the camera is gone"), ("Off after an error", "Mend it, then start again")),
        (
            LiveReport(LiveState.STREAMING, program=Program.SLATE),
            ("On air", "the standby picture", "no picture from the input, which is tried"),
        ),
    ],
)
def test_each_state_says_what_is_wrong_and_what_helps(
    person: Person, database: Database, clock: FakeClock, told: LiveReport, words: tuple[str, ...]
) -> None:
    runs(database, clock.now())
    put_destination(database, MAIN)
    with database.write() as session:
        live.save_report(session, replace(told, at=clock.now()), 0)
    now = section(person.get("/live").text, "on-air")
    assert [one for one in words if one not in now] == []


def test_what_was_given_up_can_be_started_again(person: Person, database: Database, clock: FakeClock) -> None:
    runs(database, clock.now())
    put_destination(database, MAIN)
    with database.write() as session:
        orders = live.order(session, clock.now(), wanted=True)
        live.save_report(session, LiveReport(error="wrong key", at=clock.now()), orders)
    now = section(person.get("/live").text, "on-air")
    assert 'id="live-start"' in now and "live-stop" not in now
    assert person.post("/live/start").status_code == 303


def test_what_a_platform_would_not_like_is_said(person: Person, database: Database) -> None:
    with database.write() as session:
        destinations.save(session, Destination(MAIN, PRESETS["youtube"].url, KEY))
        live.change_profile(session, Profile("720p", 400_000), 0.0)
    assert "wants at least 3 Mbit/s" in section(person.get("/live").text, "destinations")


def test_a_silent_service_is_not_believed(person: Person, database: Database, clock: FakeClock) -> None:
    on_air(database, clock.now())
    clock.move(30)
    text = person.get("/live").text
    assert "No word from the live service" in section(text, "on-air")
    assert "is-air" not in text and "● On air" not in text
    assert "No word" in text and "On air" not in section(person.get("/").text, "now")


def test_the_fragment_is_sent_again_only_when_something_changed(
    person: Person, database: Database, clock: FakeClock
) -> None:
    on_air(database, clock.now())
    clock.time += 60 - clock.time % 60
    with database.write() as session:
        told = replace(live.report(session), at=clock.now())
        live.save_report(session, told, 1)
    first = person.get("/live/status.html")
    again = person.get("/live/status.html", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    with database.write() as session:
        live.save_report(session, replace(told, bitrate=1_000_000.0), 1)
    assert person.get("/live/status.html", If_None_Match=first.headers["ETag"]).status_code == 200


def test_the_picture_of_what_goes_out_is_live_or_is_said_not_to_be(
    person: Person, settings: Settings, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    at = replace(settings, live=replace(settings.live, directory=tmp_path))
    person = Person(create_app(at, database, clock).test_client(), settings.ui)
    assert person.get("/live/picture").status_code == 204
    on_air(database, clock.now())
    assert "No picture yet" in section(person.get("/live").text, "outgoing")
    picture = tmp_path / "preview.jpg"
    picture.write_bytes(JPEG)
    os.utime(picture, (clock.now() - 3, clock.now() - 3))
    assert "live, 3 s old" in section(person.get("/live").text, "outgoing")
    assert person.get("/live/moving.json").get_json()["previews"][0]["stale"] is False
    assert person.get("/live/picture").data == JPEG
    os.utime(picture, (clock.now() - 90, clock.now() - 90))
    assert "not live, taken" in section(person.get("/live").text, "outgoing")


def test_what_will_be_streamed_is_listed(settings: Settings, database: Database, clock: FakeClock) -> None:
    now = clock.now()
    with database.write() as session:
        events.add(session, Event("a", "Plain", now + 60, now + 120))
        marked = Event("b", "Marked", now + 200, now + 300, workflow_parameters={"publishLive": "true"})
        events.add(session, marked)
    for wanted, titles in (("off", set()), ("marked", {"Marked"}), ("all", {"Plain", "Marked"})):
        at = replace(settings, live=Live(events=wanted))
        person = Person(create_app(at, database, clock).test_client(), settings.ui)
        coming = section(person.get("/live").text, "coming")
        assert {title for title in ("Plain", "Marked") if title in coming} == titles


def test_a_session_has_a_page_with_graphs_and_log(
    person: Person, database: Database, clock: FakeClock
) -> None:
    now = clock.now()
    put_destination(database, "second", label="Far <away>")
    with database.write() as session:
        number = stream_sessions.begin(session, now - 100, Profile("720p", 2_500_000), "test")
        samples = [
            Sample(now - 100 + 5 * i, place, 25.0, 2_400_000.0, i, 300_000 * i)
            for i in range(20)
            for place in ("", "second")
        ]
        stream_sessions.add_samples(session, number, samples, 6_000_000)
        line = LogLine(now - 50, "warning", "the server <went> away", "second")
        stream_sessions.add_lines(session, number, [line])
        stream_sessions.end(session, number, now - 1, "stopped by admin")
    text = person.get(f"/live/sessions/{number}").text
    assert text.count("<svg viewBox") >= 3 and "2.4 Mbit/s" in text
    assert "the server &lt;went&gt; away" in text and "Far &lt;away&gt;" in text
    assert "stopped by admin" in text and 'role="img" aria-label="Bitrate: made here: latest 2.4' in text
    assert "<table" in text and "style=" not in text
    assert f"/live/sessions/{number}" in person.get("/live/sessions").text
    assert "Whole session" in person.get("/live?span=all").text
    assert person.get("/live/sessions/999").status_code == 404
    assert person.get(f"/live/sessions/{10**30}").status_code == 404


def test_the_first_screen_says_when_the_box_is_on_air(
    person: Person, database: Database, clock: FakeClock
) -> None:
    assert "Streaming" not in section(person.get("/").text, "now")
    on_air(database, clock.now())
    now = section(person.get("/").text, "now")
    assert "On air" in now and 'href="/live"' in now
    assert person.get("/status.json").get_json()["live"] == "streaming"


def test_start_stop_and_blind_are_orders(
    person: Person, database: Database, settings: Settings, clock: FakeClock
) -> None:
    runs(database, clock.now())
    assert person.post("/live/start").status_code == 409, "there is nowhere to send to"
    put_destination(database, MAIN)
    answer = person.post("/live/start")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/live?done=start")
    text = person.get("/live?done=start").text
    assert "The stream begins." in text and "Preparing" in section(text, "on-air")
    assert person.post("/live/start").status_code == 409, "it is started already"
    assert person.post("/live/blind").status_code == 303
    assert "Blinded." in person.get("/live").text
    assert person.post("/live/blind", {"on": "no"}).status_code == 303
    assert "Blinded." not in person.get("/live").text
    assert "Stop streaming?" in person.get("/live/stop").text
    assert person.post("/live/stop").status_code == 303
    with database.read() as session:
        assert not live.setup(session, Setup(wanted=True)).wanted


def test_the_service_is_listed_on_the_system_page(
    person: Person, database: Database, clock: FakeClock
) -> None:
    runs(database, clock.now())
    assert ">live</span>" in section(person.get("/system").text, "services")


@pytest.mark.parametrize("path", ["/live", "/touch", "/live/parameters", "/live/destinations/add"])
def test_pages_are_small_and_strict(person: Person, database: Database, clock: FakeClock, path: str) -> None:
    on_air(database, clock.now())
    page = person.get(path).text
    parts = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    files = {part for part in parts if part.startswith("/static/")}
    assert len(page) + sum(len(person.get(file).data) for file in files) < 75_000
    assert "style=" not in page and "onclick" not in page and "<script>" not in page


def test_a_long_log_shows_its_newest_lines_and_leads_to_older_ones(
    person: Person, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        number = stream_sessions.begin(session, clock.now() - 100, Profile(), "test")
        lines = [LogLine(clock.now() - 50, "info", f"line {at};") for at in range(LINES + 30)]
        stream_sessions.add_lines(session, number, lines)
    path = f"/live/sessions/{number}"
    text = person.get(path).text
    assert f"line {LINES + 29};" in text and "line 30;" in text and "line 29;" not in text
    assert "Newest lines" not in text and "data-refresh" in text
    (older,) = re.findall(rf'href="({path}\?before=\d+)#happened">Older lines', text)
    text = person.get(older).text
    assert "line 29;" in text and "line 0;" in text and "line 30;" not in text
    assert "Older lines" not in text and "Newest lines" in text and "data-refresh" not in text
