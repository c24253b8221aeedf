"""The schedule page: days, conflicts, and planning, changing and cancelling events."""

from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pyca.config.settings import Live, Settings
from pyca.core.access import Scope
from pyca.core.event import Event, Origin
from pyca.core.live import MARK
from pyca.core.states import EventState
from pyca.store import events, recordings
from pyca.store.database import Database
from tests.tools import FakeClock
from tests.ui_shown import at, plan, program
from tests.ui_tools import USER, Person, put

S = EventState
FORM: dict[str, object] = {
    "title": "Physics",
    "date": "2026-11-20",
    "time": "10:00",
    "minutes": "90",
    "inputs": ["camera", "screen"],
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(at("2026-11-19T11:20"))


def column(page: str, weekday: str) -> str:
    """Return the part of the page that is about one day."""
    return page.split(f'<span class="weekday">{weekday}</span>')[1].split("<h2")[0]


def test_a_week_shows_what_is_planned_and_what_was_recorded(
    person: Person, database: Database, clock: FakeClock
) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"), title="Optics <b>")
    put(database, "r", S.FINISHED_UPLOADING, clock.now(), title="Physics", start=at("2026-11-16T08:15"))
    plan(database, "other", at("2026-11-23T00:00"), at("2026-11-23T01:00"), title="Far ahead")
    page = person.get("/schedule").text
    friday, monday = column(page, "Fri"), column(page, "Mon")
    assert "Optics &lt;b&gt;" in friday and "planned" in friday and ">10:00</time> – <time" in friday
    assert 'href="/schedule/events/n"' in friday
    assert "Physics" in monday and "archived" in monday and 'href="/recordings/r"' in monday
    assert "Far ahead" not in page and "Week 47" in page
    assert "Far ahead" in person.get("/schedule?week=2026-W48").text


def test_a_day_and_the_ways_around_it(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"), title="Optics")
    assert "Nothing is planned on this day" in person.get("/schedule?day=2026-11-21").text
    page = person.get("/schedule?day=2026-11-20").text
    assert "Optics" in page and "20 November 2026" in page
    assert 'href="/schedule?day=2026-11-19"' in page and 'href="/schedule?day=2026-11-21"' in page
    assert "Nothing is planned in this week" in person.get("/schedule?week=2030-W01").text


def test_an_event_beyond_midnight_is_on_both_days(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T22:00"), at("2026-11-21T07:00"), title="Night")
    page = person.get("/schedule").text
    assert "Night" in column(page, "Fri") and "since" in column(page, "Sat")


def test_days_of_23_and_25_hours(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-10-25T02:30", fold=1), at("2026-10-25T03:30"), title="Second")
    page = person.get("/schedule?week=2026-W43").text
    assert "25 h: clocks are put back" in page and "02:00&#8202;*" in page
    assert 'class="gap' in page, "other days do not have that hour"
    assert "23 h: clocks are put forward" in person.get("/schedule?day=2027-03-28").text


def test_what_runs_at_once_stands_side_by_side(person: Person, database: Database) -> None:
    for name in "ab":
        plan(database, name, at("2026-11-20T10:00"), at("2026-11-20T11:00"), title=name * 9)
    page = column(person.get("/schedule").text, "Fri")
    assert "lanes-2" in page and "at-1 until-2" in page and "at-2 until-3" in page
    assert "conflict" not in page, "two may run at once"


def test_what_is_too_much_is_called_a_conflict(person: Person, database: Database) -> None:
    for name, end in (("a", "11:00"), ("b", "11:30"), ("c", "12:00"), ("d", "10:45")):
        plan(database, name, at("2026-11-20T10:00"), at(f"2026-11-20T{end}"), title=f"Talk {name}")
    page = person.get("/schedule").text
    assert "“Talk a” and “Talk b” run" in page
    assert "begin late, at tomorrow 11:00" in page and "lack its first 1 h" in page
    assert "It will not be recorded." in page
    assert "conflict: begins late, 11:00" in column(page, "Fri")
    assert "conflict: not recorded" in column(page, "Fri")
    assert "begin late" in person.get("/schedule/events/c").text
    assert "Conflict" not in person.get("/schedule/events/a").text


def test_the_fragment_is_sent_only_where_it_changed(person: Person, database: Database) -> None:
    first = person.get("/fragments/schedule?week=2026-W47")
    assert first.status_code == 200 and 'id="calendar"' in first.text and "<html" not in first.text
    tag = first.headers["ETag"]
    assert person.get("/fragments/schedule?week=2026-W47", If_None_Match=tag).status_code == 304
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"))
    assert person.get("/fragments/schedule?week=2026-W47", If_None_Match=tag).status_code == 200


def test_nothing_on_the_page_needs_a_style_attribute(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"))
    for path in ("/schedule", "/schedule/events/n", "/schedule/add"):
        assert "style=" not in person.get(path).text


def test_every_row_and_lane_that_pages_name_has_a_rule(app: Flask) -> None:
    sheet = (Path(app.static_folder or "") / "schedule.css").read_text("utf-8")
    names = [f".from-{row}{{" for row in range(1, 103)] + [f".to-{row}{{" for row in range(2, 104)]
    names += [f".at-{lane}{{" for lane in range(1, 13)] + [f".until-{lane}{{" for lane in range(2, 14)]
    assert [name for name in names if name not in sheet] == []


def test_an_event_that_has_begun_is_a_recording(person: Person, database: Database, clock: FakeClock) -> None:
    put(database, "a/b//ü", S.RECORDING, clock.now())
    answer = person.get("/schedule/events/a/b//ü")
    assert answer.status_code == 302 and person.get(answer.headers["Location"]).status_code == 200


def test_an_event_of_the_server_says_where_it_is_changed(person: Person, database: Database) -> None:
    start, end = at("2026-11-20T10:00"), at("2026-11-20T11:30")
    plan(database, "o", start, end, origin=Origin.OPENCAST)
    plan(database, "i", start, end, origin=Origin.ICS)
    assert "Opencast’s schedule. It can be changed" in person.get("/schedule/events/o").text
    assert "the calendar that this agent reads" in person.get("/schedule/events/i").text
    for action in ("change", "cancel"):
        assert f'id="{action}"' not in person.get("/schedule/events/o").text
        assert person.get(f"/schedule/{action}?uid=o").status_code == 409
        assert person.post(f"/schedule/{action}", FORM | {"uid": "o"}).status_code == 409
    with database.read() as session:
        assert events.get(session, "o") is not None


@pytest.mark.parametrize(
    ("now", "asked", "date", "time"),
    [
        ("2026-11-19T11:20", "", "2026-11-19", "12:00"),
        ("2026-11-19T23:00", "", "2026-11-20", "00:00"),
        ("2026-11-19T23:59", "?day=2026-11-19", "2026-11-20", "00:00"),
        ("2026-12-31T23:30", "", "2027-01-01", "00:00"),
        ("2026-03-29T01:30", "", "2026-03-29", "03:00"),
        ("2026-11-19T23:30", "?day=2026-11-23", "2026-11-23", "09:00"),
    ],
)
def test_the_form_proposes_a_time_that_is_still_to_come(
    person: Person, clock: FakeClock, now: str, asked: str, date: str, time: str
) -> None:
    clock.time = at(now)
    page = person.get(f"/schedule/add{asked}").text
    assert f'value="{date}"' in page and f'value="{time}"' in page


def test_an_event_is_planned(person: Person, database: Database) -> None:
    answer = person.post(
        "/schedule/add", FORM | {"title": " Über\0 <i>🎓 ", "description": "a\r\nb 👩‍🏫\x07"}
    )
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/schedule?week=2026-W47&done=add"
    assert "The event is planned." in person.get(answer.headers["Location"]).text
    with database.read() as session:
        (event,) = events.upcoming(session)
    assert (event.title, event.description, event.creator) == ("Über <i>🎓", "a\nb 👩‍🏫", USER)
    assert (event.start, event.end) == (at("2026-11-20T10:00"), at("2026-11-20T11:30"))
    assert event.inputs == () and event.origin is Origin.LOCAL
    assert "Über &lt;i&gt;" in person.get("/schedule").text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minutes": "-1"}, "number of minutes"),
        ({"title": "\0"}, "needs a title"),
        ({"title": "x" * 401}, "401 characters, 400 are allowed"),
        ({"inputs": ["/etc/passwd"]}, "at least one input"),
        ({"date": "yesterday"}, "Give a day"),
        ({"date": "2026-11-18"}, "This time is over"),
    ],
)
def test_a_wrong_form_comes_back_as_it_was_typed(
    person: Person, database: Database, fields: dict[str, object], words: str
) -> None:
    answer = person.post("/schedule/add", FORM | {"creator": "<b>&\"'"} | fields)
    assert answer.status_code == 422 and words in answer.text
    assert 'value="&lt;b&gt;&amp;&#34;&#39;"' in answer.text and 'aria-invalid="true"' in answer.text
    with database.read() as session:
        assert events.upcoming(session) == []


def test_a_time_that_comes_twice_can_be_chosen(person: Person, database: Database, clock: FakeClock) -> None:
    clock.time = at("2026-10-20T12:00")
    form = FORM | {"date": "2026-10-25", "time": "02:30"}
    answer = person.post("/schedule/add", form)
    assert answer.status_code == 422 and 'name="again" value="1"' in answer.text
    assert person.post("/schedule/add", form | {"again": "1"}).status_code == 303
    with database.read() as session:
        (event,) = events.upcoming(session)
    assert event.start == at("2026-10-25T02:30", fold=1)
    assert 'name="again" value="1"' in person.get(f"/schedule/change?uid={event.uid}").text


def test_a_taken_time_is_refused_with_the_names_of_what_is_there(person: Person, database: Database) -> None:
    for name in "ab":
        plan(database, name, at("2026-11-20T10:00"), at("2026-11-20T11:00"), title=f"Talk <{name}>")
    answer = person.post("/schedule/add", FORM)
    assert answer.status_code == 422 and "This time is taken" in answer.text
    assert "“Talk &lt;a&gt;” (tomorrow 10:00 – 11:00)" in answer.text and "Talk &lt;b&gt;" in answer.text
    with database.read() as session:
        assert len(events.upcoming(session)) == 2


def test_an_event_is_changed(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"), title="Optics", inputs=("screen",))
    page = person.get("/schedule/change?uid=n").text
    assert 'value="Optics"' in page and 'value="90"' in page and 'value="2026-11-20"' in page
    assert 'value="screen" checked' in page and 'value="camera">' in page
    changed = FORM | {"uid": "n", "title": "Waves", "time": "10:30", "minutes": "45"}
    assert person.post("/schedule/change", changed).headers["Location"].endswith("done=change")
    with database.read() as session:
        (event,) = events.upcoming(session)
    assert (event.uid, event.title, event.duration) == ("n", "Waves", 2700)
    assert event.start == at("2026-11-20T10:30")


class TestLive:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return replace(settings, live=Live(events="marked"))

    def test_an_event_is_marked_to_be_streamed_and_no_longer(
        self, person: Person, database: Database
    ) -> None:
        assert 'name="live">' in person.get("/schedule/add").text
        assert person.post("/schedule/add", FORM | {"live": "on"}).status_code == 303
        with database.read() as session:
            (event,) = events.upcoming(session)
        assert event.workflow_parameters == {MARK: "true"}
        assert "It is streamed" in person.get(f"/schedule/events/{event.uid}").text
        assert 'name="live" checked' in person.get(f"/schedule/change?uid={event.uid}").text
        assert person.post("/schedule/change", FORM | {"uid": event.uid}).status_code == 303
        with database.read() as session:
            (event,) = events.upcoming(session)
        assert event.workflow_parameters == {}
        assert "It is streamed" not in person.get(f"/schedule/events/{event.uid}").text


def test_a_mark_that_the_form_does_not_show_stays(person: Person, database: Database) -> None:
    with database.write() as session:
        times = at("2026-11-20T10:00"), at("2026-11-20T11:30")
        events.add(session, Event("n", "Optics", *times, workflow_parameters={MARK: "true"}))
    assert 'name="live"' not in person.get("/schedule/change?uid=n").text
    assert person.post("/schedule/change", FORM | {"uid": "n"}).status_code == 303
    with database.read() as session:
        (event,) = events.upcoming(session)
    assert (event.title, event.workflow_parameters) == ("Physics", {MARK: "true"})


def test_a_form_of_yesterday_does_not_undo_what_others_changed(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"), title="Optics")
    seen = person.get("/schedule/change?uid=n").text.split('name="seen" value="')[1].split('"')[0]
    assert person.post("/schedule/change", FORM | {"uid": "n", "title": "Waves"}).status_code == 303
    late = FORM | {"uid": "n", "title": "Stale", "seen": seen}
    answer = person.post("/schedule/change", late)
    assert answer.status_code == 422 and "Somebody has changed this event meanwhile" in answer.text
    assert "it is “Waves” now" in answer.text and 'value="Stale"' in answer.text
    with database.read() as session:
        assert events.upcoming(session)[0].title == "Waves"
    fresh = answer.text.split('name="seen" value="')[1].split('"')[0]
    assert person.post("/schedule/change", late | {"seen": fresh}).status_code == 303


def test_a_wrong_change_changes_nothing(person: Person, database: Database) -> None:
    before = plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"))
    assert person.post("/schedule/change", FORM | {"uid": "n", "minutes": "0"}).status_code == 422
    with database.read() as session:
        assert events.get(session, "n") == before


def test_an_event_is_cancelled_after_a_question(person: Person, database: Database) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"), title="Optics")
    assert "Cancel “Optics”?" in person.get("/schedule/cancel?uid=n").text
    answer = person.post("/schedule/cancel", {"uid": "n"})
    assert "is cancelled" in person.get(answer.headers["Location"]).text
    with database.read() as session:
        assert events.upcoming(session) == []


@pytest.mark.parametrize("action", ["change", "cancel"])
def test_what_has_begun_meanwhile_goes_on(
    person: Person, database: Database, clock: FakeClock, action: str
) -> None:
    event = plan(database, "n", clock.now() - 5, clock.now() + 3600)
    with database.write() as session:
        recordings.begin(session, event, Path("/recordings/n"), clock.now())
    answer = person.post(f"/schedule/{action}", FORM | {"uid": "n"})
    assert answer.status_code in (409, 422) and "has begun" in answer.text
    with database.read() as session:
        assert events.get(session, "n") is not None and recordings.operator_ends(session) == {}


@pytest.mark.parametrize("uid", ["", "unknown", "../../etc", "a\0b", "x" * 5000])
def test_unknown_events_are_not_found(person: Person, uid: str) -> None:
    for action in ("change", "cancel"):
        assert person.post(f"/schedule/{action}", FORM | {"uid": uid}).status_code == 404
    assert person.get("/schedule/events/a%00b").status_code == 404


def test_who_may_only_look_cannot_act(client: FlaskClient, database: Database, clock: FakeClock) -> None:
    plan(database, "n", at("2026-11-20T10:00"), at("2026-11-20T11:30"))
    reader = program(client, database, Scope.READ, clock.now())
    page = reader.get("/schedule").text + reader.get("/schedule/events/n").text
    assert "Lecture n" in page
    for name in ("add-event", "change", "cancel"):
        assert f'id="{name}"' not in page
    for action in ("add", "change", "cancel"):
        assert reader.get(f"/schedule/{action}?uid=n").status_code == 403
        assert reader.post(f"/schedule/{action}", FORM | {"uid": "n"}).status_code == 403
    with database.read() as session:
        assert [event.uid for event in events.upcoming(session)] == ["n"]


def test_strangers_see_nothing(client: FlaskClient) -> None:
    for path in ("/schedule", "/fragments/schedule", "/schedule/events/n", "/schedule/add"):
        assert client.get(path).status_code in (303, 401)
