"""The camera server over real connections: viewers, slow cameras, those who do not read, large bodies."""

import json
import logging
import pickle
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pyca.config.settings import Agent, Settings, Ui
from pyca.core.clock import SystemClock
from pyca.core.errors import UsageError
from pyca.store.database import Database
from pyca.ui.imaging import channel
from pyca.ui.imaging import server as served
from pyca.ui.imaging.bodies import LONGEST_ARRAY
from pyca.ui.imaging.server import ImagingServer
from tests.camera_desk import V1, serving
from tests.fake_cameras import FakeCameras, some
from tests.http_streams import ask, connect, part, watch
from tests.tools import wait_for

pytestmark = pytest.mark.system

CAM = f"{V1}/cam"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(agent=Agent(name="lab", database=f"sqlite:///{tmp_path}/pyca.db"), ui=Ui())


@pytest.fixture
def fakes() -> FakeCameras:
    return some()


@pytest.fixture
def server(settings: Settings, database: Database, fakes: FakeCameras) -> Iterator[ImagingServer]:
    with serving(settings, database, SystemClock(), fakes) as server:
        yield server
        fakes.hold.set()


def test_moving_pictures_begin_the_camera_and_end_with_it(server: ImagingServer, fakes: FakeCameras) -> None:
    with ExitStack() as stack:
        answer = watch(server, stack, f"{CAM}/cam1/mjpeg?fps=50")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=pyca-frame"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        pictures = {part(answer) for _ in range(5)}
        assert len(pictures) > 1 and all(one[:2] == b"\xff\xd8" for one in pictures)
        assert "cam1" in fakes.running
        assert ask(server, f"{CAM}/cam1", "DELETE")[0] == 200
        while answer.read(65536):
            pass
    wait_for(lambda: fakes.subscribers == 0, "nobody to take frames")


def test_many_viewers_share_one_encoder_and_others_are_answered(
    server: ImagingServer, fakes: FakeCameras
) -> None:
    with ExitStack() as stack:
        viewers = [watch(server, stack, f"{CAM}/{('cam1', 'one')[n % 2]}/mjpeg?fps=50") for n in range(32)]
        for viewer in viewers:
            assert part(viewer)
        assert fakes.subscribers == 1
        assert json.loads(ask(server, CAM)[1])["cameras"] == ["cam1", "cam2", "gone"]
        other = watch(server, stack, f"{CAM}/cam1/mjpeg?fps=50&colormap=gray")
        assert part(other) and fakes.subscribers == 2
    wait_for(lambda: fakes.subscribers == 0, "the encoders to end with their viewers")


def test_too_many_viewers_are_told_so(server: ImagingServer, fakes: FakeCameras) -> None:
    with ExitStack() as stack:
        for _ in range(served.VIEWERS):
            assert watch(server, stack, f"{CAM}/cam1/y4m").status == 200
        answer = watch(server, stack, f"{CAM}/cam1/mjpeg")
        assert answer.status == 503 and "Too many viewers" in json.loads(answer.read())["status"]
        assert ask(server, f"{CAM}/info")[0] == 200
    wait_for(lambda: ask(server, f"{CAM}/cam2/image")[0] == 200, "a place")
    wait_for(lambda: fakes.subscribers == 0, "viewers to be forgotten")
    with ExitStack() as stack:
        assert watch(server, stack, f"{CAM}/cam1/mjpeg").status == 200


def test_raw_frames(server: ImagingServer, fakes: FakeCameras) -> None:
    with ExitStack() as stack:
        answer = watch(server, stack, f"{CAM}/cam1/y4m")
        assert answer.readline().startswith(b"YUV4MPEG2 W64 H48 ")
        assert answer.readline() == b"FRAME\n" and len(answer.read(64 * 48 * 2)) == 64 * 48 * 2
        assert answer.readline() == b"FRAME\n"
        narrow = watch(server, stack, f"{CAM}/cam1/y4m?min_value=0&max_value=1000")
        assert b"Cmono " in narrow.readline()
        fakes.stop("cam1")
        while answer.read(65536):
            pass


def test_slow_cameras_keep_nobody_waiting(server: ImagingServer, fakes: FakeCameras) -> None:
    fakes.hold.clear()
    answers: list[int] = []
    waiting = [
        threading.Thread(target=lambda: answers.append(ask(server, f"{CAM}/cam1/image")[0]))
        for _ in range(served.SLOW)
    ]
    for one in waiting:
        one.start()
    status, body = wait_for(lambda: _refused(server), "all places to be taken")
    assert "Too many at once" in json.loads(body)["status"] and status == 503
    for path in (CAM, f"{CAM}/info", f"{CAM}/cam2/config", "/", "/health/live"):
        assert ask(server, path)[0] == 200
    assert not answers
    fakes.hold.set()
    for one in waiting:
        one.join(60)
    assert answers == [200] * served.SLOW


def _refused(server: ImagingServer) -> tuple[int, bytes] | None:
    """Return a refusal; whoever gets a place gives it back at once."""
    found = ask(server, f"{CAM}/nobody/image")
    return found if found[0] == 503 else None


def test_a_viewer_who_does_not_read_takes_no_memory(server: ImagingServer, fakes: FakeCameras) -> None:
    fakes.shape, fakes.period = (1000, 1000), 0.001
    with ExitStack() as stack:
        lazy = watch(server, stack, f"{CAM}/cam1/y4m")
        assert lazy.status == 200
        busy = watch(server, stack, f"{CAM}/cam2/y4m")
        for _ in range(40_000_000 // 65536):
            assert busy.read(65536)
        channels = list(server._serving._server.active_channels.values())  # type: ignore[union-attr]
        waiting = [one.total_outbufs_len for one in channels]
        # One frame beyond the limit may wait, and what its line takes.
        assert max(waiting) < served._BUFFER + 2_000_100
        assert ask(server, CAM)[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "size"),
    [("POST", f"{CAM}/x/config", 1_000_001), ("PUT", f"{CAM}/script/x/script_bytes", 5_000_000_000),
     ("PUT", f"{CAM}/background/x/image_bytes", LONGEST_ARRAY + 1), ("DELETE", CAM, 10**15),
     ("GET", CAM, 10**30)],
)  # fmt: skip
@pytest.mark.parametrize("expects", [True, False])
def test_large_bodies_are_refused_before_they_are_read(
    server: ImagingServer, method: str, path: str, size: int, expects: bool
) -> None:
    with closing(connect(server)) as connection:
        connection.putrequest(method, path)
        connection.putheader("Content-Length", str(size))
        if expects:
            connection.putheader("Expect", "100-continue")
        connection.endheaders()
        answer = connection.getresponse()
        found = json.loads(answer.read())
    assert (answer.status, found["state"]) == (413, "error") and "bytes at most" in found["status"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_those_who_send_on_are_told_why_it_was_too_much(server: ImagingServer) -> None:
    """As http.client, curl and browsers do: all is sent before the answer is read."""
    for method, path, size in (
        ("POST", f"{CAM}/x/config", 100_000_000),
        ("PUT", f"{CAM}/background/x/image_bytes", 300_000_000),
    ):
        with closing(connect(server)) as connection:
            connection.request(method, path, _zeros(size), {"Content-Length": str(size)})
            answer = connection.getresponse()
            found = json.loads(answer.read())
        assert (answer.status, found["state"]) == (413, "error") and "bytes at most" in found["status"]


def _zeros(size: int) -> Iterator[bytes]:
    for _ in range(size // 1_000_000):
        yield bytes(1_000_000)


def test_bodies_in_pieces_are_refused_where_they_grow_too_large(server: ImagingServer) -> None:
    with closing(connect(server)) as connection:
        connection.request("POST", f"{CAM}/x/config", _zeros(20_000_000), encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 413 and json.loads(answer.read())["state"] == "error"
    assert ask(server, CAM)[0] == 200


def test_whoever_sends_for_ever_is_cut_off(server: ImagingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LINGER_BYTES", 10_000_000)
    with closing(connect(server)) as connection, pytest.raises(OSError):
        connection.request(
            "POST", f"{CAM}/x/config", _zeros(100_000_000_000), {"Content-Length": str(10**11)}
        )
    assert ask(server, CAM)[0] == 200


def test_whoever_sends_slowly_is_cut_off(server: ImagingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LINGER_SECONDS", 0.0)
    with closing(connect(server)) as connection, pytest.raises(OSError):
        connection.request(
            "POST", f"{CAM}/x/config", _zeros(100_000_000_000), {"Content-Length": str(10**11)}
        )


def test_strangers_send_nothing_large(settings: Settings, database: Database, fakes: FakeCameras) -> None:
    path, size = f"{CAM}/background/x/image_bytes", {"Content-Length": "150000000"}
    people = replace(settings, ui=Ui(username="ada", password="secret of ada"))
    with serving(people, database, SystemClock(), fakes, authentication="on") as server:
        found = _told_at_once(server, path, size)
        assert found[0] == 401 and found[1]["state"] == "error" and "Log in" in found[1]["status"]
        assert _told_at_once(server, path, {"Transfer-Encoding": "chunked"}, 2_000_000)[0] == 401
        # Those who say who they are may send on; smaller bodies are left to the application.
        for known in ({"Authorization": "Bearer x"}, {"Cookie": "a=b; pyca=x"}):
            assert _told_at_once(server, path, size | known | {"Expect": "100-continue"}) == (100, {})
    with serving(settings, database, SystemClock(), fakes) as server:
        expects = {"Expect": "100-continue"} | size
        assert _told_at_once(server, path, expects) == (100, {})
        assert _told_at_once(server, path, expects | {"X-Forwarded-For": "192.0.2.1"})[0] == 401
    with serving(settings, database, SystemClock(), fakes, authentication="off", bind="*") as server:
        assert _told_at_once(server, path, expects) == (100, {})


def _told_at_once(
    server: ImagingServer, path: str, headers: dict[str, str], pieces: int = 0
) -> tuple[int, dict[str, str]]:
    """Return what is said before the body was sent, or that it may be."""
    port = int(server.address.rstrip("/").rpartition(":")[2])
    lines = "".join(
        f"{name}: {value}\r\n" for name, value in ({"Host": f"localhost:{port}"} | headers).items()
    )
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"PUT {path} HTTP/1.1\r\n{lines}\r\n".encode())
        if pieces:
            connection.sendall(b"%x\r\n" % pieces + bytes(pieces) + b"\r\n0\r\n\r\n")
        with connection.makefile("rb") as answer:
            status = int(answer.readline().split()[1])
            if status == 100:
                return status, {}
            return status, json.loads(answer.read().partition(b"\r\n\r\n")[2])


def test_an_image_of_zeros_may_come_as_existing_clients_send_it() -> None:
    # The oldest pickles have \\u0000 for a zero.
    small = np.zeros((64, 64), np.uint16)
    rest = len(pickle.dumps(small, 0)) - 6 * small.nbytes
    assert 4096 * 4096 * 2 * 6 + 2 * rest < LONGEST_ARRAY


@pytest.mark.parametrize(
    ("text", "status"),
    [(b"\x00\xff\r\n\r\n", 400), (b"GET\r\n\r\n", 400),
     (b"GET /api/v1/cam HTTP/9.9\r\nContent-Length: x\r\n\r\n", 400),
     (b"GET /" + b"a" * 300_000 + b" HTTP/1.1\r\n\r\n", 431),
     (b"POST /api/v1/cam HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n", 501),
     (b"GET http://[/api HTTP/1.1\r\n\r\n", 400)],
)  # fmt: skip
def test_what_is_no_request(server: ImagingServer, text: bytes, status: int) -> None:
    host, _, port = server.address.removeprefix("http://").rstrip("/").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(text)
        answer = b"".join(iter(lambda: _received(connection), b""))
    assert answer.split(b" ")[1] == b"%d" % status
    assert b"Traceback" not in answer
    assert ask(server, CAM)[0] == 200


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionError:
        return b""


def test_closing_ends_the_viewers(settings: Settings, database: Database, fakes: FakeCameras) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        with serving(settings, database, SystemClock(), fakes) as server:
            moving = watch(server, stack, f"{CAM}/cam1/mjpeg")
            raw = watch(server, stack, f"{CAM}/cam1/y4m")
            assert part(moving) and raw.readline()
        while moving.read(65536):
            pass
        while raw.read(65536):
            pass
        assert server.address == ""
    wait_for(lambda: fakes.subscribers == 0 and threading.active_count() <= before, "all to end")


def test_a_camera_that_sends_nothing(settings: Settings, database: Database, fakes: FakeCameras) -> None:
    fakes.shape, fakes.period = (0, 0), 0.001
    with serving(settings, database, SystemClock(), fakes) as server:
        status, body = ask(server, f"{CAM}/cam1/mjpeg")
        assert status == 503 and json.loads(body)["state"] == "error"


def test_a_port_in_use_and_a_network_without_people(
    settings: Settings, database: Database, fakes: FakeCameras
) -> None:
    with serving(settings, database, SystemClock(), fakes) as first:
        port = int(first.address.rstrip("/").rpartition(":")[2])
        with (
            pytest.raises(UsageError, match="taken by another program"),
            serving(settings, database, SystemClock(), fakes, port=port),
        ):
            pass
    nobody = replace(settings, ui=Ui(password=""))
    for keys, why, instead in (
        ({"bind": "*"}, "the interface would be open to the network", "bind to localhost"),
        ({"bind": "*", "authentication": "on"}, "the interface would be open to the network", "bind to"),
        ({"authentication": "on"}, r"\[camera\] authentication = on has everybody log in", "set it to auto"),
    ):
        with (
            pytest.raises(UsageError, match=f"^{why}, and nobody has an account") as caught,
            serving(nobody, database, SystemClock(), fakes, **keys),
        ):
            pass
        assert instead in caught.value.remedy
    with serving(nobody, database, SystemClock(), fakes, bind="*", authentication="off") as server:
        assert server.address


def test_nothing_is_kept_of_a_viewer_who_hangs_up_at_once(server: ImagingServer, fakes: FakeCameras) -> None:
    for _ in range(served.VIEWERS + 10):
        with closing(connect(server)) as connection:
            connection.request("GET", f"{CAM}/cam1/mjpeg")
        # A place that is still taken is given back soon.
        wait_for(lambda: fakes.subscribers <= 1, "the encoder to be shared or gone")
    wait_for(lambda: fakes.subscribers == 0, "nobody to watch", 60)
    deadline = time.monotonic() + 60
    while ask_head(server) != 200:
        assert time.monotonic() < deadline


def test_viewers_who_do_not_read_leave_without_a_storm(
    settings: Settings, database: Database, fakes: FakeCameras, caplog: pytest.LogCaptureFixture
) -> None:
    fakes.shape, fakes.period = (1000, 1000), 0.001
    limits = replace(served.LIMITS, unread_seconds=0.5)
    with serving(settings, database, SystemClock(), fakes, limits) as server, ExitStack() as stack:
        for _ in range(3):
            assert watch(server, stack, f"{CAM}/cam1/y4m").status == 200
        wait_for(lambda: fakes.subscribers == 0, "them to be let go")
        wait_for(lambda: not server._serving._server.active_channels, "their connections to end")  # type: ignore[union-attr]
    # A busy machine may have requests wait, which is told by another logger.
    assert not [one for one in caplog.records if one.exc_info or one.name == "waitress"]


def ask_head(server: ImagingServer) -> int:
    with ExitStack() as stack:
        return watch(server, stack, f"{CAM}/cam1/mjpeg").status


def test_viewers_who_leave_are_not_worth_a_message(
    server: ImagingServer, fakes: FakeCameras, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with ExitStack() as stack:
        assert part(watch(server, stack, f"{CAM}/cam1/mjpeg?fps=50"))
    wait_for(lambda: fakes.subscribers == 0, "the viewer to be missed")
    with closing(server):
        pass  # its threads have ended, and said what they have to say
    # A busy machine may have requests wait, which is told by another logger.
    assert not [one for one in caplog.records if one.name == "waitress"]
