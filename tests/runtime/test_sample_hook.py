"""The hook script that is shipped as a sample does what its text says."""

import json
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from pyca.config.settings import Agent, Settings
from pyca.config.settings import Hooks as HookSettings
from pyca.core.alarm import AlarmKind
from pyca.core.clock import SystemClock
from pyca.core.event import Event
from pyca.core.states import ServiceName
from pyca.runtime.hooks import Hook, Hooks
from pyca.store.alarms import Alarms

SCRIPT = Path(__file__).parents[2] / "etc" / "hooks" / "webhook.py"
EVENT = Event("e1", "Übung; rm -rf", 1000.0, 2000.0)


class Listener(HTTPServer):
    """A web service that remembers what it was told."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.told: list[dict[str, str]] = []
        self.status = 200

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        self.send_response(self.server.status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as made:
        thread = threading.Thread(target=made.serve_forever, args=(0.02,))
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def hooks(address: str) -> Hooks:
    command = f"{sys.executable} {SCRIPT} {address}"
    settings = Settings(agent=Agent(name="hall 1"), hooks=HookSettings(alarm=command, upload_done=command))
    return Hooks(settings, SystemClock())


def test_an_alarm_and_its_end_arrive(listener: Listener) -> None:
    mine = hooks(listener.address)
    alarms = Alarms(ServiceName.INGEST, mine, SystemClock(), lambda work: None)
    alarms.alert(AlarmKind.UPLOAD, "waits for the server", EVENT)
    mine.close(patience=30)
    mine = hooks(listener.address)
    alarms._hooks = mine
    alarms.clear(AlarmKind.UPLOAD, EVENT)
    mine.close(patience=30)
    assert [told["text"] for told in listener.told] == [
        "hall 1: alarm (upload): waits for the server “Übung; rm -rf”",
        "hall 1: alarm is over (upload): waits for the server “Übung; rm -rf”",
    ]
    assert listener.told[0]["event_id"] == "e1"


def test_a_delivery_arrives(listener: Listener) -> None:
    mine = hooks(listener.address)
    mine.run(Hook.UPLOAD_DONE, {"STATE": "finished uploading", "FILES": "/r/a.mkv\n/r/b.mkv"}, EVENT)
    mine.close(patience=30)
    [told] = listener.told
    assert told["text"] == "hall 1: upload done “Übung; rm -rf”"
    assert told["files"].splitlines() == ["/r/a.mkv", "/r/b.mkv"]


def test_a_service_that_refuses_is_told_in_the_log(
    listener: Listener, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    listener.status = 500
    mine = hooks(listener.address)
    mine.run(Hook.ALARM, {"ALARM": "disk"})
    mine.close(patience=30)
    assert "hook alarm ended with exit code 69: HTTP Error 500" in caplog.text


@pytest.mark.parametrize(
    ("arguments", "code"), [((), 64), (("nonsense",), 69), (("http://127.0.0.1:{nobody}/",), 69)]
)
def test_mistakes_are_one_line(arguments: tuple[str, ...], code: int) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens: neither we nor anybody else
        words = [word.format(nobody=held.getsockname()[1]) for word in arguments]
        done = subprocess.run([SCRIPT, *words], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code
    assert len(done.stderr.splitlines()) == 1
