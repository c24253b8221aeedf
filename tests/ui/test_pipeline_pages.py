"""The pages of the pipeline server as they come from it, without a browser."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.errors import ConfigError
from pyca.store.database import Database
from pyca.ui.pipeline import forms
from tests import camera_desk, fake_cameras
from tests.beam_values import Beam
from tests.fake_pipelines import FakePipelines, some
from tests.pipeline_desk import make_app
from tests.tools import FakeClock

DEFAULT: dict[str, Any] = {
    "camera_name": "cam1",
    "image_threshold": None,
    "image_region_of_interest": None,
    "image_background": None,
    "image_background_enable": False,
    "image_good_region": None,
    "image_slices": None,
    "rotation": None,
    "averaging": None,
    "max_frame_rate": None,
    "paused": False,
}


@pytest.fixture
def fakes() -> FakePipelines:
    made = some()
    made.beam = Beam()
    made.create({"camera_name": "cam1"}, "mine")
    return made


@pytest.fixture
def client(settings: Settings, database: Database, clock: FakeClock, fakes: FakePipelines) -> FlaskClient:
    return make_app(settings, database, clock, fakes).test_client()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings()


def post(client: FlaskClient, path: str, **fields: str) -> Any:
    """Send a form as a page has it, with its token."""
    page = client.get("/").text
    token = re.search(r'name="token" value="([^"]+)"', page)
    assert token
    return client.post(path, data={"token": token[1], **fields})


def test_the_list_has_pipelines_and_instances(client: FlaskClient, fakes: FakePipelines) -> None:
    fakes.stream("one")
    page = client.get("/").text
    for name in ("mine", "one", "two"):
        assert f'data-name="{name}"' in page
    assert re.search(r'data-name="mine"[^>]*data-state="running"', page)
    assert re.search(r'data-name="two"[^>]*data-state="off"', page)
    assert "processing · cam1 · private" in page
    assert '<span id="running">2</span>' in re.sub(r"\s+", " ", page)


def test_the_list_is_searched(client: FlaskClient) -> None:
    assert re.findall(r'data-name="(\w+)"', client.get("/?q=GONE").text) == ["two"]
    assert re.findall(r'data-name="(\w+)"', client.get("/?group=hall").text) == ["two"]
    assert "No pipeline matches" in client.get("/?q=nothing").text


def test_an_empty_server_says_how_to_begin(client: FlaskClient, fakes: FakePipelines) -> None:
    fakes.configs.clear()
    fakes.instances.clear()
    assert "There is no pipeline yet" in client.get("/").text


def test_instances_are_started_stopped_and_made(client: FlaskClient, fakes: FakePipelines) -> None:
    assert post(client, "/pipeline/one/start").location == "/instance/one"
    assert fakes.instances["one"].read_only
    assert post(client, "/instance/one/stop").location == "/"
    assert fakes.exitcode("one") == 0
    assert post(client, "/instances", camera="cam2", name="new").location == "/instance/new"
    assert post(client, "/instances", pipeline="one", name="other").location == "/instance/other"
    assert not fakes.instances["other"].read_only
    made = post(client, "/instance/one/copy").location
    assert fakes.instances[made.removeprefix("/instance/")].config["camera_name"] == "cam1"


@pytest.mark.parametrize(
    ("path", "fields", "said"),
    [
        ("/instances", {}, "Name a camera or choose a pipeline."),
        ("/instances", {"camera": "cam1", "name": "mine"}, "is already present and running"),
        ("/instances", {"camera": "gone"}, "Camera gone is not online. Cannot start pipeline."),
        ("/pipeline/two/start", {}, "Camera gone is not online. Cannot start pipeline."),
        (
            "/instance/mine/parameters",
            {"image_threshold": "much"},
            "Threshold: found &#39;much&#39;, expected",
        ),
        ("/instance/mine/parameters", {"json": "{"}, "This is no JSON: "),
        ("/instance/mine/parameters", {"json": "[1]"}, "Found [1], expected an object of JSON."),
        (
            "/instance/mine/parameters",
            {"json": '{"camera_name": "cam1", "nonsense": 1}'},
            "unknown key &#39;nonsense&#39;",
        ),
        ("/instance/mine/background", {"n_images": "no"}, "Number of images: expected a whole number"),
        ("/instance/mine/background", {"n_images": "0"}, "Number of images: expected a whole number"),
    ],
)
def test_what_is_wrong_is_shown_on_the_page(
    client: FlaskClient, path: str, fields: dict[str, str], said: str
) -> None:
    answer = post(client, path, **fields)
    assert answer.status_code >= 400
    assert said in answer.text
    assert 'role="alert"' in answer.text


def test_what_was_typed_stays_where_it_was_wrong(client: FlaskClient) -> None:
    page = post(client, "/instance/mine/parameters", image_threshold="much", averaging="4", paused="on").text
    assert 'name="image_threshold" value="much"' in page
    assert 'name="averaging" value="4"' in page
    assert re.search(r'name="paused" value="on" checked', page)


def test_parameters_are_changed(client: FlaskClient, fakes: FakePipelines) -> None:
    answer = post(
        client, "/instance/mine/parameters", image_threshold="12.5", slices="on", number_of_slices="5"
    )
    assert answer.location == "/instance/mine?done=changed#parameters"
    config = fakes.instance_config("mine")
    assert config["image_threshold"] == 12.5
    assert config["image_slices"] == {"number_of_slices": 5}
    assert "The parameters were changed." in client.get("/instance/mine?done=changed").text
    text = json.dumps({**config, "image_threshold": 7})
    assert post(client, "/instance/mine/parameters", json=text).status_code == 303
    assert fakes.instance_config("mine")["image_threshold"] == 7
    assert "done=same" in post(client, "/instance/mine/parameters", json=text).location


def test_shared_instances_say_why_they_are_not_changed(client: FlaskClient, fakes: FakePipelines) -> None:
    fakes.stream("one")
    page = client.get("/instance/one").text
    assert "All who ask for pipeline one share it." in page
    assert re.search(r'<fieldset class="parameters" disabled>', page)
    answer = post(client, "/instance/one/parameters", image_threshold="1")
    assert "Cannot set config on a read only instance." in answer.text


def test_a_background_is_collected_and_used(client: FlaskClient, fakes: FakePipelines) -> None:
    assert post(client, "/instance/mine/background", n_images="3", use="on").status_code == 303
    config = fakes.instance_config("mine")
    assert config["image_background"] == fakes.latest_background("cam1")
    assert config["image_background_enable"] is True
    assert f"<option selected>{config['image_background']}</option>" in client.get("/instance/mine").text
    assert post(client, "/instance/mine/background", n_images="3").status_code == 303
    assert fakes.instance_config("mine") == config


def test_an_instance_is_shown_with_its_figures(client: FlaskClient, fakes: FakePipelines) -> None:
    fakes.troubles["mine"] = "The background has another size."
    fakes.values["own_of_user"] = "text"
    page = client.get("/instance/mine?colormap=gray").text
    assert "The background has another size." in page
    assert re.search(r'data-channel="x_fit_standard_deviation">280<', page)
    assert re.search(r"own_of_user</th><td[^>]*>text<", page)
    assert "image?colormap=gray" in page
    assert 'href="http://localhost:8888/camera/cam1"' in page
    assert "it runs" in page


def test_instances_that_ended_or_never_ran(client: FlaskClient, fakes: FakePipelines) -> None:
    assert client.get("/instance/nobody").status_code == 404
    fakes.stop("mine")
    page = client.get("/instance/mine").text
    assert "It ended with exit code 0." in page
    assert 'id="picture"' not in page
    assert "They cannot be changed. It does not run." in page
    assert "/pipeline/two/start" in client.get("/instance/two").text


def test_private_instances_that_failed_are_listed_with_the_reason(
    client: FlaskClient, fakes: FakePipelines
) -> None:
    fakes.instances["mine"].exitcode = 1
    fakes.troubles["mine"] = "Script own.py, line 3: KeyError."
    said = "It ended with exit code 1: Script own.py, line 3: KeyError."
    page = client.get("/").text
    assert re.search(r'data-name="mine"[^>]*data-state="error"[^>]*data-over', page)
    assert said in page and said in client.get("/instance/mine").text
    fakes.stop("mine")
    assert 'data-name="mine"' not in client.get("/").text


def test_private_instances_that_failed_can_be_removed(client: FlaskClient, fakes: FakePipelines) -> None:
    fakes.create({"camera_name": "cam1"}, "other")
    fakes.stream("one")
    for name in ("mine", "one"):
        fakes.instances[name].exitcode = 1
    page = client.get("/").text
    # Neither one that runs nor a saved pipeline.
    assert re.findall(r'action="/instance/(\w+)/remove"', page) == ["mine"]
    assert post(client, "/instance/mine/remove").location == "/"
    assert "mine" not in fakes.info()["ended_instances"]
    assert 'data-name="mine"' not in client.get("/").text
    assert post(client, "/instance/other/remove").location == "/"
    assert fakes.exitcode("other") is None
    assert post(client, "/instance/nobody/remove").location == "/"


def test_messages_that_do_not_come_leave_the_page_whole(
    client: FlaskClient, fakes: FakePipelines, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(_id: str, _timeout: float) -> None:
        raise ConfigError(["nothing came"])

    monkeypatch.setattr(fakes, "message", nothing)
    page = client.get("/instance/mine").text
    assert 'data-channel="intensity">–<' in page


def test_the_form_shows_and_changes_all_that_it_has() -> None:
    config = {
        **DEFAULT,
        "image_region_of_interest": (1, 2, 3, 4),
        "image_background_enable": "signed",
        "image_good_region": {"threshold": 0.4, "gfscale": 2.0},
        "rotation": {"angle": 12.5, "order": 1, "mode": "ortho"},
        "paused": True,
    }
    fields = {key: value for key, value in forms.values_of(config).items() if value}
    assert forms.update_of(fields, config) == {}
    off = {key: value for key, value in fields.items() if key not in ("paused", "rotation", "good_region")}
    changed = forms.update_of({**off, "size_x": "20", "image_background_enable": "on"}, config)
    assert changed == {
        "image_region_of_interest": [1, 20, 3, 4],
        "image_background_enable": True,
        "image_good_region": None,
        "rotation": None,
        "paused": False,
    }


def test_keys_that_are_taken_out_of_the_json_have_their_defaults_again() -> None:
    config = {**DEFAULT, "averaging": 4}
    assert forms.update_of({"json": '{"camera_name": "cam1", "image_threshold": 3}'}, config) == {
        "averaging": None,
        "image_threshold": 3,
        "image_background_enable": None,
        "paused": None,
    }


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"offset_x": "1"}, "Region of interest: give all four numbers, or none."),
        (
            {"offset_x": "1", "size_x": "a", "offset_y": "1", "size_y": "1"},
            "Region of interest, size_x: found 'a'",
        ),
        ({"averaging": "1.5"}, "Averaging: found '1.5', expected a whole number or nothing."),
        ({"order": "x", "angle": "y"}, "Angle: found 'y', expected a number or nothing."),
        ({"json": "[" * 60_000}, "This is no JSON: "),
    ],
)
def test_fields_that_cannot_be_read(fields: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        forms.update_of(fields, DEFAULT)
    assert any(said in problem for problem in caught.value.problems)


def test_cameras_lead_to_their_pipelines(settings: Settings, database: Database, clock: FakeClock) -> None:
    cameras = fake_cameras.some()
    assert "pipelines</a>" not in (
        camera_desk.make_app(settings, database, clock, cameras).test_client().get("/camera/cam1").text
    )
    changed = replace(settings, pipeline=replace(settings.pipeline, enabled=True, port=8889))
    client = camera_desk.make_app(changed, database, clock, cameras).test_client()
    page = client.get("/camera/cam1", headers={"Host": "127.0.0.1:8888"}).text
    assert 'href="http://127.0.0.1:8889/?q=cam1">pipelines</a>' in page
