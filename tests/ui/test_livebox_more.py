"""What the livebox interface has beside the published one: source, blinding, destinations, sessions."""

from typing import Any

import pytest
from flask import Flask

from pyca.config.settings import Settings
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Profile, Program, Sample
from pyca.live.service import operator
from pyca.store import live, stream_sessions
from pyca.store.database import Database
from tests.livebox_tools import ADDRESS, Asker, Streamer, plain
from tests.tools import FakeClock


@pytest.fixture
def streamer(database: Database, clock: FakeClock) -> Streamer:
    made = Streamer(database, clock)
    made.tell(LiveReport(at=clock.now()))
    return made


@pytest.fixture
def box(app: Flask, settings: Settings, streamer: Streamer) -> Asker:
    return Asker(app.test_client(), (settings.ui.username, settings.ui.password))


def test_the_source(box: Asker) -> None:
    fresh = {"input": "auto", "encoder": "auto", "hflip": False, "vflip": False}
    assert box.get("source") == fresh
    assert box.post("source", {"input": "test", "vflip": True}) == fresh | {"input": "test", "vflip": True}
    assert plain(box.ask("POST", "source", data={"vflip": "false", "hflip": "on"}))["hflip"] is True
    assert "“hflip”" in box.post("source", {"input": "screen", "hflip": "perhaps"}, 400)["reason"]
    assert "“lens”" in box.post("source", {"lens": "wide"}, 400)["reason"]
    assert box.get("source") == fresh | {"input": "test", "hflip": True}


def test_the_password_of_a_camera_is_not_told(box: Asker, database: Database, settings: Settings) -> None:
    told = box.post("source", {"input": "rtsp://me:geheim@127.0.0.1/stream"})
    assert "geheim" not in str(told) and "geheim" not in str(box.get("source"))
    box.post("source", told | {"vflip": True})
    with database.read() as session:
        found = operator.setup(session, settings).source
    assert found.vflip and found.input == "rtsp://me:geheim@127.0.0.1/stream"


def test_blinding(box: Asker, database: Database) -> None:
    assert box.put("blind")["blind"] is True
    assert box.put("blind")["blind"] is True
    assert box.get("report")["blind"] is True
    assert box.put("unblind")["blind"] is False
    with database.read() as session:
        assert live.setup(session, live.Setup()).blind is False


def test_the_report(box: Asker, streamer: Streamer, clock: FakeClock) -> None:
    link = LinkReport("main", "Platform", LinkState.LIVE, "rtmp://h/a/********", sent=9, bitrate=8.0)
    told = LiveReport(LiveState.STREAMING, program=Program.CAMERA, at=clock.now(), fps=25.0, links=(link,))
    streamer.tell(told)
    found = box.get("report")
    assert (found["state"], found["program"], found["fps"]) == ("streaming", "camera", 25.0)
    assert found["links"][0]["state"] == "live" and found["now"] == clock.now() and not found["wanted"]


def test_presets(box: Asker) -> None:
    found = {one["name"]: one for one in box.get("presets")["presets"]}
    assert box.post("control", {"url": "youtube"})["url"] == found["youtube"]["url"]


def test_destinations(box: Asker, streamer: Streamer, clock: FakeClock) -> None:
    (main,) = box.get("destinations")["destinations"]
    assert (main["id"], main["url"], main["key"], main["state"]) == ("main", "", "", "off")
    answer = box.ask("POST", "destinations", json={"label": "Ours", "url": ADDRESS, "key": "secret"})
    made = plain(answer, 201)
    assert (made["label"], made["url"], made["key"], made["wanted"]) == ("Ours", ADDRESS, "********", True)
    place = f"destinations/{made['id']}"
    assert answer.headers["Location"] == f"/api/livebox/v1/{place}"
    streamer.tell(
        LiveReport(
            LiveState.STREAMING, at=clock.now(), links=(LinkReport(made["id"], "Ours", LinkState.WAITING),)
        )
    )
    assert box.get(place)["state"] == "waiting"
    changed = plain(box.ask("PUT", place, json={"backup": ADDRESS, "key": "********"}))
    assert changed["backup"] == ADDRESS and changed["key"] == "********" and changed["label"] == "Ours"
    plain(box.ask("PUT", place, json={"label": "New", "url": "x"}), 400)
    assert box.get(place)["label"] == "Ours"
    assert box.put(f"{place}/stop")["wanted"] is False
    assert "stopped" in box.put(f"{place}/restart", 400)["reason"]
    assert box.put(f"{place}/start")["wanted"] is True
    assert box.put(f"{place}/restart")["id"] == made["id"]
    assert (box.ask("DELETE", place).status_code, box.ask("DELETE", place).status_code) == (204, 404)


def test_destinations_that_cannot_be(box: Asker) -> None:
    for wrong in ({}, {"url": ""}, {"url": "http://h/a"}, {"url": ADDRESS, "id": "x"}, {"label": "x"}):
        box.post("destinations", wrong, 400)
    for method, name in (("GET", "x"), ("PUT", "x"), ("DELETE", "x"), ("PUT", "x/start"), ("PUT", "x/stop")):
        plain(box.ask(method, f"destinations/{name}", json={}), 404)
    assert len(box.get("destinations")["destinations"]) == 1


def test_the_main_destination_is_emptied(box: Asker) -> None:
    box.post("control", {"url": ADDRESS, "name": "k"})
    assert box.ask("DELETE", "destinations/main").status_code == 204
    assert (box.get("control")["url"], box.get("control")["name"]) == ("", "")


@pytest.fixture
def session(database: Database) -> int:
    with database.write() as transaction:
        numbers = [stream_sessions.begin(transaction, 1000.0 * n, Profile(), "test") for n in range(1, 5)]
        stream_sessions.end(transaction, numbers[0], 1500.0, "stopped", "")
        samples = [Sample(2000.0 + n, name, 25.0, 8e5) for n in range(120) for name in ("", "main", "two")]
        stream_sessions.add_samples(transaction, numbers[1], samples, 77)
        lines = [LogLine(2000.0 + n, "info", f"line {n}", "main") for n in range(2100)]
        stream_sessions.add_lines(transaction, numbers[1], lines)
    return numbers[1]


def test_sessions_in_pages(box: Asker, session: int) -> None:
    first = box.get("sessions?limit=3")
    assert [one["started"] for one in first["sessions"]] == [4000.0, 3000.0, 2000.0]
    rest = box.get(f"sessions?limit=3&before={first['before']}")
    assert [(one["started"], one["reason"]) for one in rest["sessions"]] == [(1000.0, "stopped")]
    assert rest["before"] is None
    assert box.get(f"sessions/{session}")["sent"] == 77


def test_figures_in_pages(box: Asker, session: int) -> None:
    found: list[dict[str, Any]] = []
    since = 0.0
    while page := box.get(f"sessions/{session}/samples?limit=100&since={since!r}"):
        if not page["samples"]:
            break
        found, since = found + page["samples"], page["since"]
    assert [(one["at"], one["destination"]) for one in found] == [
        (2000.0 + n, name) for n in range(120) for name in ("", "main", "two")
    ]
    assert len(box.get(f"sessions/{session}/samples?since=2100&until=2101")["samples"]) == 3
    assert len(box.get(f"sessions/{session}/samples?since=2.1e3&until=2101.5e0")["samples"]) == 6
    assert box.get(f"sessions/{session}/samples?since=8.8e10&until=5.7e-189")["samples"] == []


def test_the_log_in_pages(box: Asker, session: int) -> None:
    first = box.get(f"sessions/{session}/log")
    rest = box.get(f"sessions/{session}/log?after={first['after']}")
    assert [line["text"] for line in first["lines"] + rest["lines"]] == [f"line {n}" for n in range(2100)]
    assert box.get(f"sessions/{session}/log?after={rest['after']}") == {"lines": [], "after": rest["after"]}


def test_questions_that_make_no_sense(box: Asker, session: int) -> None:
    for wrong in (
        "sessions?limit=0", "sessions?limit=101", "sessions?limit=x", "sessions?before=-1", "sessions?x=1",
        "sessions?limit=1&limit=2", f"sessions/{session}?x=1", f"sessions/{session}/samples?since=nan",
        f"sessions/{session}/samples?since=1e999", f"sessions/{session}/samples?until=-1",
        f"sessions/{session}/samples?limit=5", f"sessions/{session}/log?after=１",
    ):  # fmt: skip
        plain(box.ask("GET", wrong), 400)
    for missing in (
        "sessions/999",
        "sessions/999/samples",
        "sessions/99999999999999999999999/log",
        "sessions/x",
    ):
        plain(box.ask("GET", missing), 404)


def test_secrets_stay_where_they_are(box: Asker, database: Database, settings: Settings) -> None:
    box.post("destinations", {"url": "srt://127.0.0.1:9?passphrase=0123456789abc&streamid=me"}, 201)
    text = box.ask("GET", "destinations").text
    assert "0123456789abc" not in text and "streamid=me" not in text
    with database.read() as transaction:
        assert "0123456789abc" in str([one.url for one in operator.listed(transaction, settings)])


def test_the_main_destination_has_its_place_beside_all_others(box: Asker) -> None:
    for _ in range(15):
        box.post("destinations", {"url": ADDRESS}, 201)
    box.post("destinations", {"url": ADDRESS}, 400)
    box.post("control", {"url": ADDRESS})
    assert box.ask("DELETE", "destinations/main").status_code == 204
    box.post("destinations", {"url": ADDRESS, "label": "L" * 61}, 400)


def test_a_key_that_was_for_another_server_is_said_to_be_forgotten(box: Asker) -> None:
    assert "reason" not in box.post("control", {"url": ADDRESS, "name": "secret"})
    told = box.post("control", {"url": "rtmp://evil.example.org/app"})
    assert told["name"] == "" and "forgotten" in told["reason"]
    assert "reason" not in box.post("control", {"url": ADDRESS})


@pytest.mark.parametrize("value", ["9" * 400, "٨٠٠٠٠٠", "9e999", "0000000001234567"])
@pytest.mark.parametrize("name", ["bitrate", "fps", "quality"])
def test_numbers_that_are_none(box: Asker, name: str, value: str) -> None:
    box.post("control", {name: value}, 400)
