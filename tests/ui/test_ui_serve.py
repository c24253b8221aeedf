"""The page as real processes: the built-in server, gunicorn, nginx in front."""

import base64
import json
import os
import random
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyca.config.settings import Settings, Ui
from pyca.core.clock import SystemClock
from pyca.core.errors import ConfigError, UsageError
from pyca.core.states import ServiceState
from pyca.store import services
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.pages import tracks
from pyca.ui.serve import check_exposure, serve
from tests.tools import free_port, wait_for
from tests.ui_shown import recorded

ROOT = Path(__file__).parents[2]
SERVE = """
import sys
from pathlib import Path
from pyca.config import load
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.serve import serve
settings = load(Path(sys.argv[1]), {})
database = Database(settings.agent.database)
ensure(database)
sys.exit(10 if serve(settings, database, SystemClock()) else 0)
"""


def configure(folder: Path, port: int = 0) -> Path:
    file = folder / "pyca.conf"
    file.write_text(
        f"[agent]\nname = hall\ndatabase = sqlite:///{folder}/pyca.db\n"
        f"[capture]\ndirectory = {folder}\npreview_dir = {folder}\n"
        f"[ui]\nusername = admin\npassword = secret\nport = {port}\n"
    )
    return file


def fetch(url: str, password: str = "secret", body: bytes | None = None) -> tuple[int, str]:
    request = urllib.request.Request(url, body, {"Content-Type": "application/vnd.api+json"})
    request.add_header("Authorization", "Basic " + base64.b64encode(f"admin:{password}".encode()).decode())
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@contextmanager
def running(*argv: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        argv,
        cwd=ROOT,
        env=os.environ | environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_no_network_with_a_published_password(bind: str) -> None:
    with pytest.raises(ConfigError, match="password"):
        check_exposure(Ui(bind=bind, password="opencast"))
    check_exposure(Ui(bind=bind, password="own"))
    check_exposure(Ui(bind=bind, password=""))
    check_exposure(Ui(bind="127.0.0.1", password="opencast"))


def test_a_taken_port_is_named_with_a_remedy(settings: Settings, database: Database) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} is taken.*set another"):
            serve(replace(settings, ui=replace(settings.ui, port=port)), database, SystemClock())


def test_an_address_of_another_machine_is_explained(settings: Settings, database: Database) -> None:
    with pytest.raises(UsageError, match="address of this machine"):
        serve(replace(settings, ui=replace(settings.ui, bind="192.0.2.1")), database, SystemClock())


@pytest.mark.system
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGHUP, 10)])
def test_the_built_in_server_lives_and_ends_cleanly(tmp_path: Path, number: int, code: int) -> None:
    port = free_port()
    with running(sys.executable, "-c", SERVE, str(configure(tmp_path, port))) as process:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/")[0] == 200, "the page")
        assert fetch(f"http://127.0.0.1:{port}/", "wrong")[0] == 401
        database = Database(f"sqlite:///{tmp_path}/pyca.db")

        def state() -> ServiceState:
            with database.read() as session:
                found = {one.name: one.state for one in services.statuses(session, SystemClock().now())}
            return found["ui"]

        wait_for(lambda: state() is ServiceState.IDLE, "the heartbeat")
        process.send_signal(number)
        assert process.wait(60) == code
        assert state() is ServiceState.STOPPED
        database.dispose()


def gunicorn(port: int, config: Path, *more: str) -> tuple[list[str], dict[str, str]]:
    argv = [sys.executable, "-m", "gunicorn", "--config", "etc/gunicorn.conf.py", *more]
    return [*argv, "--bind", f"127.0.0.1:{port}", "pyca.ui:app"], {"PYCA_CONFIG": str(config)}


@pytest.mark.system
def test_gunicorn_serves_the_page(tmp_path: Path) -> None:
    port = free_port()
    argv, environment = gunicorn(port, configure(tmp_path))
    with running(*argv, **environment) as process:
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/health/ready")[0] == 200, "gunicorn")
        status, text = fetch(f"http://127.0.0.1:{port}/")
        assert status == 200 and "Nothing is being recorded" in text
        answer = json.loads(fetch(f"http://127.0.0.1:{port}/status.json")[1])
        assert answer["services"]["ui"] == "idle"
        process.terminate()
        assert process.wait(60) == 0


@pytest.mark.system
@pytest.mark.parametrize("server", ["built in", "gunicorn"])
def test_downloads_are_complete_can_be_continued_and_give_their_place_back(
    tmp_path: Path, server: str
) -> None:
    port, config = free_port(), configure(tmp_path)
    folder = tmp_path / "recording-1-r"
    folder.mkdir()
    whole = random.Random(1).randbytes(30_000_000)
    (folder / "a.mp4").write_bytes(whole)
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    (number,) = recorded(database, folder, "r", {str(folder / "a.mp4"): ()}, SystemClock().now())
    database.dispose()
    if server == "gunicorn":
        # One process has all the places.
        argv, environment = gunicorn(port, config, "--workers", "1")
    else:
        argv, environment = [sys.executable, "-c", SERVE, str(configure(tmp_path, port))], {}
    address = f"http://127.0.0.1:{port}/recordings/r/tracks/{number}"

    def download(part: str = "") -> tuple[int, bytes]:
        with opened(address, Range=part) if part else opened(address) as answer:
            return answer.status, answer.read()

    with running(*argv, **environment):
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/health/ready")[0] == 200, "the page")
        for _ in range(tracks.DOWNLOADS + 1):
            assert download() == (200, whole)
            assert download("bytes=1234567-") == (206, whole[1234567:])
        # Whoever hangs up in the middle gives the place back as well.
        begun = [wait_for(lambda: begin(address), "a place") for _ in range(tracks.DOWNLOADS)]
        assert status_of(address) == 503
        for answer in begun:
            answer.close()
        wait_for(lambda: status_of(address) == 200, "a free place")


def begin(address: str) -> Any:
    """Begin a download; None where the server has not yet seen that the one before is over."""
    try:
        return opened(address, Range="bytes=1-")
    except urllib.error.HTTPError as error:
        with error:
            assert error.code == 503
            return None


def status_of(address: str) -> int:
    try:
        with opened(address) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def opened(address: str, **headers: str) -> Any:
    """Ask for an address; what comes back is still to be read."""
    secret = base64.b64encode(b"admin:secret").decode()
    request = urllib.request.Request(address, headers={"Authorization": f"Basic {secret}", **headers})
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=20)


@pytest.mark.system
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[ui]\nport = many\n", os.EX_CONFIG),
        ("[agent]\ndatabase = sqlite:////proc/no/pyca.db\n", os.EX_UNAVAILABLE),
    ],
)
def test_gunicorn_ends_with_one_message_where_it_cannot_work(tmp_path: Path, text: str, code: int) -> None:
    file = tmp_path / "pyca.conf"
    file.write_text(text)
    argv, environment = gunicorn(free_port(), file)
    ended = subprocess.run(
        argv, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == code
    assert "pyca: " in ended.stderr and "Traceback" not in ended.stderr


@pytest.mark.system
@pytest.mark.parametrize(
    ("binds", "password", "refused"),
    [
        (("0.0.0.0:0",), "opencast", True),
        (("0.0.0.0:0",), "", False),
        (("127.0.0.1:0", "[::]:0"), "opencast", True),
        (("0.0.0.0:0",), "own", False),
        (("[::1]:0", "unix:{folder}/ui.sock"), "opencast", False),
    ],
)
def test_gunicorn_opens_no_page_with_a_known_password(
    tmp_path: Path, binds: tuple[str, ...], password: str, refused: bool
) -> None:
    file = tmp_path / "pyca.conf"
    file.write_text(f"[agent]\ndatabase = sqlite:///{tmp_path}/pyca.db\n[ui]\npassword = '{password}'\n")
    argv = [sys.executable, "-m", "gunicorn", "--config", "etc/gunicorn.conf.py"]
    for bind in binds:
        argv += ["--bind", bind.format(folder=tmp_path)]
    said = tmp_path / "said"
    with running(*argv, "--error-logfile", str(said), "pyca.ui:app", PYCA_CONFIG=str(file)) as process:
        if refused:
            assert process.wait(60) == os.EX_CONFIG
            lines = (process.stderr.read() if process.stderr else "").splitlines()
            assert [line for line in lines if "pyca: [ui] password" in line] == lines[-1:]
            assert "Traceback" not in "".join(lines)
        else:
            wait_for(lambda: said.exists() and "Booting worker" in said.read_text(), "gunicorn")
            process.terminate()
            assert process.wait(60) == 0


def test_importing_the_room_does_nothing(tmp_path: Path) -> None:
    check = "import threading, pyca.ui as ui; assert threading.active_count() == 1 and 'app' not in vars(ui)"
    subprocess.run([sys.executable, "-c", check], cwd=ROOT, check=True, timeout=60)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.system
def test_ten_megabytes_are_refused_in_the_words_of_the_api(tmp_path: Path) -> None:
    port = free_port()
    with running(sys.executable, "-c", SERVE, str(configure(tmp_path, port))):
        wait_for(lambda: fetch(f"http://127.0.0.1:{port}/health/live")[0] == 200, "the page")
        status, text = fetch(f"http://127.0.0.1:{port}/api/events", body=b" " * 10_000_000)
    assert status == 413
    (problem,) = json.loads(text)["errors"]
    assert problem["status"] == "413" and "64 KiB" in problem["detail"]
