"""The livebox interface as it was published: its JSON to the letter, its states, all or nothing."""

import json
import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask, g
from werkzeug.exceptions import InternalServerError

from pyca.config.settings import Settings
from pyca.core.live import LiveReport, LiveState
from pyca.live.service import operator
from pyca.store.database import Database
from pyca.ui.livebox import machine
from pyca.ui.livebox.app import create_live_app
from tests.livebox_tools import ADDRESS, Asker, Streamer, plain
from tests.tools import FakeClock

S = LiveState
FRESH = {
    "name": "", "url": "", "resolution": "360p", "bitrate": 750000, "audio": "1kHz", "fps": 25,
    "quality": None,
}  # fmt: skip


@pytest.fixture
def streamer(database: Database, clock: FakeClock) -> Streamer:
    made = Streamer(database, clock)
    made.tell(LiveReport(at=clock.now()))
    return made


@pytest.fixture(params=["in the page", "by itself"])
def box(
    request: pytest.FixtureRequest, app: Flask, settings: Settings, database: Database, clock: FakeClock
) -> Asker:
    """The same interface in both applications."""
    if request.param == "in the page":
        return Asker(app.test_client(), (settings.ui.username, settings.ui.password))
    return Asker(create_live_app(settings, database, clock).test_client())


@pytest.mark.usefixtures("streamer")
def test_the_status_is_that_of_the_published_interface(box: Asker) -> None:
    told = box.get("status")
    assert list(told) == ["product", "version", "name", "id", "status", "cpu", "disk", "net"]
    assert told["product"] == "com.youtube.livebox" and told["version"] == "1.0"
    assert told["name"] == socket.gethostname() and told["id"] == machine.identity()
    assert told["status"] == "idle" and told["net"] == 0 and isinstance(told["net"], int)
    assert isinstance(told["cpu"], float) and 0 < told["disk"] <= 100


def test_the_status_tells_what_the_streamer_does(box: Asker, streamer: Streamer, clock: FakeClock) -> None:
    streamer.tell(LiveReport(S.STREAMING, at=clock.now(), cpu=31.96, sent=290000))
    told = box.get("status")
    assert (told["status"], told["cpu"], told["net"]) == ("streaming", 32.0, 290000)
    streamer.tell(LiveReport(error="the server refused the key", at=clock.now()))
    assert box.get("status")["error"] == "the server refused the key"


def test_a_name_of_its_own(settings: Settings, database: Database, clock: FakeClock) -> None:
    named = replace(settings, live=replace(settings.live, name="rpi2.nw1", stream_key="its-key"))
    box = Asker(create_live_app(named, database, clock).test_client())
    assert box.get("status")["name"] == "rpi2.nw1"
    assert box.get("control")["name"] == "********"


def test_the_mac_is_that_of_real_hardware_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    macs = {"br0": "02:42:00:00:00:01", "eth0": "b8:27:eb:12:34:56", "lo": "00:00:00:00:00:00", "tun0": ""}
    monkeypatch.setattr(machine, "_macs", lambda: macs)
    assert machine.identity(tmp_path) == "02:42:00:00:00:01"
    (tmp_path / "eth0" / "device").mkdir(parents=True)
    assert machine.identity(tmp_path) == "b8:27:eb:12:34:56"
    monkeypatch.setattr(machine, "_macs", lambda: {"lo": "00:00:00:00:00:00"})
    assert machine.identity(tmp_path) == ""


@pytest.mark.usefixtures("streamer")
def test_the_control_data_are_those_of_the_published_interface(box: Asker) -> None:
    assert box.get("control") == FRESH and list(box.get("control")) == list(FRESH)
    sent = {
        "name": "djt.zepf-h0qx-1z8d-821q", "url": ADDRESS, "resolution": "240p", "bitrate": 100000,
        "audio": "silence", "fps": 15, "quality": 20,
    }  # fmt: skip
    told = box.post("control", sent)
    assert told == sent | {"name": "********"} == box.get("control")


def test_the_key_is_kept_and_never_told(
    box: Asker, database: Database, settings: Settings, streamer: Streamer
) -> None:
    box.post("control", {"name": "a-secret", "url": ADDRESS})
    box.post("control", {"name": "********", "fps": 30})
    with database.read() as session:
        assert operator.control(session, settings).name == "a-secret"
    answers = [
        box.ask("GET", name).text for name in ("control", "status", "destinations", "report", "sessions")
    ]
    assert not [text for text in answers if "a-secret" in text]
    assert box.post("control", {"name": ""})["name"] == ""


@pytest.mark.usefixtures("streamer")
def test_secrets_within_addresses_are_not_told_and_come_back_unharmed(
    box: Asker, database: Database, settings: Settings
) -> None:
    told = box.post("control", {"url": "srt://127.0.0.1:9000?passphrase=0123456789abc&streamid=x"})
    assert "0123456789abc" not in json.dumps(told)
    box.post("control", {"url": told["url"], "fps": 30})
    with database.read() as session:
        assert "0123456789abc" in operator.control(session, settings).url


@pytest.mark.usefixtures("streamer")
def test_a_resolution_brings_its_bitrate(box: Asker) -> None:
    assert box.post("control", {"resolution": "1080p"})["bitrate"] == 4_500_000
    assert box.post("control", {"bitrate": "800kpbs"})["bitrate"] == 800_000
    assert box.post("control", {"resolution": "1080p"})["bitrate"] == 800_000
    assert box.post("control", {"bitrate": "1M", "resolution": "240p"})["bitrate"] == 1_000_000
    assert box.post("control", {"timestamp": 1.5})["resolution"] == "240p"
    assert box.post("control", {"bitrate": None})["bitrate"] == 400_000


WRONG: list[tuple[str, object]] = [
    ("resolution", "4k"), ("resolution", None), ("bitrate", "8x"), ("bitrate", True), ("bitrate", 1),
    ("audio", "loud"), ("fps", 0), ("fps", "many"), ("quality", 5), ("url", "ftp://host/x"),
    ("url", "rtmp:///app"), ("url", 7), ("name", ["x"]), ("framerate", 25),
]  # fmt: skip


@pytest.mark.usefixtures("streamer")
def test_one_wrong_value_changes_nothing(box: Asker) -> None:
    for key, value in WRONG:
        told = box.post("control", {"fps": 30, "url": ADDRESS, "name": "k", key: value}, 400)
        assert f"“{key}”" in told["reason"], key
    assert box.get("control") == FRESH


GOOD: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"data": {"resolution": "720p", "fps": "30", "quality": ""}},
     {"resolution": "720p", "bitrate": 2_500_000, "fps": 30}),
    ({"data": {"bitrate": "800kbps"}, "content_type": "multipart/form-data"}, {"bitrate": 800_000}),
    ({"data": '{"fps": 15}', "content_type": "application/json; charset=utf-8"}, {"fps": 15}),
    ({"data": ' {"fps": 16}', "content_type": "application/x-www-form-urlencoded"}, {"fps": 16}),
    ({"data": b""}, {}),
    ({"data": b"", "content_type": "application/x-www-form-urlencoded"}, {}),
]  # fmt: skip


@pytest.mark.usefixtures("streamer")
def test_bodies_of_all_kinds(box: Asker) -> None:
    expected = dict(FRESH)
    for sent, changed in GOOD:
        expected |= changed
        assert plain(box.ask("POST", "control", **sent)) == expected, sent


JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODIES: list[tuple[bytes, str, int]] = [
    (b"[1]", JSON, 400), (b"7", JSON, 400), (b'"x"', JSON, 400), (b"null", JSON, 400), (b"", JSON, 400),
    (b'{"fps": NaN}', JSON, 400), (b'{"fps": 1e999}', JSON, 400), (b'{"fps": 30, "fps": 15}', JSON, 400),
    (b'{"fps": 30', JSON, 400), (b"\xff\xfe", JSON, 400), (b'{"name": "\\ud800"}', JSON, 400),
    (b'{"name": "a\\u0000b"}', JSON, 400), (b"[" * 60_000, JSON, 400), (b"fps=30&fps=15", FORM, 400),
    (b'{"fps": 99999999999999999999}', JSON, 400), (b'{"fps": {"a": 1}}', JSON, 400),
    (b"name=%00", FORM, 400), (b"&&&", FORM, 400), (b"no form", "multipart/form-data; boundary=x", 400),
    (b"no form", "multipart/form-data", 400), (b"<x/>", "text/xml", 415), (b"fps=30", "", 415),
    (b'{"name": "' + b"x" * 70_000 + b'"}', JSON, 413), (b"name=" + b"x" * 70_000, FORM, 413),
]  # fmt: skip


@pytest.mark.usefixtures("streamer")
def test_bodies_that_cannot_be_used(box: Asker) -> None:
    for body, kind, status in BODIES:
        headers = {"Content-Type": kind} if kind else {}
        answer = box.ask("POST", "control", data=body, headers=headers)
        assert answer.status_code == status, (body[:60], kind)
        plain(answer, status)
    assert box.get("control") == FRESH


@pytest.mark.usefixtures("streamer")
def test_the_reasons_speak_of_what_was_sent(box: Asker) -> None:
    assert "“null”" in box.post("control", {"resolution": None}, 400)["reason"]
    reason = box.post("control", {"bitrate": True}, 400)["reason"]
    assert "“true”" in reason and "from 50kbps to 51M" in reason
    for sent in ("[1]", '"x"', "null"):
        answer = box.ask("POST", "control", data=sent, content_type=FORM)
        assert "has to be an object" in plain(answer, 400)["reason"], sent


@pytest.mark.usefixtures("streamer")
def test_no_files(box: Asker) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="fps"; filename="a"\r\n\r\n30\r\n--x--\r\n'
    plain(box.ask("POST", "control", data=part, content_type="multipart/form-data; boundary=x"), 400)


def test_from_start_to_stop(box: Asker, streamer: Streamer, clock: FakeClock) -> None:
    assert "set the url" in box.put("start", 400)["reason"].lower()
    assert "idle" in box.put("stop", 400)["reason"]
    box.post("control", {"url": ADDRESS, "name": "k"})
    assert box.put("start")["status"] == "preparing" and streamer.is_wanted
    assert "preparing" in box.put("start", 400)["reason"]
    streamer.tell(LiveReport(S.PREPARING, at=clock.now()))
    assert box.get("status")["status"] == "preparing"
    streamer.tell(LiveReport(S.STREAMING, at=clock.now()))
    assert "streaming" in box.put("start", 400)["reason"]
    assert box.put("stop")["status"] == "stopping" and not streamer.is_wanted
    assert "stopping" in box.put("stop", 400)["reason"]
    assert "stopping" in box.put("start", 400)["reason"]
    streamer.tell(LiveReport(at=clock.now()))
    assert box.get("status")["status"] == "idle"
    assert box.put("start")["status"] == "preparing"


def test_stop_while_preparing(box: Asker, streamer: Streamer) -> None:
    box.post("control", {"url": ADDRESS, "name": "k"})
    box.put("start")
    assert box.put("stop")["status"] in ("stopping", "idle") and not streamer.is_wanted


def test_a_dead_streamer_starts_nothing(box: Asker, streamer: Streamer, clock: FakeClock) -> None:
    box.post("control", {"url": ADDRESS, "name": "k"})
    clock.move(3600)
    assert "pyca live" in box.put("start", 400)["reason"]
    assert box.get("status")["error"] and not streamer.is_wanted


MISSING = [
    ("GET", "start", 405), ("POST", "stop", 405), ("POST", "status", 405), ("PUT", "control", 405),
    ("DELETE", "control", 405), ("GET", "nothing", 404), ("GET", "status/", 404), ("PUT", "start/x", 404),
    ("GET", "destinations/x", 404), ("GET", "\0", 404), ("GET", "destinations/a%00b", 404),
]  # fmt: skip


def test_what_is_not_there(box: Asker) -> None:
    for method, name, status in MISSING:
        answer = box.ask(method, name)
        plain(answer, status)
        assert ("Allow" in answer.headers) is (status == 405)


def test_without_a_database(settings: Settings, clock: FakeClock, tmp_path: Path) -> None:
    away = Database(f"sqlite:///{tmp_path}/nowhere/pyca.db")
    box = Asker(create_live_app(settings, away, clock).test_client())
    answer = box.ask("GET", "status")
    told = plain(answer, 503)
    assert answer.headers["Retry-After"] == "10" and not re.search("Traceback|sqlalchemy", told["reason"])
    plain(box.ask("PUT", "start"), 503)


def test_a_mistake_of_ours_names_the_service_whose_log_tells(
    app: Flask, settings: Settings, database: Database, clock: FakeClock
) -> None:
    for made, service in ((create_live_app(settings, database, clock), "live"), (app, "ui")):
        with made.test_request_context("/"):
            g.visitor = None
            told = made.handle_http_exception(InternalServerError())
        assert f"log of the {service} service" in told.get_data(as_text=True)


def test_errors_elsewhere(app: Flask, settings: Settings, database: Database, clock: FakeClock) -> None:
    auth = (settings.ui.username, settings.ui.password)
    assert "errors" in json.loads(app.test_client().get("/api/nowhere", auth=auth).data)
    plain(create_live_app(settings, database, clock).test_client().get("/api/nowhere"), 404)
