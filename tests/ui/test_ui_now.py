"""The first screen: it answers in three seconds of looking, and as quickly after years."""

import os
import sqlite3
from dataclasses import replace
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import insert
from sqlalchemy.event import listen

from pyca.config.settings import Input, Server, Settings, Ui
from pyca.core.access import Scope
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.media import levels
from pyca.store import accounts, alarms, events, services, upstream
from pyca.store.database import Database
from pyca.store.events import columns_of
from pyca.store.tables import AlarmRow, RecordedEvent
from pyca.ui import create_app
from pyca.ui.context import of_app
from pyca.ui.view.alarms import HELP, KINDS
from pyca.ui.view.levels import Level
from pyca.ui.view.overview import gather
from pyca.ui.view.sound import meter
from tests.tools import FakeClock
from tests.ui_tools import JPEG, Person, fill, put

S = EventState
MANY = 10_000


def reader(app: Flask, database: Database, now: float) -> Person:
    """Somebody who may look and nothing else."""
    with database.write() as session:
        accounts.add(session, "eve", accounts.hash_password("long enough"), Scope.READ, now)
    return Person(app.test_client(), Ui(username="eve", password="long enough"))


def section(page: str, name: str) -> str:
    """The part of a page that has an id."""
    return page.split(f'<section id="{name}"')[1].split("</section>")[0]


def test_who_may_only_look_is_offered_no_action(
    app: Flask, person: Person, database: Database, clock: FakeClock
) -> None:
    fill(database, clock.now())
    for name in ("record-now", "stop-1", "extend-1", "retry-6"):
        assert f'id="{name}"' in person.get("/").text
    text = reader(app, database, clock.now()).get("/").text
    assert "A recording one" in text and "data-dialog" not in text


def test_the_navigation_tells_where_one_is(person: Person) -> None:
    header = person.get("/").text.split("<nav")[1].split("</nav>")[0]
    assert header.count("aria-current") == 1
    assert '<a href="/" aria-current="page">' in header


def test_the_log_is_linked_for_those_who_may_read_it(
    app: Flask, person: Person, database: Database, clock: FakeClock
) -> None:
    assert '<a href="/system/log">Log</a>' in person.get("/").text
    assert ">Log</a>" not in reader(app, database, clock.now()).get("/").text


@pytest.mark.parametrize(("moment", "offset"), [(1_768_000_000.0, 3600), (1_784_000_000.0, 7200)])
def test_the_script_learns_how_clocks_at_the_agent_are_set(
    person: Person, clock: FakeClock, moment: float, offset: int
) -> None:
    clock.time = moment
    assert f'since <time data-offset="{offset}"></time>' in person.get("/").text


def test_a_stranger_learns_neither_pages_nor_time_zone(app: Flask) -> None:
    page = app.test_client().get("/login").text
    assert "<nav" not in page and "Europe/Zurich" not in page and "record-now" not in page


def test_the_zone_of_the_machine_has_a_name_too(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    bare = replace(settings, agent=replace(settings.agent, timezone=""))
    text = Person(create_app(bare, database, clock).test_client(), settings.ui).get("/").text
    assert len(text.split('class="zone">')[1].split("<")[0]) >= 2


def test_on_air_tells_since_until_and_what_remains(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, "r", S.RECORDING, clock.now(), title="Physics")
    now = section(person.get("/").text, "now")
    assert "On air" in now and "Ready" not in now
    assert ">09:06</time>" in now and ">09:51</time>" in now, "26 minutes past eight UTC, in Zurich"
    assert ">25:00</span>" in now and ">20:00</span></b> recorded" in now


def test_idle_says_when_it_goes_on_and_whether_it_could(
    person: Person, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        events.add(session, Event("n", "Algebra", clock.now() + 2820, clock.now() + 5000))
    now = section(person.get("/").text, "now")
    assert "Not ready" in now, "the recorder does not run"
    assert "Algebra" in now and "47 min" in now
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.IDLE, "", clock.now())
    now = section(person.get("/").text, "now")
    assert "Ready" in now and "Not ready" not in now


def test_an_empty_schedule_says_where_events_come_from(
    person: Person, settings: Settings, database: Database, clock: FakeClock
) -> None:
    assert "Plan a recording" in section(person.get("/").text, "now")
    connected = replace(settings, server=Server(url="https://opencast.example.org"))
    other = Person(create_app(connected, database, clock).test_client(), settings.ui)
    assert "The calendar is looked at every 1 min" in section(other.get("/").text, "now")
    with database.write() as session:
        upstream.succeeded(session, "calendar", clock.now())
    assert "last at" in section(other.get("/").text, "now")


def test_what_comes_is_in_groups_of_days(person: Person, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    coming = section(person.get("/").text, "next")
    days = [part.split("</h3>")[0] for part in coming.split("<h3>")[1:]]
    assert days == ["Today", "Tomorrow", "Sun 29 Mar"]


def test_the_heaviest_alarms_come_first_and_say_what_helps(
    person: Person, database: Database, clock: FakeClock
) -> None:
    fill(database, clock.now())
    with database.write() as session:
        for number, kind in enumerate((AlarmKind.DATABASE, AlarmKind.SILENCE, AlarmKind.BLACK)):
            alarms.store(session, Alarm(kind, "x", clock.now() - number, "e0", "camera", "capture"))
    shown = section(person.get("/").text, "alarms")
    first, more = shown.split("<details")
    assert first.index("No sound") < first.index("The picture is black") < first.index("in trouble")
    assert HELP[AlarmKind.SILENCE] in first
    assert "could not be uploaded" in more and "2 more alarms" in more


def test_every_kind_of_alarm_has_a_remedy() -> None:
    assert set(HELP) == set(KINDS) == set(AlarmKind)


@pytest.mark.parametrize(
    ("rms", "peak", "stale", "words", "look"),
    [
        (-23.4, -9.0, False, "−23 dB", ""),
        (-72.0, -70.0, False, "no sound", "bad"),
        (-3.0, 0.0, False, "too loud", "bad"),
        (-23.0, None, False, "−23 dB", ""),
        (None, None, False, "not measured", "old"),
        (-23.0, -9.0, True, "not measured", "old"),
    ],
)
def test_a_level_in_words(
    rms: float | None, peak: float | None, stale: bool, words: str, look: str, settings: Settings
) -> None:
    shown = meter(Level(rms, peak, 0.0, stale), settings.health)
    assert (shown.words, shown.look) == (words, look)
    assert 0 <= shown.width <= 600 and shown.peak <= 597


def test_sound_stands_with_its_picture_and_alone_where_there_is_none(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    heard = replace(settings, inputs={**settings.inputs, "desk": Input(command="x")})
    person = Person(create_app(heard, database, clock).test_client(), settings.ui)
    now = clock.now()
    levels.write(
        settings.capture.preview_dir,
        {"camera": levels.Sounding(-20, -8, now), "desk": levels.Sounding(-30, None, now)},
    )
    camera, screen, desk = section(person.get("/").text, "previews").split("<figure")[1:]
    assert "−20 dB" in camera and 'width="400"' in camera
    assert "dB" not in screen
    assert "−30 dB" in desk and 'class="picture"' not in desk


def test_pictures_and_levels_that_move_do_not_change_the_fragment(
    person: Person, settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "pyca.ui.view.disks.shutil.disk_usage",
        lambda folder: SimpleNamespace(total=10**12, used=10**11, free=10**11),
    )
    clock.time -= clock.time % 60
    picture = settings.capture.preview_dir / "camera.jpg"
    picture.write_bytes(JPEG)

    def ask(tag: str, age: float, rms: float) -> tuple[int, str]:
        os.utime(picture, (clock.now() - age, clock.now() - age))
        levels.write(picture.parent, {"camera": levels.Sounding(rms, rms, clock.now())})
        answer = person.get("/status.html", If_None_Match=tag)
        return answer.status_code, answer.headers["ETag"]

    _, tag = ask("", 3, -20)
    assert ask(tag, 1, -40)[0] == 304
    assert ask(tag, 100, -40)[0] == 200, "that it is not live any more is news"


def test_the_page_is_small(person: Person, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    page = person.get("/").text
    parts = [part.split('"')[0] for part in page.replace('href="', 'src="').split('src="')[1:]]
    files = {part for part in parts if part.startswith("/static/")}
    sizes = {file: len(person.get(file).data) for file in files}
    script = next(size for file, size in sizes.items() if "page.js" in file)
    assert script < 14_000
    assert len(page.encode()) + sum(sizes.values()) < 60_000
    assert "style=" not in page and "onclick" not in page and "<script>" not in page


def history(database: Database, first: int, last: int, now: float) -> None:
    """Add recordings of the past: delivered, failed, recorded in vain, with alarms that are over."""
    states = [S.FINISHED_UPLOADING] * 7 + [S.FAILED_UPLOADING, S.FAILED_RECORDING, S.PARTIAL_RECORDING]
    common = columns_of(Event("", "Past", 0, 0)) | {"directory": "/r", "error": ""}
    rows = [
        common | {"uid": f"h{n}", "start": now - 86400 - n, "end": now - 86000, "ended": now - 86000}
        | {"state": str(states[n % 10])}
        for n in range(first, last)
    ]  # fmt: skip
    ended = {"kind": "silence", "subject": "", "input": "", "service": "capture", "text": "x"}
    with database.write() as session:
        session.execute(insert(RecordedEvent), rows)
        session.execute(
            insert(AlarmRow),
            [ended | {"since": now - 86400 - n, "ended": now - 86000} for n in range(first, last)],
        )


def work(app: Flask, database: Database) -> tuple[int, int]:
    """How many statements the first screen takes, and how many hundreds of steps SQLite does for them."""
    statements, steps = [], []

    def count(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(lambda: steps.append(1), 100)

    with database.read() as session:
        engine = session.get_bind()
    listen(engine, "checkout", count)
    listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    gather(of_app(app))
    return len(statements), len(steps)


def test_the_first_screen_costs_the_same_after_years(
    app: Flask, database: Database, clock: FakeClock
) -> None:
    fill(database, clock.now())
    history(database, 0, 200, clock.now())
    _, young = work(app, database)
    history(database, 200, MANY, clock.now())
    statements, old = work(app, database)
    assert statements <= 15
    assert old <= 1.5 * young, "it would take sorting or reading what was recorded long ago"
