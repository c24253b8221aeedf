"""``pyca live``: what is given wins, and nothing is half started."""

import socket
from pathlib import Path
from unittest.mock import MagicMock, Mock

import pytest

from pyca.cli.desk import Served
from pyca.cli.streamer import make_desk
from pyca.config.settings import Live, Settings
from pyca.core.clock import SystemClock
from pyca.core.errors import UsageError
from pyca.core.states import ServiceName
from pyca.live.service.operator import DEAD, status
from pyca.store.database import Database
from pyca.store.live import report
from pyca.ui.livebox.server import LiveServer
from tests.cli.conftest import Run, Started


@pytest.fixture(autouse=True)
def log_of_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the log messages to the tests."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)


def configure(folder: Path, text: str) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "pyca.conf").write_text(text, "utf-8")


def test_what_is_given_wins(pyca: Run, folder: Path, started: Started) -> None:
    configure(folder, "[live]\nport = 8123\nbind = 192.0.2.1\nfps = 30\n")
    result = pyca("live", "--bind", "localhost", "--mdns", "--docroot", "pages")
    assert (result.code, len(started)) == (0, 1)
    name, settings = started[0]
    live = settings.live
    assert (name, live.bind, live.port, live.mdns) == (ServiceName.LIVE, "localhost", 8123, True)
    assert (live.docroot, live.fps) == (folder / "pages", 30)


@pytest.mark.parametrize("given", [["--port", "70000"], ["--port", "x"], ["rtmp://a/b"]])
def test_what_cannot_be_is_refused(pyca: Run, folder: Path, started: Started, given: list[str]) -> None:
    assert pyca("live", *given).code == 64
    assert started == []


def test_a_port_that_is_taken_is_told_and_nothing_begins(pyca: Run, folder: Path) -> None:
    configure(folder, "[live]\nurl = rtmp://127.0.0.1/app\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = pyca("live", "--port", str(port))
    assert result.code == 64
    assert f"port {port} is taken" in result.err
    assert not (folder / "live").exists()
    database = Database(f"sqlite:///{folder / 'pyca.db'}")
    with database.read() as session:
        assert report(session).at == 0
    database.dispose()


def test_the_interface_knows_from_its_first_moment_that_the_service_runs(
    pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(folder, "[live]\nport = 0\nurl = rtmp://127.0.0.1/app\n")
    seen: list[str] = []

    def ask(server: LiveServer) -> None:
        with server._database.read() as session:
            seen.append(status(session, server._settings, server._clock).error)
        raise UsageError("asked enough")

    monkeypatch.setattr(LiveServer, "start", ask)
    assert pyca("live").code == 64
    assert seen == [""]
    database = Database(f"sqlite:///{folder / 'pyca.db'}")
    with database.read() as session:
        assert status(session, Settings(), SystemClock()).error == DEAD
    database.dispose()


def test_an_interface_that_is_lost_by_a_reload_comes_back(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    settings = [Settings(live=Live(port=0)), Settings(live=Live(port=0, docroot=Path("/nowhere/at/all")))]
    service, taken = MagicMock(), UsageError("the port is taken")
    desk = make_desk(settings[0], lambda: settings[1], database, SystemClock())
    desk.open()
    served = Served(service, desk)
    start = LiveServer.start
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LiveServer, "start", Mock(side_effect=taken))
        desk.reload(service)
        served.tick()
        served.tick()
    assert desk._server is None
    assert caplog.text.count("tried again: the port is taken") == 1
    assert LiveServer.start is start
    served.tick()
    try:
        assert desk._server is not None and desk._server.address
        assert service.tick.call_count == 3
        assert not service.follow.called
        assert desk._settings is settings[0]
    finally:
        desk.close()
