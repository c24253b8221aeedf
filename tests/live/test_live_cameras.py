"""A camera of the camera server as the streamer's input."""

import os
import socket
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.control import ParameterError
from pyca.core.errors import MediaError
from pyca.core.live import Profile, Source
from pyca.live.source.encoding import camera_command
from pyca.live.source.inputs import Input, InputKind, find_input, has_camera, parse_input
from pyca.live.source.readiness import check_abilities
from pyca.media.ffmpeg import Tools
from pyca.ui.view.live_choices import inputs
from tests.camera_stand_in import StandIn
from tests.made_streams import around, make

SMALL = Profile("240p", 400_000, "silence", 25)


def test_parse() -> None:
    assert parse_input("camera:simulation") == Input(InputKind.CAMERA, "simulation")
    assert parse_input("Camera:a b?max_value=9").shown == "camera:a b?max_value=9"
    assert has_camera("camera:simulation")
    for text in ("camera:", "camera:../x", "camera:a?min_value=1&"):
        with pytest.raises(ParameterError, match="is no camera"):
            parse_input(text)


def test_the_server_is_asked_first() -> None:
    with StandIn() as server:
        for name in ("simulation", "short", "other?max_value=9"):
            wanted = parse_input(f"camera:{name}")
            assert find_input(wanted, {}, cameras=server.address) == wanted
        with pytest.raises(MediaError, match=r"knows no camera “nobody” .it knows other, short, simulation"):
            find_input(parse_input("camera:nobody"), {}, cameras=server.address)
        for status, told in ((401, "which has no token"), (403, "no token"), (500, "status 500")):
            server.status = status
            with pytest.raises(MediaError, match=told):
                find_input(parse_input("camera:simulation"), {}, cameras=server.address)
        address = server.address
    with pytest.raises(MediaError, match=r"does not answer: Connection refused .start “pyca camera”"):
        find_input(parse_input("camera:simulation"), {}, cameras=address)


def test_what_answers_may_be_no_camera_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(60)
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"

        def answer() -> None:
            connection, _ = listener.accept()
            connection.recv(10_000)
            connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n[]")
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(MediaError, match="is no camera server"):
            find_input(parse_input("camera:simulation"), {}, cameras=address)
        thread.join()


def test_images_cannot_be_copied(system: Tools, tmp_path: Path) -> None:
    with StandIn() as server:
        here = replace(around(system, tmp_path, dict(os.environ)), cameras=server.address)
        check_abilities(SMALL, Source("camera:simulation"), here)
        with pytest.raises(MediaError, match=r"no H\.264"):
            camera_command(SMALL, Source("camera:simulation", encoder="copy"), here, 3)


@pytest.mark.system
def test_a_camera_is_streamed(tools: Tools, tmp_path: Path) -> None:
    with StandIn() as server:
        here = replace(around(tools, tmp_path, dict(os.environ)), cameras=server.address)
        made = make(SMALL, Source("camera:simulation"), here, 60)
        assert len(made.frames()) >= 50
        assert server.asked[0] == "/api/v1/cam/simulation/y4m"


def test_the_page_offers_cameras_that_are_configured(tmp_path: Path) -> None:
    for name in ("beam", "servers", "permanent_instances"):
        (tmp_path / f"{name}.json").write_text("{}")
    offered = inputs("auto", tmp_path / "none", tmp_path)
    assert offered["camera:beam"] == "beam of the camera server"
    assert not [value for value in offered if value.startswith("camera:") and value != "camera:beam"]
    assert "camera:beam" not in inputs("auto", tmp_path / "none")
    assert inputs("camera:gone", tmp_path / "none", tmp_path)["camera:gone"] == "camera:gone"
