"""The pages System, Configuration and About."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update

from pyca.config.settings import Agent, Capture, Hooks, Input, Server, Settings
from pyca.core.access import Scope
from pyca.core.errors import MediaError
from pyca.core.states import ServiceName, ServiceState
from pyca.runtime.machine import Machine
from pyca.runtime.process import Usage
from pyca.store import services, tokens, upstream
from pyca.store.database import Database
from pyca.store.tables import ServiceRow
from pyca.ui import create_app
from pyca.ui.context import of_app
from pyca.ui.view import disks, machine, versions
from pyca.ui.view.processors import Processors, Reading
from tests.tools import FakeClock
from tests.ui_tools import Person, fill

SEEN = Machine(
    cores=4,
    load=1.26,
    cpu_busy=100.0,
    cpu_total=1000.0,
    memory_total=4_000_000_000,
    memory_free=1_500_000_000,
    swap_used=0,
    booted=1_774_600_000.0 - 3 * 3600,
    temperature=61.4,
    throttled=(),
    synchronised=True,
)


@pytest.fixture(autouse=True)
def seen(monkeypatch: pytest.MonkeyPatch) -> dict[str, Machine]:
    """The machine that the page sees, to be changed."""
    found = {"machine": SEEN}
    monkeypatch.setattr("pyca.ui.view.machine.machine.look", lambda: found["machine"])
    monkeypatch.setattr(machine, "usage", lambda pid: Usage(0.0, 48_000_000, 1))
    monkeypatch.setattr("pyca.media.abilities.version", lambda path: "7.0")
    return found


def beat(database: Database, name: ServiceName, state: ServiceState, text: str, now: float) -> None:
    with database.write() as session:
        services.beat(session, name, state, text, now)


def text_of(person: Person) -> str:
    """What the page says, in one line without tags."""
    answer = person.get("/system")
    assert answer.status_code == 200
    return words(answer.text)


def words(html: str) -> str:
    parts = [part.partition(">")[2] for part in html.split("<")]
    return " ".join(" ".join(parts).split())


def test_services_tell_what_they_do_and_what_they_take(
    person: Person, database: Database, clock: FakeClock
) -> None:
    beat(database, ServiceName.CAPTURE, ServiceState.BUSY, "records “Analysis”", clock.now())
    beat(database, ServiceName.SCHEDULE, ServiceState.IDLE, "3 events", clock.now())
    text = text_of(person)
    assert (
        "capture working Records “Analysis” Since 09:26 Heard from just now Processor 0 % Memory 48 MB"
        in text
    )
    assert f"Process {os.getpid()}" in text
    assert "schedule ready Follows the calendar · 3 events" in text
    assert "ingest not running Never started" in text
    assert "ui ready Shows this page" in text


def test_a_dead_and_a_hanging_service_are_explained(
    person: Person, database: Database, clock: FakeClock
) -> None:
    beat(database, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
    beat(database, ServiceName.INGEST, ServiceState.BUSY, "uploads", clock.now() - 305)
    beat(database, ServiceName.AGENTSTATE, ServiceState.ERROR, "<no> contact", clock.now())
    with database.write() as session:
        session.execute(update(ServiceRow).where(ServiceRow.name == "capture").values(pid_started=1.0))
    text = text_of(person)
    assert "capture died Records Its process is gone; it was last heard from 09:26 ." in text
    assert "ingest hangs Delivers recordings Its process is there and says nothing." in text
    assert "Heard from 5 min ago" in text
    assert "agentstate in trouble &lt;no&gt; contact" in text


def test_the_machine_is_told_in_words(person: Person, seen: dict[str, Machine]) -> None:
    text = text_of(person)
    assert "load 1.3 on 4 cores" in text
    assert "1.5 GB free of 4.0 GB" in text
    assert "Temperature 61 °C" in text
    assert "Running for 3 h since" in text
    assert "set by a time server" in text
    seen["machine"] = replace(
        SEEN, throttled=("too little voltage",), temperature=85.0, synchronised=False, swap_used=10**9
    )
    text = text_of(person)
    assert "85 °C hot" in text
    assert "Slowed down too little voltage" in text
    assert "no time server sets it" in text
    assert "1.0 GB swapped out" in text
    seen["machine"] = replace(SEEN, temperature=None, synchronised=None, load=None)
    text = text_of(person)
    assert "Temperature" not in text
    assert "nobody knows whether a time server sets it" in text


def test_the_processors_are_told_from_the_second_look_on(
    person: Person, seen: dict[str, Machine], clock: FakeClock
) -> None:
    assert "% busy" not in text_of(person)
    clock.move(10)
    seen["machine"] = replace(SEEN, cpu_busy=110.0, cpu_total=1040.0)
    assert "25 % busy" in text_of(person)


def test_the_fragment_is_sent_only_where_it_changed(
    person: Person, database: Database, clock: FakeClock, seen: dict[str, Machine]
) -> None:
    beat(database, ServiceName.INGEST, ServiceState.BUSY, "uploads", clock.now() - 300)
    person.get("/system/status.html")
    clock.move(10)
    first = person.get("/system/status.html")
    clock.move(1)
    seen["machine"] = replace(SEEN, memory_free=SEEN.memory_free + 1_000_000, temperature=61.2, load=1.31)
    again = person.get("/system/status.html", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    beat(database, ServiceName.INGEST, ServiceState.ERROR, "no disk", clock.now())
    changed = person.get("/system/status.html", If_None_Match=first.headers["ETag"])
    assert changed.status_code == 200
    assert "No disk" in changed.text


def test_disks_are_told_once_each(settings: Settings, database: Database, tmp_path: Path) -> None:
    capture = replace(settings.capture, fallback_directory=tmp_path / "fallback", minimum_free=0)
    settings = replace(settings, capture=capture)
    [one] = disks.each_once(settings, database, rate=1000.0)
    disk = one.disk
    assert disk
    assert [use for use, _ in one.uses] == ["recordings", "fallback", "archive", "database"]
    assert disk.total
    assert disk.seconds_left == disk.free / 1000
    assert not disk.low
    full = replace(settings, capture=replace(capture, minimum_free=10**18))
    [one] = disks.each_once(full, database, rate=0.0)
    assert one.disk and one.disk.low and one.disk.seconds_left is None
    every = disks.by_use(full, database, rate=1000.0)
    assert list(every) == ["recordings", "fallback", "archive", "database"]
    assert every["fallback"].seconds_left == 0.0
    assert every["archive"].seconds_left is None


def test_a_disk_that_does_not_answer_is_told(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("pyca.ui.view.disks.shutil.disk_usage", fail)
    assert "The disk does not answer: Input/output error." in text_of(person)


def test_the_server_and_deliveries_are_told(settings: Settings, database: Database, clock: FakeClock) -> None:
    fill(database, clock.now())
    app = create_app(replace(settings, server=Server(url="https://oc.example.org")), database, clock)
    person = Person(app.test_client(), settings.ui)
    assert "Server not asked yet https://oc.example.org" in text_of(person)
    with database.write() as session:
        upstream.succeeded(session, "server", clock.now())
        upstream.failed(session, "calendar", clock.now(), "It said <503>.")
    text = text_of(person)
    assert "Connected to https://oc.example.org, last answer 09:26" in text
    assert "Calendar of the server cannot be read since 09:26 It said &lt;503&gt;." in text
    assert "1 delivery failed" in text
    assert "3 recordings wait for delivery 1 paused" in text
    with database.write() as session:
        upstream.failed(session, "server", clock.now(), "Connection refused.")
    assert "No contact since 09:26 https://oc.example.org: Connection refused." in text_of(person)


def test_an_agent_without_server_works_alone(person: Person) -> None:
    text = text_of(person)
    assert "Works alone No server is configured" in text
    assert "Nothing waits for delivery" in text


def test_ffmpeg_is_asked_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program, asked = tmp_path / "ffmpeg", []
    program.write_text("")
    monkeypatch.setattr(versions, "find_ffmpeg", lambda environ: program)
    monkeypatch.setattr(versions.abilities, "version", lambda path: asked.append(path) or f"7.{len(asked)}")
    known = versions.Versions()
    assert [known.ffmpeg().version for _ in range(3)] == ["7.1"] * 3
    os.utime(program, (1, 1))
    assert known.ffmpeg().version == "7.2"


def test_without_ffmpeg_there_are_words(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(environ: object) -> Path:
        raise MediaError("no FFmpeg on this machine", "install it")

    monkeypatch.setattr(versions, "find_ffmpeg", fail)
    assert "FFmpeg no FFmpeg on this machine (install it)." in text_of(person)


def test_shares_are_of_the_time_between_two_looks(clock: FakeClock) -> None:
    meter = Processors()
    assert meter.share(clock, {"a": Reading(10, 100)}) == {"a": 0.1}
    clock.move(1)
    assert meter.share(clock, {"a": Reading(11, 101)}) == {"a": 0.1}, "too soon for a new figure"
    clock.move(9)
    assert meter.share(clock, {"a": Reading(15, 110), "b": Reading(1, 2)}) == {"a": 0.5, "b": 0.5}
    clock.move(1000)
    assert meter.share(clock, {"a": Reading(20, 200)}) == {"a": 0.1}, "the last look is too long ago"
    clock.move(10)
    assert meter.share(clock, {"a": Reading(5, 200)}) == {"a": 0.0}


def bearer(database: Database, scope: Scope, now: float) -> dict[str, str]:
    with database.write() as session:
        _, text = tokens.make(session, "jürg", scope, now)
    return {"Authorization": f"Bearer {text}"}


def test_log_and_configuration_are_for_administrators(
    app: Flask, database: Database, clock: FakeClock
) -> None:
    headers = bearer(database, Scope.READ, clock.now())
    client = app.test_client()
    page = client.get("/system", headers=headers)
    assert page.status_code == 200
    assert "shown to administrators only" in page.text
    assert "/system/log" not in page.text
    for path in ("/system/log", "/system/log.html", "/system/log.txt", "/system/configuration", "/log"):
        answer = client.get(path, headers=headers)
        assert answer.status_code == 403, path
        assert "admin" in answer.text
    assert client.get("/about", headers=headers).status_code == 200


@pytest.mark.parametrize("path", ["/system", "/system/status.html", "/system/configuration", "/about"])
def test_strangers_see_nothing(app: Flask, path: str) -> None:
    answer = app.test_client().get(path)
    assert answer.status_code in (302, 303, 401)
    assert "hall-1</dd>" not in answer.text


SECRET = "geheim-99"


def test_secrets_are_masked_in_the_configuration(
    settings: Settings, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYCA_SERVER_PASSWORD", SECRET)
    command = f"ffmpeg -i rtsp://root:{SECRET}@camera/x -i 'http://c/y?password={SECRET}' out"
    settings = replace(
        settings,
        agent=Agent(name="hall-1", database=f"postgresql://pyca:{SECRET}@db/pyca", timezone="UTC"),
        capture=Capture(command=command),
        inputs={"camera": Input(command=command)},
        server=Server(url="https://oc.example.org", password=SECRET),
        ui=replace(settings.ui, password=SECRET, log_command=f"/bin/log http://u:{SECRET}@h/"),
        hooks=Hooks(alarm=f"/bin/tell https://u:{SECRET}@h/"),
        services={"org.opencastproject.ingest": f"https://u:{SECRET}@h/"},
        file=Path("/etc/pyca/pyca.conf"),
        warnings=("risky <b>",),
    )
    answer = Person(create_app(settings, database, clock).test_client(), settings.ui).get(
        "/system/configuration"
    )
    assert answer.status_code == 200
    assert SECRET not in answer.text
    assert answer.text.count("********") >= 9
    text = words(answer.text)
    assert "The file /etc/pyca/pyca.conf , and environment variables that win over it." in text
    assert "Set by the environment: PYCA_SERVER_PASSWORD" in text
    assert "password &#39;********&#39; set by PYCA_SERVER_PASSWORD" in text
    assert "risky &lt;b&gt;" in text


def test_the_configuration_tells_what_is_set(person: Person) -> None:
    every = words(person.get("/system/configuration").text)
    assert "No file: every value is the default" in every
    assert "minimum_free 1k set , default 1G" in every
    assert "refresh_rate 10 default" in every
    assert "[inputs] [[camera]]" in every
    assert "log_command empty default" in every
    some = words(person.get("/system/configuration?only=set").text)
    assert "minimum_free 1k" in some
    assert "refresh_rate" not in some
    assert "[health]" not in some


def test_about_names_licence_and_libraries(person: Person, app: Flask) -> None:
    answer = person.get("/about")
    text = words(answer.text)
    assert "LGPL-3.0-or-later" in text
    assert "hall-1" in text
    flask = next(one for one in of_app(app).versions.libraries if one.name == "Flask")
    assert f"Flask {flask.version} BSD-3-Clause" in text
    assert "pytest" not in text
    assert 'href="/metrics"' in answer.text
    assert 'href="/health/ready"' in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org", "")
    assert "https://" not in answer.text
