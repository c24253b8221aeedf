"""Odd requests to every address of the camera server: each is answered in the envelope, none with a 500."""

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyca.config.settings import Settings
from pyca.store.database import Database
from tests.camera_desk import make_app
from tests.fake_cameras import FakeCameras, some
from tests.tools import FakeClock

NAMES = st.one_of(
    st.sampled_from(
        ["cam1", "one", "gone", "nobody", "..", ".", "a/b", "\0", "é", "x" * 3000, "%2F", "info", " "]
    ),
    st.text(max_size=20),
)
VALUES = st.one_of(
    st.sampled_from(["", "nan", "1e999", "-1", "0", "1", "0.5", "true", "\0", "9" * 400]), st.text(max_size=9)
)
KEYS = st.sampled_from(
    ["scale", "min_value", "max_value", "colormap", "raw", "fps", "quality", "timeout", "q", "group"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    JSON.map(lambda value: json.dumps({"source": value, "name": value}).encode()),
    st.sampled_from(
        [b"{" * 9000, b"\x93NUMPY\x01\x00\xff\xff", b"\x80\x04\x95", b'{"a":1,"a":2}', b"cos\nsystem\n."]
    ),
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])


@pytest.fixture
def fakes() -> FakeCameras:
    made = some()
    made.period = 0.0
    return made


@pytest.fixture
def user(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakeCameras
) -> Iterator[FlaskClient]:
    app = make_app(settings, database, clock, fakes, scripts=settings.capture.directory)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


def addresses(user: FlaskClient) -> list[str]:
    return sorted({rule.rule for rule in user.application.url_map.iter_rules()})


@hypothesis_settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_nothing_breaks_it(user: FlaskClient, fakes: FakeCameras, data: st.DataObject) -> None:
    fakes.configs.update(some().configs)
    rule = data.draw(st.sampled_from(addresses(user)))
    path = rule.replace("<name>", quote(data.draw(NAMES), safe="")).replace("<path:filename>", "style.css")
    query = data.draw(st.dictionaries(KEYS, VALUES, max_size=3))
    method = data.draw(METHODS)
    body = data.draw(BODIES)
    answer = user.open(path, method=method, query_string=query, data=body)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    if answer.is_streamed:
        answer.close()
    elif path.startswith("/api/v1") and method not in ("HEAD", "OPTIONS"):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        if answer.mimetype not in (
            "image/png",
            "application/yaml",
            "video/x-yuv4mpeg",
            "multipart/x-mixed-replace",
        ):
            found = json.loads(answer.data)
            assert (found["state"] == "ok") is (answer.status_code == 200)
            assert found["status"]


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a%00b", "%ff%fe", "%F0%9F%8E%A5", "-", "a" * 5000]
)
def test_names_that_lead_elsewhere(user: FlaskClient, fakes: FakeCameras, name: str) -> None:
    before = dict(fakes.configs)
    for path in ("", "/config", "/geometry", "/image", "/mjpeg"):
        assert user.get(f"/api/v1/cam/{name}{path}").status_code == 404
    if name not in ("%F0%9F%8E%A5", "-", "%ff%fe"):
        assert user.post(f"/api/v1/cam/{name}/config", json={"source": "x"}).status_code in (400, 404)
        assert fakes.configs == before
    assert user.get(f"/camera/{name}").status_code == 404
