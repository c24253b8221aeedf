"""The camera interface, address by address: exact fields, true statuses, verbatim texts."""

import base64
import inspect
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from pyca import __version__
from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.errors import ConfigError, ImagingError
from pyca.store.database import Database
from pyca.ui.imaging.bodies import LONGEST_JSON
from tests.camera_desk import V1, make_app, told
from tests.fake_cameras import HEIGHT, LINE, WIDTH, FakeCameras, some
from tests.tools import FakeClock

CAM = f"{V1}/cam"


@pytest.fixture
def fakes() -> FakeCameras:
    return some()


@pytest.fixture
def served(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakeCameras, tmp_path: Path
) -> Flask:
    return make_app(settings, database, clock, fakes, scripts=tmp_path / "scripts")


@pytest.fixture
def user(served: Flask) -> FlaskClient:
    return served.test_client()


def test_the_stand_in_has_the_methods_of_the_real_ones() -> None:
    for name, real in inspect.getmembers(Cameras, inspect.isfunction):
        if name.startswith("_"):
            continue
        fake = getattr(FakeCameras, name)
        assert list(inspect.signature(fake).parameters) == list(inspect.signature(real).parameters), name


FIELDS: dict[str, dict[str, Any]] = {
    "": {"cameras": ["cam1", "cam2", "gone"]},
    "/config_names": {"config_names": ["cam1", "cam2", "gone"]},
    "/aliases": {"aliases": {"one": "cam1"}},
    "/groups": {"groups": {"lab": ["cam1", "cam2"], "hall": ["cam2"]}},
    "/version": {"version": __version__},
    "/heartbeat": {"version": "5", "instances": {}},
    "/cam1": {"stream": "tcp://localhost:10100"},
    "/one": {"stream": "tcp://localhost:10100"},
    "/cam1/geometry": {"geometry": [WIDTH, HEIGHT]},
    "/cam1/is_online": {"online": True},
    "/gone/is_online": {"online": False},
    "/script": {"scripts": []},
}


@pytest.mark.parametrize("path", FIELDS)
def test_each_answer_has_its_field_and_no_other(user: FlaskClient, path: str) -> None:
    found = told(user.get(CAM + path))
    assert {key: found[key] for key in list(found)[2:]} == FIELDS[path]


def test_an_offline_camera_is_no_error(user: FlaskClient) -> None:
    assert told(user.get(f"{CAM}/gone/is_online"))["status"] == "Camera with prefix gone is offline"


def test_the_configuration(user: FlaskClient, fakes: FakeCameras) -> None:
    sent = told(user.post(f"{CAM}/new/config", json={"source": "x"}))
    assert sent["config"] == fakes.configs["new"] and sent["config"]["mirror_x"] is False
    assert told(user.get(f"{CAM}/new/config"))["config"] == fakes.configs["new"]
    assert list(told(user.delete(f"{CAM}/new/config"))) == ["state", "status"]
    assert "new" not in fakes.configs
    told(user.delete(f"{CAM}/new/config"), 404)


def test_all_mistakes_of_a_configuration_are_told(user: FlaskClient, fakes: FakeCameras) -> None:
    found = told(user.post(f"{CAM}/new/config", json={"sourc": 1, "mirorr": 2}), 400)
    assert "sourc" in found["status"] and "mirorr" in found["status"] and "'source' not" in found["status"]
    assert "new" not in fakes.configs


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"), (b"", "no JSON"), (b"\xff", "UTF-8"), (b'{"source": NaN}', "NaN"),
        (b'{"source": "a", "source": "b"}', "twice"), (b"[" * 5000, "deep"), (b"[" * 99 + b"]" * 99, "deep"),
        (b'{"source": "\\u0000"}', "NUL"), (b'{"source": "\\ud800"}', "surrogate"), (b"[]", "object"),
        (b"3", "object"), (b'{"source": 1e999}', "large"), (b"null", "object"),
    ],
)  # fmt: skip
def test_bodies_that_are_no_configuration(user: FlaskClient, body: bytes, words: str) -> None:
    assert words in told(user.post(f"{CAM}/new/config", data=body), 400)["status"]


def test_words_of_the_interface_are_no_names(user: FlaskClient) -> None:
    assert (
        "word of the interface" in told(user.post(f"{CAM}/info/config", json={"source": "x"}), 400)["status"]
    )
    told(user.post(f"{CAM}/cam1/rename", json={"name": "script"}), 400)


def test_another_name(user: FlaskClient, fakes: FakeCameras) -> None:
    assert told(user.post(f"{CAM}/one/rename", json={"name": "first"}))["name"] == "first"
    assert fakes.names() == ["cam2", "first", "gone"]
    for wrong in ({}, {"name": 3}, {"name": "a", "more": 1}, [], "x"):
        told(user.post(f"{CAM}/first/rename", json=wrong), 400)
    told(user.post(f"{CAM}/first/rename", json={"name": "../x"}), 400)
    told(user.post(f"{CAM}/first/rename", json={"name": "cam2"}), 400)
    told(user.post(f"{CAM}/nobody/rename", json={"name": "x"}), 404)


@pytest.mark.parametrize(
    "path", ["", "/config", "/geometry", "/image", "/image_bytes", "/is_online", "/mjpeg", "/y4m"]
)
def test_unknown_cameras(user: FlaskClient, path: str) -> None:
    assert "does not exist" in told(user.get(f"{CAM}/nobody{path}"), 404)["status"]


@pytest.mark.parametrize("path", ["", "/geometry", "/image", "/image_bytes", "/mjpeg", "/y4m"])
def test_offline_cameras(user: FlaskClient, path: str) -> None:
    answer = user.get(f"{CAM}/gone{path}")
    assert told(answer, 503)["status"] == "Camera with prefix gone is offline"
    assert answer.headers["Retry-After"]


def test_no_port_is_left(user: FlaskClient, fakes: FakeCameras) -> None:
    fakes.most = 0
    found = told(user.get(f"{CAM}/cam1"), 503)
    assert found["status"] == "All ports are used. Stop some instances before opening a new stream."


def test_stopping(user: FlaskClient, fakes: FakeCameras) -> None:
    for path in ("cam1", "one", "nobody", "cam1/del", "nobody/del", "..", "a%2Fb/del"):
        user.get(f"{CAM}/cam1")
        if "%2F" not in path:
            assert list(told(user.delete(f"{CAM}/{path}"))) == ["state", "status"]
    fakes.running.update(cam1=1, cam2=2)
    told(user.delete(f"{CAM}/one"))
    assert list(fakes.running) == ["cam2"]
    told(user.delete(CAM))
    assert not fakes.running
    fakes.running.update(cam1=1)
    told(user.get(f"{V1}/reset"))
    assert not fakes.running


def test_info_holds_no_numbers_that_json_does_not_know(user: FlaskClient, fakes: FakeCameras) -> None:
    fakes.running["cam1"] = 10100
    assert told(user.get(f"{CAM}/heartbeat"))["instances"]["cam1"] == {
        "rx": 9.98, "tx": None, "clients": 1, "lost": 3, "pid": "12",
    }  # fmt: skip
    found = told(user.get(f"{CAM}/info"))["info"]
    assert found["active_instances"]["cam1"]["is_stream_active"] is True


def test_an_image_as_png(user: FlaskClient) -> None:
    answer = user.get(f"{CAM}/one/image?raw&scale=0.5&min_value=0&max_value=2000&colormap=viridis")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert Image.open(io.BytesIO(answer.data)).format == "PNG"


def test_an_image_as_values(user: FlaskClient, fakes: FakeCameras) -> None:
    found = told(user.get(f"{CAM}/cam1/image_bytes"))["image"]
    assert list(found) == ["bytes", "shape", "dtype"] and found["shape"] == [HEIGHT, WIDTH]
    assert found["dtype"] == "<u2"
    image = np.frombuffer(base64.b64decode(found["bytes"]), "<u2").reshape(found["shape"])
    assert np.array_equal(image, fakes.snapshot("cam1").image)


@pytest.mark.parametrize("kind", ["image", "mjpeg"])
@pytest.mark.parametrize(
    "query",
    ["scale=x", "scale=0", "scale=-1", "scale=nan", "min_value=inf", "max_value=1e999"],
)  # fmt: skip
def test_wrong_parameters(user: FlaskClient, kind: str, query: str) -> None:
    assert query.partition("=")[0] in told(user.get(f"{CAM}/cam1/{kind}?{query}"), 400)["status"]


@pytest.mark.parametrize("query", ["fps=0", "fps=999", "fps=x", "quality=0", "quality=100"])
def test_wrong_parameters_of_moving_pictures(user: FlaskClient, query: str) -> None:
    told(user.get(f"{CAM}/cam1/mjpeg?{query}"), 400)


def test_empty_parameters_are_none(user: FlaskClient) -> None:
    assert user.get(f"{CAM}/cam1/image?scale=&min_value=&max_value=&colormap=").status_code == 200
    nothing = "scale=None&min_value=null&max_value=None&colormap=None&raw=None&timeout=None"
    assert user.get(f"{CAM}/cam1/image?{nothing}").data == user.get(f"{CAM}/cam1/image").data
    with user.get(f"{CAM}/cam1/mjpeg?{nothing}&fps=None") as answer:
        assert answer.status_code == 200


def test_the_page_of_a_broken_camera_explains_it(user: FlaskClient, fakes: FakeCameras) -> None:
    fakes.broken["cam1"] = ConfigError(["unknown key 'mirrorx'", "'rotate' must be a number <here>"], "do so")
    page = user.get("/camera/cam1")
    assert page.status_code == 400 and page.content_type.startswith("text/html")
    for words in ("cam1.json", "unknown key &#39;mirrorx&#39;", "&lt;here&gt;", "do so", "camera validate"):
        assert words in page.text
    fakes.broken["cam1"] = ImagingError("“cam1.json” is no JSON")
    assert "“cam1.json” is no JSON" in user.get("/camera/cam1").text
    page = user.get("/")
    assert "Watch cam2" in page.text and "Watch cam1" not in page.text and 'href="/camera/cam1"' in page.text
    assert user.get("/camera/nobody").status_code == 404


def test_the_page_shows_aliases_that_lead_to_its_camera(user: FlaskClient, fakes: FakeCameras) -> None:
    # Two claim “one”, and it leads to one of them.
    fakes.save("also", {"source": "demo", "alias": ["one", "mine"]})
    assert fakes.aliases()["one"] == "cam1"
    page = user.get("/camera/also").text
    assert "also mine" in page and "one, mine" not in page
    assert "also one" in user.get("/camera/cam1").text
    assert "also one" in user.get("/camera/one").text


def test_backgrounds(user: FlaskClient, fakes: FakeCameras) -> None:
    body = io.BytesIO()
    np.save(body, np.arange(12, dtype=np.uint16).reshape(3, 4))
    path = f"{CAM}/background/dark/image_bytes"
    assert list(told(user.put(path, data=body.getvalue()))) == ["state", "status"]
    assert fakes.backgrounds["dark"].tolist()[2] == [8, 9, 10, 11]
    for wrong in (b"", b"x", b"\x93NUMPY", b"cos\nsystem\n(S'true'\ntR."):
        told(user.put(path, data=wrong), 400)


def test_a_large_background_is_taken(user: FlaskClient, fakes: FakeCameras) -> None:
    body = io.BytesIO()
    np.save(body, np.zeros((1200, 1000), np.uint16))
    assert len(body.getvalue()) > LONGEST_JSON
    told(user.put(f"{CAM}/background/dark/image_bytes", data=body.getvalue()))
    assert fakes.backgrounds["dark"].shape == (1200, 1000)


def test_scripts(user: FlaskClient, fakes: FakeCameras) -> None:
    path = f"{CAM}/script/a.py/script_bytes"
    assert told(user.get(path), 404)["status"] == "Requested script 'a.py' does not exist."
    told(user.put(path, data="print('ä')"))
    assert told(user.get(path))["script"] == "print('ä')"
    assert told(user.get(f"{CAM}/script"))["scripts"] == ["a.py"]
    told(user.delete(path))
    told(user.delete(path), 404)
    told(user.put(path, data=b"\xff"), 400)
    assert not fakes.scripts


def test_scripts_without_a_folder(settings: Settings, database: Database, clock: FakeClock) -> None:
    fakes = some()
    user = make_app(settings, database, clock, fakes).test_client()
    path = f"{CAM}/script/a.py/script_bytes"
    for answer in (user.get(f"{CAM}/script"), user.get(path), user.put(path, data="x"), user.delete(path)):
        assert "[camera] scripts" in told(answer, 403)["status"]
    assert not fakes.scripts


def test_logs(user: FlaskClient) -> None:
    text = " ".join(LINE)
    assert told(user.get(f"{V1}/logs"))["logs"] == [LINE, LINE]
    assert told(user.get(f"{V1}/logs/txt"))["logs"] == f"{text}\n{text}"
    assert told(user.get(f"{V1}/logs/instance/one"))["logs"] == [LINE]
    assert told(user.get(f"{V1}/logs/instance/one/txt"))["logs"] == text
    told(user.get(f"{V1}/logs/instance/nobody"), 404)


def test_what_there_is_not(user: FlaskClient) -> None:
    told(user.get(f"{V1}/nothing"), 404)
    told(user.get(f"{CAM}/cam1/nothing"), 404)
    told(user.get(f"{CAM}//config"), 404)
    answer = user.post(f"{CAM}/cam1/geometry")
    told(answer, 405)
    assert "GET" in answer.headers["Allow"]
    told(user.put(CAM), 405)


@pytest.mark.parametrize(
    "path", [CAM, f"{CAM}/cam1/config", f"{V1}/nothing", f"{CAM}/background/x/image_bytes"]
)
def test_what_browsers_ask_before_they_ask(user: FlaskClient, path: str) -> None:
    answer = user.options(path, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, GET, POST, DELETE, OPTIONS"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def test_the_base(user: FlaskClient) -> None:
    assert user.get("/base").get_json()["base"] == "/api/v1"


def test_figures(user: FlaskClient, fakes: FakeCameras) -> None:
    fakes.running["cam1"] = 10100
    text = user.get("/metrics").text
    assert "pyca_cameras 3.0" in text and "pyca_camera_instances 1.0" in text
    assert 'pyca_camera_rx_hertz{camera="cam1"} 9.98' in text
    assert 'pyca_camera_lost_total{camera="cam1"} 3.0' in text and "NaN" not in text


def test_health(user: FlaskClient) -> None:
    assert user.get("/health/live").get_json() == {"status": "ok"}
    assert user.get("/health/ready").status_code == 200


def test_an_unknown_colormap(user: FlaskClient) -> None:
    for kind in ("image", "mjpeg"):
        assert told(user.get(f"{CAM}/cam1/{kind}?colormap=X"), 400)["status"] == (
            "Unable to apply colormap 'X'. See http://matplotlib.org/examples/color/colormaps_reference.html"
            " for available colormaps."
        )
