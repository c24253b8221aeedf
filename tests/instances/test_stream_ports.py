import os
import socket
from pathlib import Path

import pytest

from pyca.core.errors import BusyError, ImagingError
from pyca.instances.ports import Network, Ports, socket_address, socket_folder


def test_ports_go_round() -> None:
    ports = Ports(100, 102)
    assert [ports.take() for _ in range(2)] == [100, 101]
    ports.release(100)
    assert ports.take() == 102
    assert ports.take() == 100
    with pytest.raises(BusyError) as error:
        ports.take()
    assert str(error.value) == "All ports are used. Stop some instances before opening a new stream."


def test_a_demanded_port_is_not_given_to_others() -> None:
    ports = Ports(100, 101)
    ports.hold(100)
    assert ports.take() == 101
    with pytest.raises(BusyError, match="Port 100 is in use"):
        ports.hold(100)
    ports.release(100)
    assert ports.held_now(100)
    assert not ports.held_now(100)


@pytest.mark.parametrize(
    ("network", "bind", "shown", "local"),
    [
        (Network("localhost"), "127.0.0.1", "127.0.0.1", "127.0.0.1"),
        (Network("127.0.0.1", "cams"), "127.0.0.1", "cams", "127.0.0.1"),
        (Network("0.0.0.0", "cams"), "*", "cams", "127.0.0.1"),
        (Network("", "cams"), "*", "cams", "127.0.0.1"),
        (Network("*"), "*", socket.gethostname(), "127.0.0.1"),
        (Network("::1"), "[::1]", "[::1]", "[::1]"),
        (Network("no.such.host.invalid"), *["no.such.host.invalid"] * 3),
    ],
)
def test_addresses(network: Network, bind: str, shown: str, local: str) -> None:
    address = network.address(99)
    found = (address.bind, address.shown, address.local)
    assert found == tuple(f"tcp://{host}:99" for host in (bind, shown, local))


def test_the_folder_of_sockets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RUNTIME_DIRECTORY", raising=False)
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    assert socket_folder(tmp_path / "own") == tmp_path / "own"
    assert socket_folder(None) == tmp_path / "tmp" / f"pyca-cameras-{os.getuid()}"
    assert socket_folder(None).stat().st_mode & 0o777 == 0o700
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "xdg"))
    assert socket_folder(None) == tmp_path / "xdg" / "cameras"
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{tmp_path / 'run'}:/other")
    assert socket_folder(None) == tmp_path / "run" / "cameras"
    (tmp_path / "file").write_text("")
    with pytest.raises(ImagingError, match="no folder"):
        socket_folder(tmp_path / "file")


def test_a_link_is_no_folder_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"pyca-cameras-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ImagingError, match="no folder of ours"):
        socket_folder(None)


def test_sockets_that_nobody_listens_at_are_removed(tmp_path: Path) -> None:
    path = tmp_path / "one"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(BusyError, match="Somebody else streams"):
            socket_address(tmp_path, "one")
    address = socket_address(tmp_path, "one")
    assert address.bind == address.shown == address.local == f"ipc://{path}"
    assert not path.exists()
    with pytest.raises(ImagingError):
        socket_address(tmp_path, "../one")
    with pytest.raises(ImagingError, match="longer than"):
        socket_address(tmp_path, "x" * 100)
