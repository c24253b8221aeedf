"""Who may ask the streamer's own application: this machine but no other site, or known people."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.live import LiveReport
from pyca.store import tokens
from pyca.store.database import Database
from pyca.ui.livebox import machine
from pyca.ui.livebox.app import create_live_app
from pyca.ui.livebox.place import Place, announced, find
from pyca.ui.livebox.server import LiveServer
from tests.livebox_tools import ADDRESS, V1, Asker, Streamer, plain, reader
from tests.tools import FakeClock, wait_for
from tests.ui_people import OWN, Browser, add_account

STATUS = f"{V1}/status"


@pytest.fixture
def here(settings: Settings, database: Database, clock: FakeClock) -> FlaskClient:
    """Somebody who asks an application that listens on loopback."""
    return reader(create_live_app(settings, database, clock))


@pytest.fixture
def away(settings: Settings, database: Database, clock: FakeClock) -> FlaskClient:
    """Somebody who asks an application that listens on the network."""
    return reader(create_live_app(settings, database, clock, is_local=False))


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200), ("localhost:8000", 200), ("127.0.0.1:8000", 200), ("[::1]:8000", 200),
        ("[::1]", 200), ("127.1.2.3", 200), ("evil.example", 403), ("evil.example:8000", 403),
        ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403), ("[2001:db8::1]", 403),
        ("0.0.0.0", 403), ("192.0.2.1", 403),
    ],
)  # fmt: skip
def test_names_that_mean_this_machine(here: FlaskClient, host: str, status: int) -> None:
    plain(here.get(STATUS, headers={"Host": host}), status)
    assert here.get("/", headers={"Host": host}).status_code == status


OTHER_SITES = [
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost:9999"},
    {"Origin": "https://localhost"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
]  # fmt: skip


@pytest.mark.parametrize("headers", OTHER_SITES)
def test_other_sites_are_refused(here: FlaskClient, headers: dict[str, str]) -> None:
    plain(here.post(f"{V1}/control", data={"fps": "30"}, headers=headers), 403)
    plain(here.put(f"{V1}/start", headers=headers), 403)
    plain(here.get(f"{V1}/control", headers=headers), 403)
    assert here.get(f"{V1}/control").json["fps"] == 25
    assert here.get("/", headers=headers).status_code == 200  # they may link to us


def test_our_own_pages_and_programs_may(here: FlaskClient) -> None:
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert here.post(f"{V1}/control", json={"fps": 30}, headers=own).json["fps"] == 30
    assert here.post(f"{V1}/control", json={"fps": 15}, headers={"Sec-Fetch-Site": "none"}).json["fps"] == 15
    answer = here.get(STATUS, headers={"Authorization": "Basic !"})
    assert answer.status_code == 200 and "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("sign", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_what_a_proxy_passes_on_comes_from_elsewhere(
    here: FlaskClient, database: Database, sign: str
) -> None:
    add_account(database, "ada", Scope.READ)
    passed_on = {sign: "192.0.2.5", "Host": "127.0.0.1:8000"}
    plain(here.get(STATUS, headers=passed_on), 401)
    plain(here.get(STATUS, headers=passed_on, auth=("ada", "wrong")), 401)
    plain(here.get(STATUS, headers=passed_on | {"Host": "box.example"}, auth=("ada", OWN)))
    plain(here.put(f"{V1}/start", headers=passed_on, auth=("ada", OWN)), 403)
    answer = here.get("/", headers=passed_on | {"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")


def test_a_proxy_that_says_nothing_of_itself_is_no_visitor_of_this_machine(here: FlaskClient) -> None:
    # What nginx sends for a plain “proxy_pass http://127.0.0.1:8000”.
    old = {"environ_overrides": {"SERVER_PROTOCOL": "HTTP/1.0"}, "headers": {"Host": "127.0.0.1:8000"}}
    plain(here.get(STATUS, **old), 401)
    plain(here.put(f"{V1}/start", **old), 401)


def test_half_requests_do_not_lock_others_out(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    with serving(settings, database, clock) as server, ExitStack() as ends:
        host, port = server.address.removeprefix("http://").rstrip("/").split(":")
        for _ in range(120):
            half = ends.enter_context(socket.create_connection((host, int(port)), timeout=30))
            half.sendall(b"GET /api/livebox/v1/status HTTP/1.1\r\nHost: loc")
        assert ask(server)[0] == 200


def test_slow_readers_do_not_hold_up_others(
    settings: Settings, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    root = tmp_path / "shown"
    root.mkdir()
    with (root / "large").open("wb") as file:
        file.truncate(50_000_000)
    wanted = replace(settings, live=replace(settings.live, docroot=root))
    with serving(wanted, database, clock) as server, ExitStack() as ends:
        host, port = server.address.removeprefix("http://").rstrip("/").split(":")
        for _ in range(9):
            slow = ends.enter_context(socket.create_connection((host, int(port)), timeout=30))
            slow.sendall(b"GET /large HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5-40000000\r\n\r\n")
            assert slow.recv(12) == b"HTTP/1.1 206"
        assert ask(server)[0] == 200


def test_on_the_network_strangers_learn_nothing(away: FlaskClient) -> None:
    answer = away.get(STATUS)
    plain(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic")
    for method, path in (
        ("PUT", "start"),
        ("POST", "control"),
        ("GET", "nothing"),
        ("DELETE", "destinations/main"),
    ):
        plain(away.open(f"{V1}/{path}", method=method), 401)
    answer = away.get("/", headers={"Accept": "text/html"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert away.get("/-/static/style.css").status_code == 200


def test_on_the_network_rights_count(away: FlaskClient, database: Database, clock: FakeClock) -> None:
    for scope in Scope:
        add_account(database, f"of-{scope}", scope)
    Streamer(database, clock).tell(LiveReport(at=clock.now()))
    reader, operator = Asker(away, ("of-read", OWN)), Asker(away, ("of-operate", OWN))
    assert reader.get("status")["status"] == "idle" and reader.get("control")["fps"] == 25
    reader.post("control", {"fps": 30}, 403)
    reader.put("start", 403)
    assert operator.post("control", {"url": ADDRESS, "name": "k"})["name"] == "********"
    assert operator.put("start")["status"] == "preparing"
    with database.write() as session:
        _, text = tokens.make(session, "of-admin", Scope.OPERATE, clock.now())
    assert plain(away.put(f"{V1}/stop", headers={"Authorization": f"Bearer {text}"}))["status"] != "preparing"
    plain(away.put(f"{V1}/stop", headers={"Authorization": "Bearer wrong"}), 401)


def test_on_the_network_guessing_is_slow(away: FlaskClient, database: Database) -> None:
    add_account(database)
    for _ in range(5):
        plain(away.get(STATUS, auth=("ada", "wrong")), 401)
    answer = away.get(STATUS, auth=("ada", "wrong"))
    plain(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0


def test_on_the_network_people_log_in(away: FlaskClient, database: Database) -> None:
    add_account(database)
    browser = Browser(away)
    answer = browser.log_in("ada", next_="/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    page = browser.get("/")
    assert page.status_code == 200 and "/api/livebox/v1/status" in page.text
    assert browser.get("/nowhere").status_code == 404
    own = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert away.post(f"{V1}/control", json={"fps": 30}, headers=own).json["fps"] == 30
    plain(away.post(f"{V1}/control", json={"fps": 15}), 403)
    plain(away.post(f"{V1}/control", json={"fps": 15}, headers={"Sec-Fetch-Site": "cross-site"}), 403)


def cards(monkeypatch: pytest.MonkeyPatch, **found: list[str]) -> None:
    monkeypatch.setattr(machine, "cards", lambda: sorted(found))
    monkeypatch.setattr(machine, "addresses_of", lambda card: found.get(card, []))


def test_what_bind_means(monkeypatch: pytest.MonkeyPatch) -> None:
    cards(monkeypatch, lo=["127.0.0.1", "::1"], eth0=["192.0.2.7", "2001:db8::7"], wlan0=[])
    for written, host, is_local in (
        ("localhost", "127.0.0.1", True), ("127.0.0.1", "127.0.0.1", True), ("[::1]", "::1", True),
        ("lo", "127.0.0.1", True), ("eth0", "192.0.2.7", False), ("192.0.2.9", "192.0.2.9", False),
        ("", "", False), ("*", "", False), ("0.0.0.0", "0.0.0.0", False), ("::", "::", False),
    ):  # fmt: skip
        place = find(written, 8000)
        assert (place, place.is_local) == (Place(host, 8000), is_local), written
    for wrong, words in (
        ("eth9", "lo, wlan0"),
        ("my.host", "neither"),
        ("wlan0", "no address"),
        ("1.2.3", "neither"),
    ):
        with pytest.raises(UsageError, match=words):
            find(wrong, 8000)
    assert announced(Place("", 1)) == ["192.0.2.7", "2001:db8::7"]
    assert (announced(Place("0.0.0.0", 1)), announced(Place("::", 1))) == (["192.0.2.7"], ["2001:db8::7"])
    assert announced(Place("192.0.2.9", 1)) == ["192.0.2.9"]


def test_the_cards_of_this_machine() -> None:
    assert "127.0.0.1" in machine.addresses_of("lo") and machine.addresses_of("nothing") == []
    assert "lo" in machine.cards()


@contextmanager
def serving(settings: Settings, database: Database, clock: FakeClock, **live: object) -> Iterator[LiveServer]:
    changed = replace(settings.live, **({"port": 0} | live))  # type: ignore[arg-type]
    with closing(LiveServer(replace(settings, live=changed), database, clock)) as server:
        server.start()
        yield server


def ask(server: LiveServer, method: str = "GET", path: str = STATUS) -> tuple[int, bytes]:
    host, _, port = server.address.removeprefix("http://").rstrip("/").rpartition(":")
    with closing(http.client.HTTPConnection(host, int(port), timeout=30)) as connection:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read()


def test_it_answers_until_it_is_closed(settings: Settings, database: Database, clock: FakeClock) -> None:
    before = threading.active_count()
    with serving(settings, database, clock) as server:
        status, body = ask(server)
        assert status == 200 and json.loads(body)["product"] == "com.youtube.livebox"
        assert server.address.startswith("http://127.0.0.1:")
        address = server.address
    assert server.address == ""
    host, port = address.removeprefix("http://").rstrip("/").split(":")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=30)
    wait_for(lambda: threading.active_count() <= before, "its threads to end")
    server.close()  # once more does no harm


def test_connections_that_stay_open_do_not_keep_it(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    with serving(settings, database, clock) as server:
        host, port = server.address.removeprefix("http://").rstrip("/").split(":")
        idle = socket.create_connection((host, int(port)), timeout=30)
        idle.sendall(b"GET /api/livebox/v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
    while idle.recv(4096):
        pass
    idle.close()


def test_a_port_in_use(settings: Settings, database: Database, clock: FakeClock) -> None:
    with serving(settings, database, clock) as first:
        port = int(first.address.rstrip("/").rpartition(":")[2])
        with pytest.raises(UsageError, match="taken by another program") as caught:
            LiveServer(replace(settings, live=replace(settings.live, port=port)), database, clock).start()
        assert "[live] port" in caught.value.remedy


def test_an_address_of_another_machine(settings: Settings, database: Database, clock: FakeClock) -> None:
    with (
        pytest.raises(UsageError, match=r"nobody can listen on 192\.0\.2\.1"),
        serving(settings, database, clock, bind="192.0.2.1"),
    ):
        pass


def test_a_folder_that_is_none(
    settings: Settings, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    with (
        pytest.raises(UsageError, match="is no folder"),
        serving(settings, database, clock, docroot=tmp_path / "x"),
    ):
        pass


def test_the_network_needs_people(settings: Settings, database: Database, clock: FakeClock) -> None:
    nobody = replace(settings, ui=replace(settings.ui, password=""))
    with (
        pytest.raises(UsageError, match="nobody has an account") as caught,
        serving(nobody, database, clock, bind="0.0.0.0"),
    ):
        pass
    assert "pyca user add" in caught.value.remedy
    published = replace(settings, ui=replace(settings.ui, password="opencast"))
    with pytest.raises(UsageError, match="published"), serving(published, database, clock, bind="*"):
        pass
    add_account(database)
    with serving(nobody, database, clock, bind="0.0.0.0") as server:
        assert ask(server)[0] == 401
