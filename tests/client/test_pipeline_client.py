"""``PipelineClient``: what is asked, what comes back, and what becomes of refusals."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.bsread.sender import Sender
from pyca.bsread.sockets import Mode
from pyca.client import CamClient, PipelineClient
from pyca.client.http import RefusedError, UnreachableError
from pyca.client.pipeline import LateError
from tests.client.conftest import Teller

ROOT = Path(__file__).parents[2]
PIPELINE = "/api/v1/pipeline"
CREATED = {"instance_id": "x", "stream": "tcp://h:1", "config": {}}


@pytest.fixture
def client(teller: Teller) -> PipelineClient:
    return PipelineClient(teller.address, timeout=60)


@pytest.mark.parametrize(
    ("method", "arguments", "asked", "fields", "returned"),
    [
        ("get_server_info", (), "GET /info", {"info": {"version": "1"}}, {"version": "1"}),
        ("get_version", (), "GET /version", {"version": "1.2"}, "1.2"),
        ("get_pipelines", (), "GET ", {"pipelines": ["b", "a"]}, ["b", "a"]),
        ("get_config_names", (), "GET /config_names", {"config_names": ["b"]}, ["b"]),
        ("get_pipeline_groups", (), "GET /groups", {"groups": {"g": ["a"]}}, {"g": ["a"]}),
        ("get_pipeline_config", ("a",), "GET /a/config", {"config": {"name": "a"}}, {"name": "a"}),
        ("create_instance_from_config", ({},), "POST ", CREATED, ("x", "tcp://h:1")),
        ("create_instance_from_config", ({}, "a b"), "POST ?instance_id=a+b", CREATED, ("x", "tcp://h:1")),
        ("create_instance_from_name", ("a",), "POST /a", CREATED, ("x", "tcp://h:1")),
        ("create_instance_from_name", ("a", "x"), "POST /a?instance_id=x", CREATED, ("x", "tcp://h:1")),
        ("create_instance_from_name", ("a", None, {"k": 1}),
         "POST /a?additional_config=%7B%22k%22%3A+1%7D", CREATED, ("x", "tcp://h:1")),
        ("get_instance_stream", ("a",), "GET /instance/a", {"stream": "tcp://h:1"}, "tcp://h:1"),
        ("get_instance_stream_from_config", ({},), "POST /instance/", CREATED, ("x", "tcp://h:1")),
        ("get_instance_info", ("a",), "GET /instance/a/info", {"info": {"instance_id": "a"}},
         {"instance_id": "a"}),
        ("get_instance_config", ("a",), "GET /instance/a/config", {"config": {"k": 1}}, {"k": 1}),
        ("get_instance_exit_code", ("a",), "GET /instance/a/exitcode", {"exitcode": None}, None),
        ("get_instance_exit_code", ("a",), "GET /instance/a/exitcode", {"exitcode": 3}, 3),
        ("get_cameras", (), "GET /camera", {"cameras": ["c"]}, ["c"]),
        ("collect_background", ("c",), "POST /camera/c/background", {"background_id": "b"}, "b"),
        ("collect_background", ("c", 3), "POST /camera/c/background?n_images=3", {"background_id": "b"}, "b"),
        ("get_latest_background", ("c",), "GET /camera/c/background", {"background_id": "b"}, "b"),
        ("get_backgrounds", ("c",), "GET /camera/c/backgrounds", {"background_ids": ["a", "b"]}, ["a", "b"]),
        ("get_background_image_bytes", ("b",), "GET /background/b/image_bytes", {"image": {"bytes": ""}},
         {"bytes": ""}),
        ("get_user_scripts", (), "GET /script", {"scripts": ["s.py"]}, ["s.py"]),
        ("get_user_script", ("s.py",), "GET /script/s.py/script_bytes", {"script": "x = 1"}, "x = 1"),
        ("get_user_libs", (), "GET /lib", {"libs": ["l.so"]}, ["l.so"]),
        ("get_user_lib", ("l.py",), "GET /lib/l.py/lib_bytes", {"lib": "é", "base64": False}, "é".encode()),
        ("get_user_lib", ("l.so",), "GET /lib/l.so/lib_bytes", {"lib": "/wA=", "base64": True}, b"\xff\0"),
    ],
)  # fmt: skip
def test_a_field_of_the_answer_is_returned(
    client: PipelineClient,
    teller: Teller,
    method: str,
    arguments: tuple[Any, ...],
    asked: str,
    fields: dict[str, Any],
    returned: Any,
) -> None:
    teller.reply(**fields)
    assert getattr(client, method)(*arguments) == returned
    verb, _, path = asked.partition(" ")
    assert (teller.last.method, teller.last.path) == (verb, PIPELINE + path)
    assert teller.last.body == (b"{}" if {} in arguments else b"")


@pytest.mark.parametrize(
    ("method", "arguments", "asked", "body"),
    [
        ("heartbeat", (), "GET /heartbeat", b""),
        ("delete_pipeline_config", ("a",), "DELETE /a/config", b""),
        ("stop_instance", ("a",), "DELETE /a", b""),
        ("stop_all_instances", (), "DELETE ", b""),
        ("delete_instance", ("a",), "DELETE /a/del", b""),
        ("set_background", ("b", [[1, 2]]), "POST /background", b'{"filename": "b", "data": [[1, 2]]}'),
        ("set_user_script", ("s.py", "x = 'é'"), "PUT /script/s.py/script_bytes", "x = 'é'".encode()),
        ("delete_user_script", ("s.py",), "DELETE /script/s.py/script_bytes", b""),
        ("set_user_lib", ("l.so", b"\xff"), "PUT /lib/l.so/lib_bytes", b"\xff"),
        ("delete_user_lib", ("l.so",), "DELETE /lib/l.so/lib_bytes", b""),
    ],
)
def test_other_answers_are_returned_whole(
    client: PipelineClient, teller: Teller, method: str, arguments: tuple[Any, ...], asked: str, body: bytes
) -> None:
    assert getattr(client, method)(*arguments) == {"state": "ok", "status": "fine"}
    verb, _, path = asked.partition(" ")
    assert (teller.last.method, teller.last.path, teller.last.body) == (verb, PIPELINE + path, body)


@pytest.mark.parametrize(
    ("method", "arguments", "path", "field", "returned"),
    [
        ("save_pipeline_config", ("a", {"k": None}), "/a/config", "config", {"k": 1}),
        ("set_instance_config", ("a", {"k": None}), "/instance/a/config", "config", {"k": 1}),
        ("create_instance_from_config", ({"k": None},), "", "", ("x", "tcp://h:1")),
        ("get_instance_stream_from_config", ({"k": None},), "/instance/", "", ("x", "tcp://h:1")),
    ],
)
def test_a_configuration_is_sent_as_json(
    client: PipelineClient, teller: Teller, method: str, arguments: Any, path: str, field: str, returned: Any
) -> None:
    teller.reply(**({field: returned} if field else CREATED))
    assert getattr(client, method)(*arguments) == returned
    assert (teller.last.method, teller.last.path) == ("POST", PIPELINE + path)
    assert teller.last.headers["Content-Type"] == "application/json"
    assert teller.last.body == b'{"k": null}'


def test_a_pipeline_gets_another_name(client: PipelineClient, teller: Teller) -> None:
    teller.reply(name="b")
    assert client.rename_pipeline("a", "b") == "b"
    assert (teller.last.path, teller.last.body) == (f"{PIPELINE}/a/rename", b'{"name": "b"}')


def test_backgrounds_are_pictures_and_arrays(client: PipelineClient, teller: Teller) -> None:
    image = np.arange(6, dtype=np.uint16).reshape(2, 3)
    client.set_background_image_array("dark", image)
    assert (teller.last.method, teller.last.path) == ("PUT", f"{PIPELINE}/background/dark/image_bytes")
    assert teller.last.body.startswith(b"\x93NUMPY")
    told = base64.b64encode(image.tobytes()).decode()
    teller.reply(image={"bytes": told, "shape": [2, 3], "dtype": "<u2"})
    assert np.array_equal(client.get_background_image_array("dark"), image)
    with pytest.raises(RefusedError, match="sent application/json instead of an image"):
        client.get_background_image("dark")
    teller.kind, teller.body = "image/png", b"\x89PNG"
    assert client.get_background_image("dark", scale=0.5, colormap="gray") == b"\x89PNG"
    assert teller.last.path == f"{PIPELINE}/background/dark/image?scale=0.5&colormap=gray"


def test_logs(client: PipelineClient, teller: Teller) -> None:
    teller.reply(logs=[["12:00", "pyca", "INFO", "hello"]])
    assert client.get_logs() == [["12:00", "pyca", "INFO", "hello"]]
    assert teller.last.path == "/api/v1/logs"
    assert client.get_instance_logs("a") and teller.last.path == "/api/v1/logs/instance/a"
    teller.reply(logs="hello")
    assert client.get_instance_logs("a", txt=True) == "hello"
    assert teller.last.path == "/api/v1/logs/instance/a/txt"


def test_an_instance_runs_or_does_not(client: PipelineClient, teller: Teller) -> None:
    teller.reply(info={"active_instances": {"a": {}}})
    assert client.is_instance_running("a") and not client.is_instance_running("b")


@pytest.mark.parametrize("status", [200, 404, 503])
def test_refusals_are_value_errors_in_the_words_of_the_server(
    client: PipelineClient, teller: Teller, status: int
) -> None:
    teller.reply(status, state="error")
    for ask in (client.get_instance_stream, client.get_instance_info, client.wait_instance_completed):
        with pytest.raises(ValueError, match=r"^fine$") as caught:
            ask("x")
        assert isinstance(caught.value, RefusedError) and caught.value.status == status
        assert (caught.value.advice, getattr(caught.value, "__notes__", [])) == ("", [])
    teller.reply(status, state="error", remedy="It ended at noon.")
    with pytest.raises(RefusedError) as caught:
        client.get_instance_info("x")
    assert (str(caught.value), caught.value.advice) == ("fine", "It ended at noon.")
    assert caught.value.__notes__ == ["It ended at noon."], "what a traceback shows"


@pytest.mark.parametrize("missing", ["instance_id", "stream"])
def test_an_answer_that_says_too_little_is_told(client: PipelineClient, teller: Teller, missing: str) -> None:
    teller.reply(**{key: value for key, value in CREATED.items() if key != missing})
    with pytest.raises(RefusedError, match=f"has no “{missing}”"):
        client.create_instance_from_config({})


def test_both_clients_have_the_parameters_of_the_existing_ones() -> None:
    # As programs give them by name.
    CamClient.stop_instance(CamClientDouble(), camera_name="c")
    PipelineClient.stop_instance(PipelineClientDouble(), instance_id="i")


class Silent:
    """Takes what is asked of a server."""

    def reply(self, *_: Any) -> dict[str, Any]:
        return {}


class CamClientDouble(CamClient):
    def __init__(self) -> None:
        self._server: Any = Silent()


class PipelineClientDouble(PipelineClient):
    def __init__(self) -> None:
        self._server: Any = Silent()


def test_a_background_may_take_its_time(client: PipelineClient, teller: Teller) -> None:
    hasty = PipelineClient(teller.address, timeout=0.05)
    teller.silent.clear()
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.05 s"):
        hasty.get_cameras()
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.2 s"):
        client.collect_background("c", timeout=0.2)
    teller.silent.set()
    teller.reply(background_id="b")
    assert hasty.collect_background("c", 30) == "b"


@contextmanager
def running(teller: Teller, mode: Mode = Mode.PUB, **config: Any) -> Iterator[None]:
    """Have a stream sent to which the teller leads."""
    sender = Sender("tcp://127.0.0.1:0", mode=mode)
    sender.open()
    over = threading.Event()

    def send() -> None:
        pulse = 0
        while not over.wait(0.01):
            pulse += 1
            sender.send(pulse, pulse, {"x_fwhm": 2.5})

    thread = threading.Thread(target=send)
    thread.start()
    # Both questions have their answer in one.
    teller.reply(stream=sender.address, config={"mode": str(mode), **config})
    try:
        yield
    finally:
        over.set()
        thread.join()
        sender.close()


@pytest.mark.parametrize("mode", [Mode.PUB, Mode.PUSH])
def test_a_message_of_an_instance(client: PipelineClient, teller: Teller, mode: Mode) -> None:
    with running(teller, mode, pipeline_type="processing"):
        message = client.get_instance_message("x")
    assert message.values["x_fwhm"] == 2.5
    asked = [(one.method, one.path) for one in teller.asked]
    assert asked == [("GET", f"{PIPELINE}/instance/x"), ("GET", f"{PIPELINE}/instance/x/config")]


@pytest.mark.parametrize("kind", ["store", "stream", "custom", "script", "fanout", "fanin"])
def test_only_of_processing_there_is_a_message(client: PipelineClient, teller: Teller, kind: str) -> None:
    teller.reply(stream="tcp://127.0.0.1:1", config={"pipeline_type": kind})
    with pytest.raises(ValueError, match=f"^Cannot get message from '{kind}' pipeline type.$"):
        client.get_instance_message("x")


def test_a_stream_that_says_nothing_is_given_up(client: PipelineClient, teller: Teller) -> None:
    teller.reply(stream="tcp://127.0.0.1:1", config={"pipeline_type": "processing"})
    with pytest.raises(UnreachableError, match=r"tcp://127\.0\.0\.1:1 sent nothing within 0\.05 s"):
        client.get_instance_message("x", timeout=0.05)
    teller.reply(stream="tcp://127.0.0.1:1", config={"mode": "FILE"})
    with pytest.raises(ValueError, match="writes to a file"):
        client.get_instance_message("x")


def test_the_end_of_an_instance_is_waited_for(client: PipelineClient, teller: Teller) -> None:
    for is_active in (True, True, False):
        teller.then(info={"is_stream_active": is_active}, exitcode=2)
    assert client.wait_instance_completed("x", 60) == 2
    info, code = f"{PIPELINE}/instance/x/info", f"{PIPELINE}/instance/x/exitcode"
    assert [one.path for one in teller.asked] == [info, info, info, code]


def test_an_instance_that_is_forgotten_has_ended(client: PipelineClient, teller: Teller) -> None:
    teller.then(info={"is_stream_active": True})
    teller.then(404, state="error")
    assert client.wait_instance_completed("x") is None
    teller.then(info={"is_stream_active": True})
    teller.then(503, state="error")
    with pytest.raises(RefusedError, match=r"^fine$"):
        client.wait_instance_completed("x")


def test_an_instance_that_goes_on_is_not_waited_for_for_ever(client: PipelineClient, teller: Teller) -> None:
    teller.reply(info={"is_stream_active": True})
    with pytest.raises(TimeoutError, match=r"Instance x was not completed within 0\.1 s") as caught:
        client.wait_instance_completed("x", timeout=0.1)
    assert isinstance(caught.value, LateError)


def test_nothing_but_python_is_needed(teller: Teller) -> None:
    teller.reply(pipelines=["a"])
    code = (
        "import sys; from pyca.client import PipelineClient\n"
        "print(PipelineClient(sys.argv[1]).get_pipelines(), {'numpy', 'zmq'} & set(sys.modules))"
    )
    # Without site there is no installed package at all.
    found = subprocess.run(
        [sys.executable, "-S", "-c", code, teller.address],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.stdout, found.stderr) == ("['a'] set()\n", "")


@pytest.mark.parametrize("name", [None, "", " ", 7, "a/b"])
def test_what_is_no_name_is_told_and_not_asked_for(client: PipelineClient, teller: Teller, name: Any) -> None:
    asks = (client.get_pipeline_config, client.get_instance_stream, client.stop_instance, client.get_user_lib)
    for ask in asks:
        with pytest.raises(RefusedError, match="expected a name"):
            ask(name)
    assert teller.asked == []


def test_every_method_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "pipeline_api.md").read_text("utf-8")
    for name in dir(PipelineClient):
        if not name.startswith("_") and name not in ("below", "get_address"):
            assert f"`{name}(" in manual, name


def test_json_is_what_the_server_reads(client: PipelineClient, teller: Teller) -> None:
    teller.reply(**CREATED)
    sent = {"camera_name": "é", "image_slices": {"number_of_slices": 3}, "image_threshold": None}
    client.create_instance_from_config(sent)
    assert json.loads(teller.last.body) == sent
