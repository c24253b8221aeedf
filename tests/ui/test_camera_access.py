"""Who may use the camera server: this machine, known people, or everybody, and no other web site."""

from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings, Ui
from pyca.core.access import Scope
from pyca.store import tokens
from pyca.store.database import Database
from tests.camera_desk import V1, make_app, told
from tests.fake_cameras import FakeCameras, some
from tests.tools import FakeClock
from tests.ui_people import Browser, add_account, token_in

CAM = f"{V1}/cam"
PROXY = {"X-Forwarded-For": "192.0.2.1"}
EVIL = [
    {"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://["}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Referer": "http://evil.example/"}, {"Referer": "http://evil.example/x"},
]  # fmt: skip


@pytest.fixture
def fakes() -> FakeCameras:
    return some()


@pytest.fixture
def here(settings: Settings, database: Database, clock: FakeClock, fakes: FakeCameras) -> FlaskClient:
    """Somebody who asks a server that listens on loopback."""
    return make_app(settings, database, clock, fakes).test_client()


@pytest.fixture
def away(settings: Settings, database: Database, clock: FakeClock, fakes: FakeCameras) -> FlaskClient:
    """Somebody who asks a server that listens on the network."""
    return make_app(settings, database, clock, fakes, is_local=False).test_client()


def token(database: Database, clock: FakeClock, scope: Scope) -> dict[str, str]:
    """Return the header of a program with a scope."""
    name = f"of-{scope}"
    add_account(database, name, scope)
    with database.write() as session:
        _, text = tokens.make(session, name, scope, clock.now())
    return {"Authorization": f"Bearer {text}"}


READ = [("GET", CAM), ("GET", f"{CAM}/cam1"), ("GET", f"{CAM}/cam1/image"), ("GET", f"{CAM}/info"),
        ("GET", f"{CAM}/cam1/config"), ("GET", f"{CAM}/cam1/is_online"), ("GET", "/metrics"), ("GET", "/"),
]  # fmt: skip
OPERATE = [("DELETE", CAM), ("DELETE", f"{CAM}/cam1"), ("DELETE", f"{CAM}/cam1/del"), ("GET", f"{V1}/reset"),
           ("POST", f"{CAM}/cam1/config"), ("POST", f"{CAM}/cam1/rename"), ("DELETE", f"{CAM}/cam1/config"),
]  # fmt: skip
ADMIN = [("PUT", f"{CAM}/background/x/image_bytes"), ("PUT", f"{CAM}/script/x/script_bytes"),
         ("DELETE", f"{CAM}/script/x/script_bytes"), ("GET", f"{V1}/logs"), ("GET", f"{V1}/logs/txt"),
         ("GET", f"{V1}/logs/instance/cam1"), ("GET", f"{V1}/logs/instance/cam1/txt")]  # fmt: skip
MATRIX = [(Scope.READ, READ), (Scope.OPERATE, OPERATE), (Scope.ADMIN, ADMIN)]


@pytest.mark.parametrize("given", list(Scope))
def test_each_right_opens_its_doors_and_no_others(
    away: FlaskClient, database: Database, clock: FakeClock, given: Scope
) -> None:
    headers = token(database, clock, given)
    for needed, doors in MATRIX:
        for method, path in doors:
            answer = away.open(path, method=method, headers=headers)
            refused = answer.status_code in (401, 403) and "right" in answer.text
            assert refused is not given.covers(needed), (method, path, answer.text)


def test_strangers_are_let_in_nowhere_on_the_network(away: FlaskClient) -> None:
    for _, doors in MATRIX:
        for method, path in doors:
            answer = away.open(path, method=method)
            assert answer.status_code == 401, path
            if path.startswith(V1):
                assert told(answer, 401)["status"].startswith("Log in first")
    assert away.get("/health/live").status_code == 200
    told(away.get(f"{V1}/nothing"), 401)


def test_everything_is_open_on_this_machine(here: FlaskClient) -> None:
    for _, doors in MATRIX:
        for method, path in doors:
            assert here.open(path, method=method).status_code not in (401,), path


def test_a_proxy_of_this_machine_has_to_log_in(here: FlaskClient) -> None:
    told(here.get(CAM, headers=PROXY), 401)
    told(here.delete(CAM, headers=PROXY | {"Host": "cameras.example"}), 401)


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8888", 200), ("127.0.0.1", 200), ("[::1]:8888", 200), ("evil.example", 403),
     ("evil.example:8888", 403), ("localhost.evil.example", 403), ("192.0.2.1", 403), ("[", 403)],
)  # fmt: skip
@pytest.mark.parametrize("authentication", ["auto", "off"])
def test_names_that_mean_this_machine(
    settings: Settings, database: Database, clock: FakeClock, host: str, status: int, authentication: str
) -> None:
    user = make_app(settings, database, clock, some(), authentication=authentication).test_client()
    answer = user.get(CAM, headers={"Host": host})
    assert answer.status_code == (status if host != "[" else answer.status_code) and answer.status_code < 500
    if status == 403 and host != "[":
        told(answer, 403)
        # Nobody escapes by pretending to be a proxy.
        if authentication == "off":
            told(user.get(CAM, headers={"Host": host} | PROXY), 403)


@pytest.mark.parametrize("headers", EVIL)
def test_other_sites_are_refused(here: FlaskClient, fakes: FakeCameras, headers: dict[str, str]) -> None:
    before = dict(fakes.configs)
    for method, path in (*READ[:-2], *OPERATE, *ADMIN):
        told(here.open(path, method=method, headers=headers), 403)
    assert fakes.configs == before and not fakes.running
    assert here.post("/camera/cam1/stop", headers=headers).status_code == 403
    assert here.get("/", headers=headers).status_code == 200  # they may link to us


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "http://localhost"}, {"Origin": "http://localhost:3000"}, {"Origin": "http://127.0.0.1:1"},
     {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {},
     {"Sec-Fetch-Site": "same-site", "Referer": "http://localhost:3000/"}],
)  # fmt: skip
def test_our_own_pages_and_programs_may(here: FlaskClient, headers: dict[str, str]) -> None:
    told(here.get(f"{CAM}/cam1", headers=headers))
    told(here.delete(f"{CAM}/cam1", headers=headers))


def test_sites_that_are_welcome(settings: Settings, database: Database, clock: FakeClock) -> None:
    mine = ("https://beam.example", "http://x.example:81/")
    user = make_app(settings, database, clock, some(), origins=mine).test_client()
    for origin in ("https://beam.example", "HTTPS://beam.example", "http://x.example:81"):
        answer = user.delete(CAM, headers={"Origin": origin, "Sec-Fetch-Site": "cross-site"})
        told(answer)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    picture = {"Sec-Fetch-Site": "cross-site", "Referer": "https://beam.example/page"}
    assert user.get(f"{CAM}/cam1/image", headers=picture).status_code == 200
    for origin in ("http://beam.example", "https://beam.example.evil", "https://beam.example:444"):
        told(user.delete(CAM, headers={"Origin": origin}), 403)
    all_ = make_app(settings, database, clock, some(), origins=("*",)).test_client()
    told(all_.delete(CAM, headers={"Origin": "http://evil.example"}))


def test_off_lets_everybody_in_but_no_other_site(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    fakes = some()
    user = make_app(settings, database, clock, fakes, is_local=False, authentication="off").test_client()
    told(user.delete(CAM, headers={"Host": "cameras.example"}))
    told(user.delete(CAM, headers={"Host": "cameras.example", "Origin": "http://cameras.example"}))
    told(user.delete(CAM, headers={"Host": "cameras.example", "Authorization": "Bearer wrong"}))
    told(user.delete(CAM, headers={"Host": "cameras.example", "Origin": "http://evil.example"}), 403)


def test_on_asks_also_on_this_machine(settings: Settings, database: Database, clock: FakeClock) -> None:
    user = make_app(settings, database, clock, some(), authentication="on").test_client()
    told(user.get(CAM), 401)
    told(user.get(CAM, headers=token(database, clock, Scope.READ)))


def test_people_log_in_by_the_page(settings: Settings, database: Database, clock: FakeClock) -> None:
    add_account(database, "ada", Scope.OPERATE)
    fakes = some()
    made = replace(settings, ui=Ui())
    browser = Browser(make_app(made, database, clock, fakes, is_local=False).test_client())
    stranger = browser.get("/camera/cam1")
    assert (stranger.status_code, stranger.headers["Location"]) == (303, "/login?next=/camera/cam1")
    assert browser.log_in("ada", next_="/camera/cam1").status_code == 303
    page = browser.get("/camera/cam1")
    assert page.status_code == 200
    fakes.running["cam1"] = 10100
    assert browser.post("/camera/cam1/stop", {"token": "0" * 64}).status_code == 403 and fakes.running
    assert browser.post("/camera/cam1/stop", {"token": token_in(page)}).status_code == 303
    assert not fakes.running
    # Another site cannot have the browser use the cookie.
    cross = {"Sec-Fetch-Site": "cross-site", "Origin": "http://evil.example"}
    assert browser.client.get(f"{V1}/reset", headers=cross).status_code == 403
    assert browser.client.delete(CAM, headers=cross).status_code == 403


def test_headers_are_strict_on_pages(here: FlaskClient) -> None:
    answer = here.get("/")
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    # Programs and welcome pages may read everything; what is open to this machine is not told to other sites.
    for path, status in (("/", 200), ("/base", 200), ("/nothing", 404), (f"{V1}/nothing", 404)):
        for headers in ({}, {"Origin": "http://localhost:3000"}):
            answer = here.get(path, headers=headers)
            assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (status, "*"), path
    for path in ("/", "/nothing"):
        answer = here.get(path, headers={"Origin": "http://evil.example"})
        assert "Access-Control-Allow-Origin" not in answer.headers and "Origin" in answer.vary
    assert told(here.get(f"{V1}/nothing"), 404)["status"] == "There is no such page."


@pytest.mark.parametrize(
    ("keys", "policy"),
    [({}, "same-origin"), ({"authentication": "on"}, "same-origin"),
     ({"authentication": "off"}, "cross-origin"),
     ({"origins": ("https://beam.example",)}, "cross-origin"),
     ({"origins": ("https://beam.example",), "authentication": "on"}, "cross-origin")],
)  # fmt: skip
def test_pages_that_are_welcome_may_show_pictures(
    settings: Settings, database: Database, clock: FakeClock, keys: dict[str, Any], policy: str
) -> None:
    fakes = some()
    user = make_app(settings, database, clock, fakes, **keys).test_client()
    known = token(database, clock, Scope.READ)
    for kind in ("image", "mjpeg"):
        with user.get(f"{CAM}/cam1/{kind}", headers=known) as answer:
            assert answer.status_code == 200
            assert answer.headers["Cross-Origin-Resource-Policy"] == policy
    assert user.get("/", headers=known).headers["Cross-Origin-Resource-Policy"] == "same-origin"
