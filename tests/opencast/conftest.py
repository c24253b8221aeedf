from collections.abc import Iterator
from pathlib import Path

import pytest
from opencast_server import FakeOpencast

from pyca.config.settings import Server
from pyca.opencast.http import Http

FIXTURES = Path(__file__).parent.parent / "fixtures" / "opencast"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeOpencast]:
    with FakeOpencast(tmp_path / "opencast") as server:
        yield server


@pytest.fixture
def basic(server: FakeOpencast) -> Server:
    return Server(
        url=server.url,
        auth_method="basic",
        username="admin",
        password="opencast",
        connect_timeout=2,
        stall_timeout=20,
    )


@pytest.fixture
def http(basic: Server) -> Iterator[Http]:
    with Http(basic) as http:
        yield http


@pytest.fixture
def fixture() -> object:
    """Return the bytes of a fixture file by its name."""
    return lambda name: (FIXTURES / name).read_bytes()
