"""Who may use the pipeline server: this machine, known people, or everybody, and no other web site."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.store.database import Database
from tests.fake_pipelines import FakePipelines, some
from tests.pipeline_desk import PIPELINE, V1, make_app, token, told
from tests.tools import FakeClock

INSTANCE = f"{PIPELINE}/instance"
READ = [("GET", PIPELINE), ("GET", f"{PIPELINE}/one/config"), ("GET", f"{INSTANCE}/one"),
        ("GET", f"{INSTANCE}/one/info"), ("GET", f"{INSTANCE}/one/values"), ("GET", f"{INSTANCE}/one/image"),
        ("GET", f"{PIPELINE}/info"), ("GET", f"{PIPELINE}/camera"), ("GET", "/metrics"),
        ("GET", f"{PIPELINE}/camera/cam1/backgrounds"), ("GET", f"{PIPELINE}/lib"),
]  # fmt: skip
OPERATE = [("POST", PIPELINE), ("POST", f"{PIPELINE}/one"), ("POST", f"{INSTANCE}/"),
           ("POST", f"{INSTANCE}/one/config"), ("POST", f"{PIPELINE}/camera/cam1/background"),
           ("POST", f"{PIPELINE}/one/config"), ("POST", f"{PIPELINE}/one/rename"),
           ("DELETE", f"{PIPELINE}/one/config"), ("DELETE", f"{PIPELINE}/one"),
           ("DELETE", f"{PIPELINE}/one/del"), ("DELETE", PIPELINE), ("GET", f"{V1}/reset"),
]  # fmt: skip
ADMIN = [("PUT", f"{PIPELINE}/background/x/image_bytes"), ("POST", f"{PIPELINE}/background"),
         ("PUT", f"{PIPELINE}/script/x/script_bytes"), ("DELETE", f"{PIPELINE}/script/x/script_bytes"),
         ("PUT", f"{PIPELINE}/lib/x/lib_bytes"), ("DELETE", f"{PIPELINE}/lib/x/lib_bytes"),
         ("GET", f"{V1}/logs"), ("GET", f"{V1}/logs/txt"), ("GET", f"{V1}/logs/instance/one"),
         ("GET", f"{V1}/logs/instance/one/txt")]  # fmt: skip
SCRIPTS = [(method, path) for method, path in ADMIN if path.endswith(("script_bytes", "lib_bytes"))]
MATRIX = [(Scope.READ, READ), (Scope.OPERATE, OPERATE), (Scope.ADMIN, ADMIN)]
EVIL = [
    {"Origin": "http://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Referer": "http://evil.example/x"},
]


@pytest.fixture
def fakes() -> FakePipelines:
    return some()


@pytest.fixture
def here(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines, tmp_path: Path
) -> FlaskClient:
    """Somebody who asks a server that listens on loopback."""
    return make_app(settings, database, clock, fakes, scripts=tmp_path).test_client()


@pytest.fixture
def away(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines, tmp_path: Path
) -> FlaskClient:
    """Somebody who asks a server that listens on the network."""
    app = make_app(settings, database, clock, fakes, is_local=False, scripts=tmp_path)
    return app.test_client()


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


def test_strangers_are_let_in_nowhere_on_the_network(away: FlaskClient, fakes: FakePipelines) -> None:
    before = dict(fakes.configs)
    for _, doors in MATRIX:
        for method, path in doors:
            answer = away.open(path, method=method, json={"camera_name": "cam1"})
            assert answer.status_code == 401, path
            if path.startswith(V1):
                assert told(answer, 401)["status"].startswith("Log in first")
    assert fakes.configs == before and not fakes.instances and not fakes.scripts and not fakes.libraries
    assert away.get("/health/live").status_code == 200
    told(away.get(f"{V1}/nothing"), 401)


def test_everything_is_open_on_this_machine(here: FlaskClient) -> None:
    for _, doors in MATRIX:
        for method, path in doors:
            answer = here.open(path, method=method)
            expected = (401,) if (method, path) in SCRIPTS else (200, 400, 404)
            assert answer.status_code in expected, (method, path, answer.text)
    told(here.get(PIPELINE, headers={"X-Forwarded-For": "192.0.2.1"}), 401)
    told(here.get(PIPELINE, headers={"Host": "evil.example"}), 403)


@pytest.mark.parametrize("headers", EVIL)
def test_other_sites_are_refused(here: FlaskClient, fakes: FakePipelines, headers: dict[str, str]) -> None:
    before = dict(fakes.configs)
    for method, path in (*READ, *OPERATE, *ADMIN):
        if path.startswith(V1):
            told(here.open(path, method=method, headers=headers, json={"camera_name": "cam1"}), 403)
    assert fakes.configs == before and not fakes.instances and not fakes.kept


@pytest.mark.parametrize(
    "keys", [{}, {"authentication": "off"}, {"authentication": "off", "is_local": False},
             {"authentication": "on"}, {"run_scripts": True}],
)  # fmt: skip
def test_scripts_are_taken_of_administrators_alone_wherever_they_are(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines, tmp_path: Path, keys: Any
) -> None:
    user = make_app(settings, database, clock, fakes, scripts=tmp_path, **keys).test_client()
    assert len(SCRIPTS) == 4
    wrong = [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, {"Authorization": "x"}]
    for method, path in SCRIPTS:
        for headers in wrong:
            told(user.open(path, method=method, headers=headers, data="x"), 401)
    operator, admin = (token(database, clock, scope) for scope in (Scope.OPERATE, Scope.ADMIN))
    for method, path in SCRIPTS:
        assert "right" in told(user.open(path, method=method, headers=operator, data="x"), 403)["status"]
    assert not fakes.scripts and not fakes.libraries
    for method, path in SCRIPTS:
        told(user.open(path, method=method, headers=admin, data="x"))


def test_the_keys_of_the_section_count(settings: Settings, database: Database, clock: FakeClock) -> None:
    everybody = make_app(settings, database, clock, some(), is_local=False, authentication="off")
    told(everybody.test_client().delete(PIPELINE, headers={"Host": "pipelines.example"}))
    nobody = make_app(settings, database, clock, some(), authentication="on").test_client()
    told(nobody.get(PIPELINE), 401)
    welcome = make_app(settings, database, clock, some(), origins=("https://beam.example",)).test_client()
    told(welcome.get(PIPELINE, headers={"Origin": "https://beam.example"}))
    told(welcome.get(PIPELINE, headers={"Origin": "https://other.example"}), 403)
    # Those of the camera server are for its own interface.
    cameras = replace(settings, camera=replace(settings.camera, authentication="off", origins=("*",)))
    own = make_app(cameras, database, clock, some(), is_local=False).test_client()
    told(own.get(PIPELINE), 401)
