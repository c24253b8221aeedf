"""The fake keeps to the contract where the agent's own tests do not look."""

import json
import subprocess
import sys
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path

import pytest
from opencast_server import FakeOpencast, faults

BASIC = {"Authorization": "Basic " + b64encode(b"admin:opencast").decode()}


class Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments):
        return None


def ask(url: str, headers: dict[str, str] = BASIC, data: bytes | None = None) -> tuple[int, str]:
    opener = urllib.request.build_opener(Stay, urllib.request.ProxyHandler({}))
    try:
        with opener.open(urllib.request.Request(url, data, headers)) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 302),
        ({"X-Requested-Auth": "Digest"}, 401),
        ({"X-Requested-Auth": "Basic"}, 401),
        ({"X-Requested-With": "XMLHttpRequest"}, 419),
        (BASIC, 200),
    ],
)
def test_credentials(server: FakeOpencast, headers: dict[str, str], status: int) -> None:
    assert ask(server.url + "/recordings/calendars", headers)[0] == status
    assert ask(server.url + "/info/me.json", {})[0] == 200


def test_the_calendar_lists_a_window_unsorted(server: FakeOpencast) -> None:
    server.now = lambda: 100_000.0
    for uid, start, end in (("late", 200_000, 200_100), ("over", 90_000, 96_000), ("just", 90_000, 96_401)):
        server.schedule(uid, uid, start, end)
    server.schedule("other", "x", 100_000, 101_000, agent="elsewhere")
    _, text = ask(server.url + "/recordings/calendars?agentid=a")
    assert [line[4:] for line in text.splitlines() if line.startswith("UID:")] == ["late", "just"]
    _, text = ask(server.url + "/recordings/calendars?agentid=a&cutoff=150000000")
    assert "UID:late" not in text
    assert "UID:just" in text
    assert ask(server.url + "/recordings/calendars?cutoff=soon")[0] == 404


def test_capture_admin_refuses_what_opencast_refuses(server: FakeOpencast) -> None:
    agents = server.url + "/capture-admin/agents"
    assert ask(f"{agents}/a", data=b"state=sleeping")[0] == 400
    assert ask(f"{agents}/a", data=b"state=idle") == (200, "a set to idle")
    assert ask(f"{agents}/a", data=b"state=idle") == (200, "")
    assert ask(f"{agents}/a/configuration", data=b'configuration= {"a":"b"}')[0] == 400
    assert ask(f"{agents}/a/configuration", data=b'configuration={"a":1}')[0] == 400
    xml = b"configuration=<properties><entry key='a'>b</entry></properties>"
    assert ask(f"{agents}/a/configuration", data=xml)[0] == 200
    assert server.agents["a"].configuration == {"a": "b"}
    assert json.loads(ask(f"{agents}/a.json")[1])["agent-state-update"]["state"] == "idle"
    assert ask(f"{agents}/b.json")[0] == 404
    assert ask(server.url + "/capture-admin/recordings/u", data=b"state=capturing")[0] == 404


def test_blank_service_type_and_large_forms(server: FakeOpencast) -> None:
    assert ask(server.url + "/services/available.json?serviceType=")[0] == 400
    assert ask(server.url + "/ingest/ingest", data=b"mediaPackage=" + b"x" * 1_500_000)[0] == 400


def test_faults_come_in_order_and_run_out(server: FakeOpencast) -> None:
    server.faults.add("/info/health", faults.status(503), skip=1)
    server.faults.add("/info/health", faults.status(502), method="POST", times=None)
    statuses = [ask(server.url + "/info/health")[0] for _ in range(3)]
    assert statuses == [200, 503, 200]
    assert ask(server.url + "/info/health", data=b"a=b")[0] == 502
    server.faults.clear()
    assert [call.status for call in server.calls] == [200, 503, 200, 502]


@pytest.mark.system
def test_it_runs_alone(tmp_path: Path) -> None:
    program = Path(__file__).parent.parent / "opencast_server.py"
    command = [sys.executable, str(program), "--port", "0", "--root", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            assert ask(url + "/recordings/calendars?agentid=a")[0] == 200
        finally:
            process.terminate()
