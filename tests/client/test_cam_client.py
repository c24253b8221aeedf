"""``CamClient``: what is asked, what comes back, and what becomes of refusals."""

import base64
import io
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex
from typing import Any

import numpy as np
import pytest

from pyca.client import CamClient
from pyca.client.http import LIMITS, RefusedError, UnreachableError
from pyca.core.errors import ImagingError, WireError
from pyca.ui.imaging.bodies import LONGEST_ARRAY, LONGEST_JSON, LONGEST_LIBRARY
from tests.client.conftest import Teller
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
CAM = "/api/v1/cam"


@pytest.fixture
def client(teller: Teller) -> CamClient:
    return CamClient(teller.address, timeout=60)


@pytest.mark.parametrize(
    ("method", "arguments", "asked", "fields", "returned"),
    [
        ("get_server_info", (), "GET /info", {"info": {"version": "1"}}, {"version": "1"}),
        ("get_version", (), "GET /version", {"version": "1.2"}, "1.2"),
        ("get_cameras", (), "GET ", {"cameras": ["b", "a"]}, ["b", "a"]),
        ("get_config_names", (), "GET /config_names", {"config_names": ["b"]}, ["b"]),
        ("get_camera_aliases", (), "GET /aliases", {"aliases": {"x": "a"}}, {"x": "a"}),
        ("get_camera_groups", (), "GET /groups", {"groups": {"g": ["a"]}}, {"g": ["a"]}),
        ("get_camera_config", ("a",), "GET /a/config", {"config": {"name": "a"}}, {"name": "a"}),
        ("is_camera_online", ("a",), "GET /a/is_online", {"online": False}, False),
        ("get_camera_geometry", ("a",), "GET /a/geometry", {"geometry": [1280, 960]}, [1280, 960]),
        ("get_camera_image_bytes", ("a",), "GET /a/image_bytes", {"image": {"bytes": ""}}, {"bytes": ""}),
        ("get_instance_stream", ("a",), "GET /a", {"stream": "tcp://h:1"}, "tcp://h:1"),
        ("get_instance_stream", ("a b..é",), "GET /a%20b..%C3%A9", {"stream": "s"}, "s"),
        ("get_nearest_stream", ("a",), "GET /a", {"stream": "tcp://h:1"}, "tcp://h:1"),
        (
            "get_nearest_stream",
            ("a",),
            "GET /a",
            {"stream": "tcp://h:1", "local": "ipc://@gone"},
            "tcp://h:1",
        ),
        ("get_user_scripts", (), "GET /script", {"scripts": ["s.py"]}, ["s.py"]),
        ("get_user_script", ("s.py",), "GET /script/s.py/script_bytes", {"script": "x = 1"}, "x = 1"),
    ],
)
def test_a_field_of_the_answer_is_returned(
    client: CamClient,
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
    assert (teller.last.method, teller.last.path, teller.last.body) == (verb, CAM + path, b"")


def test_a_stream_of_this_machine_is_got_by_its_socket(client: CamClient, teller: Teller) -> None:
    with socket.socket(socket.AF_UNIX) as here:
        here.bind("\0pyca-" + token_hex(8))
        here.listen()
        local = "ipc://@" + here.getsockname()[1:].decode()
        teller.reply(stream="tcp://h:1", local=local)
        assert client.get_nearest_stream("a") == local
        assert client.get_instance_stream("a") == "tcp://h:1"


@pytest.mark.parametrize(
    ("method", "arguments", "asked", "body"),
    [
        ("heartbeat", (), "GET /heartbeat", b""),
        ("delete_camera_config", ("a",), "DELETE /a/config", b""),
        ("stop_instance", ("a",), "DELETE /a", b""),
        ("stop_all_instances", (), "DELETE ", b""),
        ("delete_instance", ("a",), "DELETE /a/del", b""),
        ("set_user_script", ("s.py", "x = 'é'"), "PUT /script/s.py/script_bytes", "x = 'é'".encode()),
        ("delete_user_script", ("s.py",), "DELETE /script/s.py/script_bytes", b""),
    ],
)
def test_other_answers_are_returned_whole(
    client: CamClient, teller: Teller, method: str, arguments: tuple[Any, ...], asked: str, body: bytes
) -> None:
    assert getattr(client, method)(*arguments) == {"state": "ok", "status": "fine"}
    verb, _, path = asked.partition(" ")
    assert (teller.last.method, teller.last.path, teller.last.body) == (verb, CAM + path, body)


def test_a_configuration_is_sent_as_json_and_comes_back_complete(client: CamClient, teller: Teller) -> None:
    teller.reply(config={"name": "a", "source": "x", "rotate": 0})
    assert client.set_camera_config("a", {"source": "x"}) == {"name": "a", "source": "x", "rotate": 0}
    assert (teller.last.method, teller.last.path) == ("POST", f"{CAM}/a/config")
    assert (teller.last.body, teller.last.headers["Content-Type"]) == (b'{"source": "x"}', "application/json")


def test_a_camera_gets_another_name(client: CamClient, teller: Teller) -> None:
    teller.reply(name="b")
    assert client.rename_camera("a", "b") == "b"
    assert (teller.last.method, teller.last.path) == ("POST", f"{CAM}/a/rename")
    assert teller.last.body == b'{"name": "b"}'


def test_an_image_is_asked_for_as_it_is_wanted(client: CamClient, teller: Teller) -> None:
    teller.kind, teller.body = "image/png", b"\x89PNG"
    assert client.get_camera_image("a") == b"\x89PNG"
    assert teller.last.path == f"{CAM}/a/image"
    client.get_camera_image("a", raw=True, scale=0.5, min_value=0, max_value=99.5, colormap="viridis")
    assert teller.last.path == f"{CAM}/a/image?raw=1&scale=0.5&min_value=0&max_value=99.5&colormap=viridis"


def test_an_image_that_is_none_is_refused(client: CamClient, teller: Teller) -> None:
    teller.reply()
    with pytest.raises(RefusedError, match="sent application/json instead of an image"):
        client.get_camera_image("a")


@pytest.mark.parametrize("dtype", ["<u1", "<u2", "<f4", ">i2"])
def test_an_array_is_what_the_camera_sent_and_may_be_changed(
    client: CamClient, teller: Teller, dtype: str
) -> None:
    image = np.arange(12, dtype=dtype).reshape(3, 4)
    body = base64.b64encode(image.tobytes()).decode()
    teller.reply(image={"bytes": body, "shape": [3, 4], "dtype": dtype})
    array = client.get_camera_array("a")
    assert array.dtype == np.dtype(dtype)
    assert np.array_equal(array, image)
    array[0, 0] = 7


@pytest.mark.parametrize(
    "image",
    [
        {},
        {"bytes": "AAA=", "shape": [3, 4], "dtype": "<u2"},
        {"bytes": "AAA=", "shape": [1, 1], "dtype": "what"},
        {"bytes": 7, "shape": [1, 1], "dtype": "<u2"},
        {"bytes": "AAA=", "shape": 7, "dtype": "<u2"},
    ],
)
def test_an_array_that_is_none_is_told(client: CamClient, teller: Teller, image: dict[str, Any]) -> None:
    teller.reply(image=image)
    with pytest.raises(WireError, match="sent no image of a"):
        client.get_camera_array("a")


def test_a_background_is_sent_as_npy(client: CamClient, teller: Teller) -> None:
    image = np.arange(6, dtype=np.uint16).reshape(2, 3)
    client.set_background_image_array("dark", image)
    assert (teller.last.method, teller.last.path) == ("PUT", f"{CAM}/background/dark/image_bytes")
    assert np.array_equal(np.load(io.BytesIO(teller.last.body), allow_pickle=False), image)


def test_a_background_of_objects_is_not_sent(client: CamClient, teller: Teller) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        client.set_background_image_array("dark", np.array([object()]))
    assert teller.asked == []


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        (lambda client, txt: client.get_logs(txt), "/api/v1/logs"),
        (lambda client, txt: client.get_instance_logs("a", txt), "/api/v1/logs/instance/a"),
    ],
)
def test_logs_come_as_a_list_or_as_a_text(client: CamClient, teller: Teller, asked: Any, path: str) -> None:
    teller.reply(logs=[["12:00", "pyca", "INFO", "hello"]])
    assert asked(client, False) == [["12:00", "pyca", "INFO", "hello"]]
    assert teller.last.path == path
    teller.reply(logs="12:00 pyca INFO hello\n")
    assert asked(client, True) == "12:00 pyca INFO hello\n"
    assert teller.last.path == f"{path}/txt"
    teller.kind, teller.body = "text/plain; charset=utf-8", "hellö\n".encode()
    assert asked(client, True) == "hellö\n"


def test_an_instance_runs_under_its_name_and_its_alias(client: CamClient, teller: Teller) -> None:
    teller.reply(info={"active_instances": {"a": {}}}, aliases={"x": "a", "y": "b"})
    assert client.is_instance_running("a")
    assert client.is_instance_running("x")
    assert not client.is_instance_running("y")
    assert not client.is_instance_running("b")


@pytest.mark.parametrize("status", [200, 404, 503])
def test_refusals_are_value_errors_in_the_words_of_the_server(
    client: CamClient, teller: Teller, status: int
) -> None:
    teller.reply(status, state="error")
    teller.body = teller.body.replace(b"fine", b"Camera with prefix P is offline")
    for ask in (client.get_instance_stream, client.get_camera_image, client.stop_instance):
        with pytest.raises(ValueError, match=r"^Camera with prefix P is offline$") as caught:
            ask("P")
        assert isinstance(caught.value, ImagingError)
        assert isinstance(caught.value, RefusedError)
        assert caught.value.status == status


@pytest.mark.parametrize("body", [b"", b"<html>Not found</html>", b"[]", b"{}", b"\xff\xfe"])
def test_an_answer_of_another_program_is_told(client: CamClient, teller: Teller, body: bytes) -> None:
    teller.status, teller.kind, teller.body = 404, "text/html", body
    with pytest.raises(RefusedError, match="status 404 and no JSON of such a server") as caught:
        client.get_cameras()
    assert teller.address.rstrip("/") in str(caught.value)


def test_an_answer_without_its_field_is_told(client: CamClient) -> None:
    with pytest.raises(RefusedError, match="has no “cameras”"):
        client.get_cameras()


def test_nobody_at_the_address_is_told_with_the_address() -> None:
    address = f"http://127.0.0.1:{free_port()}/"
    with pytest.raises(UnreachableError, match="does not answer: Connection refused") as caught:
        CamClient(address).get_cameras()
    assert address in str(caught.value)
    assert isinstance(caught.value, ImagingError)
    assert isinstance(caught.value, ConnectionError)


def test_a_server_that_says_nothing_is_given_up(teller: Teller) -> None:
    teller.silent.clear()
    with pytest.raises(UnreachableError, match=r"did not answer within 0\.2 s"):
        CamClient(teller.address, timeout=0.2).get_cameras()
    teller.silent.set()


@pytest.mark.parametrize("address", ["localhost:8888", "file:///etc/passwd", "http://", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="expected an address such as"):
        CamClient(address)


def test_a_token_is_told_to_the_server_and_none_without_one(teller: Teller) -> None:
    teller.reply(cameras=[])
    CamClient(teller.address, token="secret").get_cameras()
    assert teller.last.headers["Authorization"] == "Bearer secret"
    CamClient(teller.address).get_cameras()
    assert "Authorization" not in teller.last.headers


def test_proxies_of_the_environment_are_not_asked(teller: Teller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    teller.reply(cameras=["a"])
    assert CamClient(teller.address.rstrip("/")).get_cameras() == ["a"]
    assert CamClient(teller.address).get_address() == teller.address


def test_nothing_but_python_is_needed(teller: Teller) -> None:
    teller.reply(cameras=["a"])
    code = (
        "import sys; from pyca.client import CamClient\n"
        "from pyca.client.utils import get_host_port_from_stream_address\n"
        "print(CamClient(sys.argv[1]).get_cameras(), 'numpy' in sys.modules)"
    )
    # Without site there is no installed package at all.
    found = subprocess.run(
        [sys.executable, "-S", "-c", code, teller.address],
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.stdout, found.stderr) == ("['a'] False\n", "")


@pytest.mark.parametrize(
    ("name", "told"), [(None, "found None"), ("", "found ''"), (" ", "found ' '"), (7, "found 7"),
                       ("a b/..", "found “a b/..”, expected a name, which has no “/”")],
)  # fmt: skip
def test_what_is_no_name_is_told_and_not_asked_for(
    client: CamClient, teller: Teller, name: Any, told: str
) -> None:
    for ask in (client.get_camera_config, client.get_instance_stream, client.stop_instance):
        with pytest.raises(RefusedError, match=re.escape(told)):
            ask(name)
    assert teller.asked == []


@pytest.mark.parametrize(("token", "told"), [("secret\n", "a line break"), ("sécret", "no token has")])
def test_a_token_that_is_none_is_told(teller: Teller, token: str, told: str) -> None:
    with pytest.raises(RefusedError, match=told) as caught:
        CamClient(teller.address, token=token)
    assert "cret" not in str(caught.value)


@contextmanager
def cutting(answer: bytes) -> Iterator[str]:
    """Run a server that ends the connection while it is sent something; yield its address.

    What it has not read makes the other side's sending fail.
    """

    def cut() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(1)
            connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=cut)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_a_refusal_in_the_middle_of_sending_is_read() -> None:
    body = b'{"state": "error", "status": "too much"}'
    head = b"HTTP/1.1 413 X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    with cutting(head + body) as address, pytest.raises(RefusedError, match=r"^too much$") as caught:
        CamClient(address, timeout=60).set_background_image_array("dark", np.zeros((8000, 8000), np.uint8))
    assert caught.value.status == 413


def test_a_server_that_hangs_up_in_the_middle_of_sending_is_told_with_what_it_reads() -> None:
    with cutting(b"") as address, pytest.raises(UnreachableError, match="while it was sent") as caught:
        CamClient(address, timeout=60).set_background_image_array("dark", np.zeros((8000, 8000), np.uint8))
    assert caught.value.remedy == LIMITS


def test_the_limits_that_are_told_are_those_of_the_server() -> None:
    for what, most in (
        ("an image may have", LONGEST_ARRAY), ("a library", LONGEST_LIBRARY),
        ("a configuration or a script", LONGEST_JSON),
    ):  # fmt: skip
        assert f"{what} {most // 10**6} MB" in LIMITS
