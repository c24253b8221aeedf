"""The pipeline interface, address by address: exact fields, true statuses, verbatim texts."""

import base64
import inspect
import io
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from pyca import __version__
from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.pipeline.pipelines import Pipelines
from pyca.store.database import Database
from pyca.ui.imaging.bodies import LONGEST_JSON, LONGEST_LIBRARY, LONGEST_LISTS
from tests.fake_pipelines import DEFAULTS, HEIGHT, LINE, WIDTH, FakePipelines, some
from tests.pipeline_desk import PIPELINE, V1, make_app, token, told
from tests.tools import FakeClock

INSTANCE = f"{PIPELINE}/instance"
CONFIG = {"camera_name": "cam1"}
OF_THE_SERVER = ("as_shared", "check_background", "named")
"""what instances are made by, and no interface asks for"""
WHOLE = {**DEFAULTS, **CONFIG}


@pytest.fixture
def fakes() -> FakePipelines:
    return some()


@pytest.fixture
def served(
    settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines, tmp_path: Path
) -> Flask:
    return make_app(settings, database, clock, fakes, scripts=tmp_path / "scripts")


@pytest.fixture
def user(served: Flask) -> FlaskClient:
    return served.test_client()


def test_the_stand_in_has_the_methods_of_the_real_ones() -> None:
    for name, real in inspect.getmembers(Pipelines, inspect.isfunction):
        if name.startswith("_") or name in OF_THE_SERVER:
            continue
        fake = getattr(FakePipelines, name)
        assert list(inspect.signature(fake).parameters) == list(inspect.signature(real).parameters), name


@pytest.fixture
def admin(database: Database, clock: FakeClock) -> dict[str, str]:
    """Headers of an administrator."""
    return token(database, clock, Scope.ADMIN)


def rest(found: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without its envelope."""
    return {key: found[key] for key in list(found)[2:]}


FIELDS: dict[str, dict[str, Any]] = {
    "": {"pipelines": ["one", "two"]},
    "/config_names": {"config_names": ["one", "two"]},
    "/groups": {"groups": {"lab": ["one", "two"], "hall": ["two"]}},
    "/version": {"version": __version__},
    "/heartbeat": {"version": "5", "instances": {}},
    "/one/config": {"config": {**WHOLE, "group": ["lab"], "name": "one"}},
    "/instance/one": {"stream": "tcp://localhost:11101"},
    "/camera": {"cameras": ["cam1", "cam2", "gone"]},
    "/camera/cam1/backgrounds": {"background_ids": []},
    "/script": {"scripts": []},
    "/lib": {"libs": []},
    "/info": {
        "info": {
            "version": "5",
            "active_instances": {},
            "cpu": 1.0,
            "memory": 2,
            "tx": None,
            "rx": None,
            "ended_instances": {},
        }
    },
}


@pytest.mark.parametrize("path", FIELDS)
def test_each_answer_has_its_field_and_no_other(user: FlaskClient, path: str) -> None:
    assert rest(told(user.get(PIPELINE + path))) == FIELDS[path]


def test_an_instance_of_a_configuration(user: FlaskClient, fakes: FakePipelines) -> None:
    found = rest(told(user.post(PIPELINE, json=CONFIG)))
    assert found == {"instance_id": "id-1", "stream": "tcp://localhost:11101", "config": WHOLE}
    found = rest(told(user.post(f"{PIPELINE}?instance_id=mine", json=CONFIG)))
    assert found["instance_id"] == "mine"
    assert not fakes.instances["mine"].read_only
    again = told(user.post(f"{PIPELINE}?instance_id=mine", json=CONFIG), 400)["status"]
    assert again == (
        "Instance with id 'mine' is already present and running. Use another instance_id or stop the current"
        " instance if you want to reuse the same instance_id."
    )
    assert rest(told(user.post(f"{PIPELINE}?instance_id=", json=CONFIG)))["instance_id"] == "id-4"


@pytest.mark.parametrize("body", [b"", b" ", b"null"])
@pytest.mark.parametrize("path", ["", "/instance/"])
def test_an_instance_of_nothing(user: FlaskClient, body: bytes, path: str) -> None:
    assert told(user.post(PIPELINE + path, data=body), 400)["status"] == (
        "You must specify either the pipeline name or the configuration for the pipeline."
    )


def test_an_instance_of_a_saved_pipeline(user: FlaskClient, fakes: FakePipelines) -> None:
    found = rest(told(user.post(f"{PIPELINE}/one")))
    assert list(found) == ["instance_id", "stream", "config"] and found["config"]["camera_name"] == "cam1"
    assert found["instance_id"] != "one"
    more = json.dumps({"image_threshold": 7})
    found = rest(
        told(user.post(f"{PIPELINE}/one", query_string={"instance_id": "x", "additional_config": more}))
    )
    assert found["instance_id"] == "x" and found["config"]["image_threshold"] == 7
    told(user.post(f"{PIPELINE}/one", query_string={"additional_config": ""}))
    assert told(user.post(f"{PIPELINE}/nobody"), 404)["status"] == "Pipeline 'nobody' does not exist."


@pytest.mark.parametrize("text", ["{", "[]", "3", '"x"', "NaN", '{"a": NaN}', '{"a":1,"a":2}', "[" * 9000])
def test_additions_that_are_none(user: FlaskClient, fakes: FakePipelines, text: str) -> None:
    answer = user.post(f"{PIPELINE}/one", query_string={"additional_config": text})
    assert "additional_config" in told(answer, 400)["status"] and not fakes.instances


def test_a_shared_instance_is_the_same_for_all(user: FlaskClient, fakes: FakePipelines) -> None:
    first, second = (rest(told(user.post(f"{INSTANCE}/", json=CONFIG))) for _ in range(2))
    assert first == second and list(first) == ["instance_id", "stream", "config"]
    assert rest(told(user.post(INSTANCE, json=CONFIG))) == first
    other = rest(told(user.post(f"{INSTANCE}/", json={"camera_name": "cam2"})))
    assert other["instance_id"] != first["instance_id"] and len(fakes.instances) == 2
    refused = told(user.post(f"{INSTANCE}/{first['instance_id']}/config", json={"image_threshold": 3}), 400)
    assert refused["status"] == "Cannot set config on a read only instance."


def test_what_an_instance_tells(user: FlaskClient, fakes: FakePipelines) -> None:
    told(user.post(f"{PIPELINE}?instance_id=x", json=CONFIG))
    info = rest(told(user.get(f"{INSTANCE}/x/info")))
    assert info == {"info": fakes.instance_info("x")}
    assert rest(told(user.get(f"{INSTANCE}/x/config"))) == {"config": WHOLE}
    assert rest(told(user.get(f"{INSTANCE}/x/exitcode"))) == {"exitcode": None}
    assert rest(told(user.get(f"{INSTANCE}/x"))) == {"stream": fakes.instances["x"].stream}
    assert list(rest(told(user.get(f"{PIPELINE}/info")))["info"]["active_instances"]) == ["x"]
    assert rest(told(user.get(f"{PIPELINE}/heartbeat")))["instances"]["x"]["tx"] is None
    fakes.instances["x"].exitcode = 3
    assert rest(told(user.get(f"{INSTANCE}/x/exitcode"))) == {"exitcode": 3}


@pytest.mark.parametrize("path", ["/info", "/config", "/exitcode", "/values", "/image", "/mjpeg"])
def test_instances_that_are_not_there(user: FlaskClient, path: str) -> None:
    assert told(user.get(f"{INSTANCE}/nobody{path}"), 404)["status"] == "Instance 'nobody' does not exist."
    told(user.post(f"{INSTANCE}/nobody/config", json={"image_threshold": 1}), 404)
    assert told(user.get(f"{INSTANCE}/nobody"), 404)["status"] == (
        "Instance 'nobody' is not present on server and it is not a saved pipeline name."
    )


def test_changes_of_an_instance(user: FlaskClient, fakes: FakePipelines) -> None:
    told(user.post(f"{PIPELINE}?instance_id=x", json=CONFIG))
    path = f"{INSTANCE}/x/config"
    assert rest(told(user.post(path, json={"image_threshold": 5})))["config"] == {
        **WHOLE,
        "image_threshold": 5,
    }
    assert told(user.post(path, json={}), 400)["status"] == "Config updates cannot be empty."
    assert told(user.post(path, json={"camera_name": "cam2"}), 400)["status"] == (
        "Cannot change the camera name on a running instance. Stop the instance first."
    )
    for wrong in (b"[]", b"3", b'"x"', b"null"):
        assert "object" in told(user.post(path, data=wrong), 400)["status"]
    assert fakes.instances["x"].config["image_threshold"] == 5


def test_a_saved_configuration(user: FlaskClient, fakes: FakePipelines) -> None:
    sent = rest(told(user.post(f"{PIPELINE}/new/config", json=CONFIG)))
    assert sent == {"config": {**WHOLE, "name": "new"}}
    assert rest(told(user.get(f"{PIPELINE}/new/config"))) == sent
    assert told(user.post(f"{PIPELINE}/new/rename", json={"name": "newer"}))["name"] == "newer"
    assert rest(told(user.delete(f"{PIPELINE}/newer/config"))) == {}
    assert told(user.delete(f"{PIPELINE}/newer/config"), 404)["status"] == "Config 'newer' does not exist."
    assert told(user.get(f"{PIPELINE}/new/config"), 404)["status"] == "Pipeline 'new' does not exist."


def test_all_mistakes_of_a_configuration_are_told(user: FlaskClient, fakes: FakePipelines) -> None:
    for path in (PIPELINE, f"{PIPELINE}/new/config", f"{INSTANCE}/"):
        found = told(user.post(path, json={"camera": "x", "pipeline_type": "y"}), 400)["status"]
        assert "'camera'" in found and "pipeline_type 'y' not present in mapping. Available: [" in found
        found = told(user.post(path, json={}), 400)["status"]
        assert found == "Camera name not specified in configuration."
    assert "new" not in fakes.configs and not fakes.instances


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "no JSON"), (b"\xff", "UTF-8"), (b'{"camera_name": NaN}', "NaN"), (b"[" * 5000, "deep"),
        (b'{"camera_name": "a", "camera_name": "b"}', "twice"), (b'{"camera_name": "\\u0000"}', "NUL"),
        (b"[]", "object"), (b"3", "object"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", ["", "/instance/", "/new/config", "/instance/x/config"])
def test_bodies_that_are_no_configuration(user: FlaskClient, path: str, body: bytes, words: str) -> None:
    assert words in told(user.post(PIPELINE + path, data=body), 400)["status"]


def test_offline_cameras(user: FlaskClient, fakes: FakePipelines) -> None:
    text = "Camera gone is not online. Cannot start pipeline."
    for answer in (
        user.get(f"{INSTANCE}/two"), user.post(f"{PIPELINE}/two"),
        user.post(f"{PIPELINE}/camera/gone/background"), user.post(PIPELINE, json={"camera_name": "gone"}),
    ):  # fmt: skip
        assert told(answer, 503)["status"] == text and answer.headers["Retry-After"]
    fakes.served = False
    assert "does not answer" in told(user.get(f"{PIPELINE}/camera"), 503)["status"]


def test_no_port_is_left(user: FlaskClient, fakes: FakePipelines) -> None:
    fakes.most = 0
    found = told(user.post(PIPELINE, json=CONFIG), 503)
    assert found["status"] == "All ports are used. Stop some instances before opening a new stream."


def test_stopping(user: FlaskClient, fakes: FakePipelines) -> None:
    for name in "abc":
        told(user.post(f"{PIPELINE}?instance_id={name}", json=CONFIG))
    assert rest(told(user.delete(f"{PIPELINE}/a"))) == {}
    assert fakes.exitcode("a") == 0 and fakes.exitcode("b") is None
    assert rest(told(user.delete(f"{PIPELINE}/a/del"))) == {} and "a" not in fakes.instances
    told(user.delete(f"{PIPELINE}/nobody"))
    told(user.delete(f"{PIPELINE}/nobody/del"))
    told(user.delete(PIPELINE))
    assert fakes.exitcode("b") == 0 and fakes.exitcode("c") == 0
    told(user.post(f"{PIPELINE}?instance_id=d", json=CONFIG))
    told(user.get(f"{V1}/reset"))
    assert fakes.exitcode("d") == 0


def test_the_values_of_the_newest_message(user: FlaskClient, fakes: FakePipelines) -> None:
    told(user.get(f"{INSTANCE}/one"))
    fakes.values = {
        "infinite": float("inf"), "none": None, "text": "ä", "flag": np.bool_(True), "list": [1, 2.5],
        "wave": np.arange(20_000, dtype=np.int32), "holes": np.array([1.5, np.nan], np.float32),
    }  # fmt: skip
    found = rest(told(user.get(f"{INSTANCE}/one/values")))
    assert list(found) == ["pulse_id", "timestamp", "values", "arrays"]
    assert (found["pulse_id"], found["timestamp"]) == (1, 1_700_000_000.5)
    assert found["arrays"] == {
        "image": {"shape": [HEIGHT, WIDTH], "dtype": "<u2"}, "wave": {"shape": [20_000], "dtype": "<i4"},
    }  # fmt: skip
    values = found["values"]
    assert values.pop("x_axis") == list(range(WIDTH)) and values.pop("y_axis") == list(range(HEIGHT))
    assert json.loads(values.pop("processing_parameters"))["camera_name"] == "cam1"
    assert values == {
        "width": WIDTH, "x_fwhm": None, "y_fwhm": 2.5, "infinite": None, "none": None, "text": "ä",
        "flag": True, "list": [1, 2.5], "holes": [1.5, None],
    }  # fmt: skip


def test_the_newest_image_as_png(user: FlaskClient, fakes: FakePipelines) -> None:
    told(user.get(f"{INSTANCE}/one"))
    answer = user.get(f"{INSTANCE}/one/image?scale=0.5&colormap=viridis")
    assert (answer.status_code, answer.mimetype) == (200, "image/png")
    assert Image.open(io.BytesIO(answer.data)).size == (WIDTH // 2, HEIGHT // 2)
    # What stores send has another name.
    fakes.values = {"image": None, "cam1:FPICTURE": np.zeros((3, 5), np.uint16)}
    assert Image.open(io.BytesIO(user.get(f"{INSTANCE}/one/image").data)).size == (5, 3)
    fakes.values = {"image": np.arange(7, dtype=np.uint8)}  # an image of one row
    assert Image.open(io.BytesIO(user.get(f"{INSTANCE}/one/image").data)).size == (7, 1)
    fakes.values = {"image": None}
    for kind in ("image", "mjpeg"):
        assert told(user.get(f"{INSTANCE}/one/{kind}"), 503)["status"] == "Instance one sends no image."


@pytest.mark.parametrize("value", ["text", np.zeros((2, 3, 4), np.uint8), np.zeros((0, 3), np.uint8)])
@pytest.mark.parametrize("kind", ["image", "mjpeg"])
def test_what_is_called_image_and_is_none(
    user: FlaskClient, fakes: FakePipelines, kind: str, value: object
) -> None:
    fakes.stream("one")
    fakes.values["image"] = value
    assert told(user.get(f"{INSTANCE}/one/{kind}"), 503)["status"] == "Instance one sends no image."


def test_moving_pictures(user: FlaskClient) -> None:
    told(user.get(f"{INSTANCE}/one"))
    with user.get(f"{INSTANCE}/one/mjpeg?fps=60") as answer:
        assert answer.content_type == "multipart/x-mixed-replace; boundary=pyca-frame"
        pieces = [next(answer.iter_encoded()) for _ in range(3)]
        assert b"\xff\xd8" in pieces[1] and pieces[1] != pieces[2]
    for query in ("fps=0", "fps=99", "quality=0", "scale=x", "colormap=X"):
        told(user.get(f"{INSTANCE}/one/mjpeg?{query}"), 400)


@pytest.mark.parametrize("query", ["timeout=0", "timeout=61", "timeout=x", "scale=0", "min_value=nan"])
def test_wrong_parameters(user: FlaskClient, query: str) -> None:
    told(user.get(f"{INSTANCE}/one"))
    assert query.partition("=")[0] in told(user.get(f"{INSTANCE}/one/image?{query}"), 400)["status"]


def test_backgrounds_are_collected(user: FlaskClient, fakes: FakePipelines) -> None:
    path = f"{PIPELINE}/camera/cam1/background"
    assert told(user.get(path), 404)["status"] == "No background matches for the specified prefix 'cam1'."
    first = rest(told(user.post(path)))
    assert first == {"background_id": "cam1_20261122_030000_000001"}
    assert fakes.kept[first["background_id"]][0, 0] == 10
    second = rest(told(user.post(f"{path}?n_images=3")))["background_id"]
    assert fakes.kept[second][0, 0] == 3
    assert rest(told(user.get(path))) == {"background_id": second}
    every = rest(told(user.get(f"{path}s")))
    assert every == {"background_ids": [first["background_id"], second]}


@pytest.mark.parametrize("number", ["x", "nan", "2.5", "1e999", "0", "-1", "100001"])
def test_numbers_of_images_that_are_none(user: FlaskClient, fakes: FakePipelines, number: str) -> None:
    status = told(user.post(f"{PIPELINE}/camera/cam1/background?n_images={number}"), 400)["status"]
    if number in ("0", "-1", "100001"):
        assert status == f"n_images: found {number}, expected a number from 1 to 100000."
    else:
        assert status == "n_images must be a number."
    assert not fakes.kept


def test_backgrounds_are_shown(user: FlaskClient, fakes: FakePipelines) -> None:
    fakes.kept["dark"] = np.arange(12, dtype=np.uint16).reshape(3, 4)
    answer = user.get(f"{PIPELINE}/background/dark/image?colormap=gray")
    assert answer.mimetype == "image/png" and Image.open(io.BytesIO(answer.data)).size == (4, 3)
    found = rest(told(user.get(f"{PIPELINE}/background/dark/image_bytes")))["image"]
    assert (found["shape"], found["dtype"]) == ([3, 4], "<u2")
    assert base64.b64decode(found["bytes"]) == fakes.kept["dark"].tobytes()
    for kind in ("image", "image_bytes"):
        refused = told(user.get(f"{PIPELINE}/background/no/{kind}"), 404)
        assert refused["status"] == "Requested background 'no' does not exist."


def test_backgrounds_are_sent(user: FlaskClient, fakes: FakePipelines) -> None:
    image = np.arange(12, dtype=np.uint16).reshape(3, 4)
    body = io.BytesIO()
    np.save(body, image)
    path = f"{PIPELINE}/background/dark/image_bytes"
    for sent in (body.getvalue(), pickle.dumps(image, 0)):
        assert rest(told(user.put(path, data=sent))) == {}
        assert np.array_equal(fakes.kept.pop("dark"), image)
    for wrong in (b"", b"x", b"\x93NUMPY", b"cos\nsystem\n(S'true'\ntR.", pickle.dumps([1, 2])):
        told(user.put(path, data=wrong), 400)
    assert "dark" not in fakes.kept


NO_IMAGES = (1, [], [[]], [1, 2], [[1], [2, 3]], [["a"]], [[None]], [[-1]], [[65536]], [[[1]]], {"a": 1}, "x",
             [[True]], [[10**17]], [["1"]])  # fmt: skip


def test_backgrounds_are_sent_as_lists(user: FlaskClient, fakes: FakePipelines) -> None:
    sent = {"filename": "dark.npy", "data": [[0, 1, 65535], [4.9, 5, 6]]}
    assert rest(told(user.post(f"{PIPELINE}/background", json=sent))) == {"background_id": "dark"}
    assert fakes.kept["dark"].dtype == np.uint16
    assert fakes.kept["dark"].tolist() == [[0, 1, 65535], [4, 5, 6]]
    large = {"filename": "large", "data": np.zeros((800, 800), int).tolist()}
    assert len(json.dumps(large)) > LONGEST_JSON
    told(user.post(f"{PIPELINE}/background", json=large))
    assert fakes.kept["large"].shape == (800, 800)


@pytest.mark.parametrize(
    "sent",
    [[], 3, {}, {"filename": "x"}, {"data": [[1]]}, {"filename": 3, "data": [[1]]},
     *({"filename": "x", "data": data} for data in NO_IMAGES)],
)  # fmt: skip
def test_lists_that_are_no_background(user: FlaskClient, fakes: FakePipelines, sent: Any) -> None:
    told(user.post(f"{PIPELINE}/background", json=sent), 400)
    assert not fakes.kept


def test_scripts(user: FlaskClient, fakes: FakePipelines, admin: dict[str, str]) -> None:
    path = f"{PIPELINE}/script/a.py/script_bytes"
    assert told(user.get(path), 404)["status"] == "Requested script 'a.py' does not exist."
    told(user.put(path, data="print('ä')", headers=admin))
    assert rest(told(user.get(path))) == {"script": "print('ä')"}
    assert rest(told(user.get(f"{PIPELINE}/script"))) == {"scripts": ["a.py"]}
    told(user.delete(path, headers=admin))
    told(user.delete(path, headers=admin), 404)
    told(user.put(path, data=b"\xff", headers=admin), 400)
    assert not fakes.scripts


def test_libraries(user: FlaskClient, fakes: FakePipelines, admin: dict[str, str]) -> None:
    path = f"{PIPELINE}/lib/a.zip/lib_bytes"
    told(user.get(path), 404)
    told(user.put(path, data=b"", headers=admin), 400)
    told(user.put(path, data="x = 'ä'", headers=admin))
    assert rest(told(user.get(path))) == {"lib": "x = 'ä'", "base64": False}
    told(user.put(path, data=b"PK\xff\x00" + bytes(LONGEST_JSON), headers=admin))
    found = rest(told(user.get(path)))
    assert found["base64"] is True and base64.b64decode(found["lib"]) == fakes.libraries["a.zip"]
    assert rest(told(user.get(f"{PIPELINE}/lib"))) == {"libs": ["a.zip"]}
    told(user.delete(path, headers=admin))
    told(user.delete(path, headers=admin), 404)


def test_scripts_and_libraries_without_a_folder(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    fakes = some()
    user = make_app(settings, database, clock, fakes).test_client()
    for kind in ("script", "lib"):
        path = f"{PIPELINE}/{kind}/a.py/{kind}_bytes"
        answers = (
            user.get(f"{PIPELINE}/{kind}"),
            user.get(path),
            user.put(path, data="x"),
            user.delete(path),
        )
        for answer in answers:
            assert "[pipeline] scripts" in told(answer, 403)["status"]
    assert not fakes.scripts and not fakes.libraries


@pytest.mark.parametrize(
    ("method", "path", "most"),
    [("POST", "", LONGEST_JSON), ("POST", "/x/config", LONGEST_JSON), ("POST", "/instance/", LONGEST_JSON),
     ("POST", "/instance/x/config", LONGEST_JSON), ("PUT", "/script/x/script_bytes", LONGEST_JSON),
     ("POST", "/background", LONGEST_LISTS), ("PUT", "/lib/x/lib_bytes", LONGEST_LIBRARY)],
)  # fmt: skip
def test_bodies_that_are_too_large(
    user: FlaskClient, admin: dict[str, str], method: str, path: str, most: int
) -> None:
    answer = user.open(PIPELINE + path, method=method, data=b" " * (most + 1), headers=admin)
    told(answer, 413)


def test_logs(user: FlaskClient) -> None:
    text = " ".join(LINE)
    told(user.get(f"{INSTANCE}/one"))
    assert rest(told(user.get(f"{V1}/logs"))) == {"logs": [LINE, LINE]}
    assert rest(told(user.get(f"{V1}/logs/txt"))) == {"logs": f"{text}\n{text}"}
    assert rest(told(user.get(f"{V1}/logs/instance/one"))) == {"logs": [LINE]}
    assert rest(told(user.get(f"{V1}/logs/instance/one/txt"))) == {"logs": text}
    told(user.get(f"{V1}/logs/instance/nobody"), 404)


def test_what_there_is_not(user: FlaskClient) -> None:
    told(user.get(f"{V1}/nothing"), 404)
    told(user.get(f"{PIPELINE}/one/nothing"), 404)
    told(user.get(f"{PIPELINE}//config"), 404)
    told(user.get(f"{V1}/cam"), 404)
    for method, path, allowed in (
        ("GET", "/one", "POST"), ("GET", "/background", "POST"), ("PUT", "", "POST"), ("POST", "/info", ""),
        ("PUT", "/instance/one", "GET"), ("GET", "/instance/", "POST"),
    ):  # fmt: skip
        answer = user.open(PIPELINE + path, method=method)
        if allowed:
            told(answer, 405)
            assert allowed in answer.headers["Allow"]
        else:  # there is no pipeline of this name
            told(answer, 404)


@pytest.mark.parametrize("path", ["", "/one/config", "/nothing/at/all", "/background/x/image_bytes"])
def test_what_browsers_ask_before_they_ask(user: FlaskClient, path: str) -> None:
    answer = user.options(PIPELINE + path, headers={"Origin": "http://evil.example"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "PUT, GET, POST, DELETE, OPTIONS"
    assert "Content-Type" in answer.headers["Access-Control-Allow-Headers"]


def test_the_base_and_health(user: FlaskClient) -> None:
    assert user.get("/base").get_json()["base"] == "/api/v1"
    assert user.get("/health/live").get_json() == {"status": "ok"}
    assert user.get("/health/ready").status_code == 200


def test_figures(user: FlaskClient) -> None:
    told(user.get(f"{INSTANCE}/one"))
    text = user.get("/metrics").text
    assert "pyca_pipelines 2.0" in text and "pyca_pipeline_instances 1.0" in text
    assert 'pyca_pipeline_rx_hertz{pipeline="one"} 9.98' in text
    assert 'pyca_pipeline_lost_total{pipeline="one"} 3.0' in text and "NaN" not in text


def test_what_is_refused_is_in_the_log(user: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    user.post(f"{PIPELINE}/a%0Ab", json={})
    user.post(f"{PIPELINE}/background", json={"filename": "../x", "data": [[1]]})
    refused = [one for one in caplog.messages if "is refused" in one]
    assert refused
    assert all(one.startswith(f"POST '{PIPELINE}/") and one.isprintable() for one in refused)
    user.get(f"{PIPELINE}/nothing/config")
    assert len([one for one in caplog.messages if "is refused" in one]) == len(refused)
