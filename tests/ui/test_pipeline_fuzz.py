"""Odd requests to every address of the pipeline server: each is answered in the envelope, none with a 500."""

import json
import re
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pyca.config.settings import Settings
from pyca.store.database import Database
from tests.fake_pipelines import FakePipelines, some
from tests.pipeline_desk import PIPELINE, make_app
from tests.tools import FakeClock

NAMES = st.one_of(
    st.sampled_from(
        ["one", "cam1", "gone", "nobody", "..", "a/b", "\0", "é", "x" * 3000, "%2F", "info", " ", "instance"]
    ),
    st.text(max_size=20),
)
VALUES = st.one_of(
    st.sampled_from(
        ["", "nan", "1e999", "-1", "0", "1", "0.5", "true", "\0", "9" * 400, "{}", "[]", "{", "null"]
    ),
    st.text(max_size=9),
)
KEYS = st.sampled_from(
    ["scale", "min_value", "max_value", "colormap", "fps", "quality", "timeout", "instance_id",
     "additional_config", "n_images", "q", "group"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=6,
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    JSON.map(lambda value: json.dumps({"camera_name": value, "name": value}).encode()),
    JSON.map(lambda value: json.dumps({"filename": "x", "data": value}).encode()),
    JSON.map(lambda value: json.dumps({"filename": value, "data": [[1]]}).encode()),
    JSON.map(lambda value: json.dumps({"camera_name": "cam1", "image_threshold": value}).encode()),
    st.sampled_from(
        [b"{" * 9000, b"\x93NUMPY\x01\x00\xff\xff", b"\x80\x04\x95", b'{"a":1,"a":2}', b"cos\nsystem\n."]
    ),
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "BREW"])


@pytest.fixture
def fakes() -> FakePipelines:
    return some()


@pytest.fixture
def user(settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines) -> FlaskClient:
    app = make_app(settings, database, clock, fakes, scripts=settings.capture.directory)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    return app.test_client()


def addresses(user: FlaskClient) -> list[str]:
    return sorted({rule.rule for rule in user.application.url_map.iter_rules()})


@hypothesis_settings(
    max_examples=250, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
@given(st.data())
def test_nothing_breaks_it(user: FlaskClient, fakes: FakePipelines, data: st.DataObject) -> None:
    fakes.configs.update(some().configs)
    if "one" not in fakes.instances:
        fakes.stream("one")
    rule = data.draw(st.sampled_from(addresses(user)))
    path = re.sub("<(name|camera)>", lambda _: quote(data.draw(NAMES), safe=""), rule)
    path = path.replace("<path:filename>", "style.css")
    query = data.draw(st.dictionaries(KEYS, VALUES, max_size=3))
    method = data.draw(METHODS)
    body = data.draw(BODIES)
    answer = user.open(path, method=method, query_string=query, data=body)
    assert answer.status_code < 500 or answer.status_code == 503, answer.text
    if answer.is_streamed:
        answer.close()
    elif path.startswith("/api/v1") and method not in ("HEAD", "OPTIONS"):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        if answer.mimetype not in ("image/png", "application/yaml", "multipart/x-mixed-replace"):
            found = json.loads(answer.data)
            assert (found["state"] == "ok") is (answer.status_code == 200)
            assert found["status"]


@pytest.mark.parametrize(
    "name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "a%00b", "%ff%fe", "%F0%9F%8E%A5", "-", "a" * 5000]
)
def test_names_that_lead_elsewhere(user: FlaskClient, fakes: FakePipelines, name: str) -> None:
    before = dict(fakes.configs)
    for path in (f"{name}/config", f"instance/{name}", f"instance/{name}/values", f"background/{name}/image"):
        assert user.get(f"{PIPELINE}/{path}").status_code == 404
    if name not in ("%F0%9F%8E%A5", "-", "%ff%fe"):
        for path in (f"{name}/config", f"?instance_id={name}"):
            answer = user.post(f"{PIPELINE}/{path}", json={"camera_name": "cam1"})
            assert answer.status_code in (400, 404), answer.text
        assert fakes.configs == before and not fakes.instances
