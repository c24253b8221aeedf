"""Resources that tell of the agent itself: name, services, machine, alarms, inputs, previews, log."""

import os
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from pyca.config.settings import Logging, Server, Settings
from pyca.core.access import Scope
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.states import ServiceName, ServiceState
from pyca.media import levels
from pyca.store import alarms, services, tokens, upstream
from pyca.store.database import Database
from pyca.ui import create_app
from tests.tools import FakeClock
from tests.ui_tools import JPEG, PNG, Person, S, fill, put

TYPE = "application/vnd.api+json"
MEMORY = Path("/dev/shm")


def ask(person: Person, path: str) -> Any:
    answer = person.get(path)
    assert (answer.status_code, answer.mimetype) == (200, TYPE), answer.text
    found = answer.get_json()
    assert found.pop("jsonapi") == {"version": "1.1"}
    return found


def test_the_name_is_told_as_ever(person: Person) -> None:
    assert ask(person, "/api/name") == {"meta": {"name": "hall-1"}}


@pytest.mark.parametrize(
    "path",
    ["", "/name", "/services", "/metrics", "/alarms", "/inputs", "/previews", "/logs"],
)
def test_unknown_parameters_are_refused(person: Person, path: str) -> None:
    answer = person.get(f"/api{path}?colour=red")
    assert answer.status_code == 400
    assert answer.get_json()["errors"][0]["source"] == {"parameter": "colour"}


@pytest.mark.parametrize("path", ["/name", "/services", "/metrics", "/alarms", "/inputs", "/previews"])
def test_nothing_is_changed_there(person: Person, path: str) -> None:
    auth = (person.ui.username, person.ui.password)
    answer = person.client.delete(f"/api{path}", auth=auth)
    assert (answer.status_code, answer.mimetype) == (405, TYPE)
    assert "GET" in answer.headers["Allow"]


class TestPreviews:
    def test_only_those_that_are_there_keep_their_numbers(
        self, person: Person, settings: Settings, clock: FakeClock
    ) -> None:
        assert ask(person, "/api/previews") == {"data": []}
        screen = settings.capture.preview_dir / "screen.png"
        screen.write_bytes(PNG)
        os.utime(screen, (clock.now() - 3, clock.now() - 3))
        (found,) = ask(person, "/api/previews")["data"]
        assert found == {
            "type": "preview",
            "id": "1",
            "attributes": {
                "id": 1,
                "label": "screen",
                "modified": clock.now() - 3,
                "stale": False,
                "mimetype": "image/png",
            },
            "links": {"self": "/img/1", "img": "/img/1"},
        }
        assert person.get(found["links"]["img"]).data == PNG

    def test_an_old_one_is_stale_and_a_half_one_is_none(
        self, person: Person, settings: Settings, clock: FakeClock
    ) -> None:
        camera = settings.capture.preview_dir / "camera.jpg"
        camera.write_bytes(JPEG)
        os.utime(camera, (clock.now() - 60, clock.now() - 60))
        (settings.capture.preview_dir / "screen.png").write_bytes(PNG[:40])
        (found,) = ask(person, "/api/previews?fields[preview]=stale")["data"]
        assert (found["id"], found["attributes"]) == ("0", {"stale": True})


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Range", "bytes=0-10", 200),
        ("Range", "bytes=900000-", 200),
        ("Range", "lines=a-z", 200),
        ("If_Modified_Since", "no date", 200),
        ("If_Modified_Since", "Fri, 31 Dec 9999 23:59:59 GMT", 304),
        ("If_None_Match", '"', 200),
        ("If_None_Match", "*", 304),
        ("If_Range", "nonsense", 200),
        ("If_Unmodified_Since", "Thu, 01 Jan 1970 00:00:00 GMT", 200),
    ],
)
def test_odd_headers_never_break_a_picture(
    person: Person, settings: Settings, header: str, value: str, status: int
) -> None:
    (settings.capture.preview_dir / "camera.jpg").write_bytes(JPEG)
    answer = person.get("/img/0", **{header: value})
    assert answer.status_code == status
    assert answer.data == (JPEG if status == 200 else b"")


@pytest.mark.parametrize(("moment", "told"), [(-1e10, 0.0), (9e15, 32_503_680_000.0)])
def test_a_picture_of_an_impossible_time_is_shown(
    settings: Settings, database: Database, clock: FakeClock, moment: float, told: float
) -> None:
    if not os.access(MEMORY, os.W_OK):
        pytest.skip("there is no disk that keeps such times")
    with TemporaryDirectory(dir=MEMORY) as folder:
        camera = Path(folder) / "camera.jpg"
        camera.write_bytes(JPEG)
        os.utime(camera, (moment, moment))
        there = replace(settings, capture=replace(settings.capture, preview_dir=Path(folder)))
        person = Person(create_app(there, database, clock).test_client(), settings.ui)
        assert person.get("/img/0").data == JPEG
        assert ask(person, "/api/previews")["data"][0]["attributes"]["modified"] == told


class TestServices:
    def test_states_are_told_as_ever(self, person: Person, database: Database, clock: FakeClock) -> None:
        fill(database, clock.now())
        found = ask(person, "/api/services")
        assert found["meta"]["services"] == {
            "schedule": "idle",
            "capture": "busy",
            "ingest": "error",
            "agentstate": "stopped",
            "ui": "idle",
        }

    def test_more_is_told_of_each(self, person: Person, database: Database, clock: FakeClock) -> None:
        with database.write() as session:
            services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "records", clock.now())
        clock.move(7)
        found = {one["id"]: one["attributes"] for one in ask(person, "/api/services")["data"]}
        capture = found["capture"]
        assert (capture["text"], capture["pid"], capture["heartbeat_age"]) == ("records", os.getpid(), 7.0)
        assert capture["process"]["memory"] > 1_000_000 and capture["process"]["cpu_seconds"] > 0
        assert (found["ingest"]["process"], found["ingest"]["pid"]) == (None, None)


class TestMetrics:
    def test_the_shape_is_that_of_older_versions(
        self, person: Person, database: Database, clock: FakeClock
    ) -> None:
        meta = ask(person, "/api/metrics")["meta"]
        assert meta["services"][0] == {"name": "schedule", "status": "stopped"}
        disk, memory = meta["disk_usage_in_bytes"], meta["memory_usage_in_bytes"]
        assert disk["total"] >= disk["used"] + disk["free"] > 0
        assert set(memory) == {"total", "available", "used", "free", "cached", "buffers"}
        assert memory["total"] > memory["available"] > 0
        assert set(meta["load"]) == {"1m", "5m", "15m"}
        assert meta["upstream"] == {"last_synchronized": None}

    def test_the_last_look_at_the_calendar(
        self, settings: Settings, database: Database, clock: FakeClock
    ) -> None:
        with database.write() as session:
            upstream.succeeded(session, "calendar", 1_774_600_000.0)
            upstream.succeeded(session, "ics", 1_774_700_000.0)
        there = replace(settings, server=Server(url="http://opencast.example.org"))
        person = Person(create_app(there, database, clock).test_client(), settings.ui)
        found = ask(person, "/api/metrics")["meta"]["upstream"]
        assert found == {"last_synchronized": "2026-03-27T08:26:40+00:00"}


class TestAlarms:
    @pytest.fixture(autouse=True)
    def stored(self, database: Database, clock: FakeClock) -> None:
        put(database, "e1", S.RECORDING, clock.now())
        now = clock.now()
        found = (
            Alarm(AlarmKind.SILENCE, "no sound for 8 s", now - 9, "e1", "camera", "capture"),
            Alarm(AlarmKind.NOT_RECORDED, "<b>nobody</b>", now - 50, service="capture", ended=now + 50),
            Alarm(AlarmKind.DISK, "is full", now - 90, service="capture", ended=now - 60),
        )
        with database.write() as session:
            for one in found:
                alarms.store(session, one)

    def test_an_alarm_tells_what_it_concerns(self, person: Person, clock: FakeClock) -> None:
        first = ask(person, "/api/alarms")["data"][0]
        assert first["attributes"] == {
            "kind": "silence",
            "text": "no sound for 8 s",
            "active": True,
            "since": clock.now() - 9,
            "ended": None,
            "input": "camera",
            "service": "capture",
        }
        assert first["relationships"]["event"]["data"] == {"type": "event", "id": "e1"}

    @pytest.mark.parametrize(
        ("query", "kinds"),
        [
            ("", ["silence", "not recorded", "disk"]),
            ("?filter[active]=true", ["silence", "not recorded"]),
            ("?filter[active]=false", ["disk"]),
        ],
    )
    def test_they_are_chosen_by_whether_they_stand(
        self, person: Person, query: str, kinds: list[str]
    ) -> None:
        found = ask(person, f"/api/alarms{query}")["data"]
        assert [one["attributes"]["kind"] for one in found] == kinds
        assert len({one["id"] for one in found}) == len(kinds)

    def test_nothing_else_can_be_asked(self, person: Person) -> None:
        answer = person.get("/api/alarms?filter[active]=maybe")
        assert answer.status_code == 400
        assert answer.get_json()["errors"][0]["source"] == {"parameter": "filter[active]"}


class TestInputs:
    def test_inputs_tell_what_they_record(
        self, person: Person, database: Database, clock: FakeClock, settings: Settings
    ) -> None:
        put(database, "e1", S.RECORDING, clock.now())
        (settings.capture.preview_dir / "camera.jpg").write_bytes(JPEG)
        camera, screen = ask(person, "/api/inputs")["data"]
        assert camera["attributes"] == {
            "name": "camera",
            "flavors": ["presenter/source"],
            "recording": True,
            "level": None,
        }
        assert camera["relationships"]["events"]["data"] == [{"type": "event", "id": "e1"}]
        assert camera["relationships"]["previews"]["data"] == [{"type": "preview", "id": "0"}]
        assert screen["relationships"]["previews"]["data"] == []

    def test_an_idle_input_records_nothing(self, person: Person) -> None:
        found = ask(person, "/api/inputs?fields[input]=recording")["data"]
        assert [one["attributes"] for one in found] == [{"recording": False}] * 2


class TestLogs:
    @pytest.fixture
    def settings(self, settings: Settings, tmp_path: Path) -> Settings:
        file = tmp_path / "pyca.log"
        lines = ["[INFO] one", "[ERROR] two", "[WARNING] <three>", "[DEBUG] four"]
        file.write_text("".join(f"2026-03-27 08:15:0{n} {line}\n" for n, line in enumerate(lines)))
        return replace(settings, logging=Logging(file=file))

    @pytest.mark.parametrize(
        ("query", "words"),
        [
            ("", ["one", "two", "<three>", "four"]),
            ("?limit=2", ["<three>", "four"]),
            ("?filter[level]=warning", ["two", "<three>"]),
            ("?filter[level]=warning&limit=1", ["<three>"]),
        ],
    )
    def test_the_newest_lines(self, person: Person, clock: FakeClock, query: str, words: list[str]) -> None:
        (found,) = ask(person, f"/api/logs{query}")["data"]
        assert (found["type"], found["id"]) == ("logs", str(int(clock.now())))
        assert [line.rpartition(" ")[2] for line in found["attributes"]["lines"]] == words

    @pytest.mark.parametrize("query", ["limit=0", "limit=x", "limit=-1", "limit=9999", "limit=١"])
    def test_an_odd_limit_is_refused(self, person: Person, query: str) -> None:
        answer = person.get(f"/api/logs?{query}")
        assert answer.status_code == 400
        assert answer.get_json()["errors"][0]["source"] == {"parameter": "limit"}

    @pytest.mark.parametrize("level", ["", "loud", "unknown", "WARNING"])
    def test_an_odd_level_is_refused(self, person: Person, level: str) -> None:
        assert person.get(f"/api/logs?filter[level]={level}").status_code == 400


@pytest.mark.parametrize("scope", [Scope.READ, Scope.OPERATE])
def test_the_log_is_for_admins(person: Person, database: Database, clock: FakeClock, scope: Scope) -> None:
    with database.write() as session:
        _, key = tokens.make(session, person.ui.username, scope, clock.now())
    bearer = {"Authorization": f"Bearer {key}"}
    assert person.client.get("/api/services", headers=bearer).status_code == 200
    answer = person.client.get("/api/logs", headers=bearer)
    assert (answer.status_code, answer.mimetype) == (403, TYPE)


def test_without_a_log_there_is_none(person: Person) -> None:
    answer = person.get("/api/logs")
    assert (answer.status_code, answer.get_json()["errors"][0]["title"]) == (404, "No log")


def test_levels_are_those_of_the_latest_second(
    person: Person, settings: Settings, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Sound:
        rms, peak, at = -20.5, None, 1_774_599_999.0

    monkeypatch.setattr(levels, "read", lambda folder: {"camera": Sound})
    camera, screen = ask(person, "/api/inputs")["data"]
    assert camera["attributes"]["level"] == {"rms": -20.5, "peak": None, "at": Sound.at, "stale": False}
    assert screen["attributes"]["level"] is None
