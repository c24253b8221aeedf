"""The fake Opencast server of the tests, on loopback, in the benchmark's own process."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks.home import ROOT, Home, home

if TYPE_CHECKING:
    from opencast_server import FakeOpencast


@contextmanager
def served(**overrides: str) -> Iterator[tuple["FakeOpencast", Home]]:
    """Run a server and give it together with the home of an agent that knows it."""
    if str(ROOT / "tests") not in sys.path:
        sys.path.append(str(ROOT / "tests"))
    from opencast_server import FakeOpencast

    with home() as place, FakeOpencast(place.folder / "opencast") as server:
        place.variables |= {
            "PYCA_SERVER_URL": server.url,
            "PYCA_SERVER_AUTH_METHOD": "basic",
            "PYCA_SERVER_USERNAME": "admin",
            "PYCA_SERVER_PASSWORD": "opencast",
            **overrides,
        }
        yield server, place
