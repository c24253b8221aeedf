"""Fixtures that several rooms share."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import settings
from jinja2.bccache import Bucket, BytecodeCache

from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import Pulse
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from tests.empty_database import put_empty_database
from tests.measured import measured, pytest_terminal_summary
from tests.order import spread
from tests.soft_ioc import one_soft_ioc, soft_ioc
from tests.tools import FakeClock, free_port

__all__ = ["measured", "one_soft_ioc", "pytest_terminal_summary", "soft_ioc"]

# The same examples in each run; “--hypothesis-profile explore” looks for others.
settings.register_profile("default", deadline=None, max_examples=60, derandomize=True, database=None)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile("default")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    spread(items)


class Compiled(BytecodeCache):
    """What templates were compiled to; each application of each test would do it again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (known := self._known.get((bucket.key, bucket.checksum))) is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key, bucket.checksum] = bucket.bytecode_to_string()


@pytest.fixture(scope="session", autouse=True)
def templates() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(Flask.jinja_options, "bytecode_cache", Compiled())
        yield


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database in the test's folder, where agents have theirs by default."""
    put_empty_database(tmp_path / "pyca.db")
    made = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(made)
    yield made
    made.dispose()


@pytest.fixture
def pulse(clock: FakeClock) -> Pulse:
    """The pulse of a service that no service manager looks after."""
    return Pulse(clock=clock, notifier=Notifier(clock=clock), beat=lambda state, text: None)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A PostgreSQL server of our own on a free port; the address of its database."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    if not binaries:
        pytest.skip("PostgreSQL is not installed")
    # Not in pytest's folder: the path of a Unix socket is short, and PostgreSQL runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="pyca-postgresql-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root.
        shutil.chown(folder, "postgres", "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    port = free_port()
    data = folder / "data"

    def run(*argv: str) -> None:
        subprocess.run([*as_user, *argv], check=True, capture_output=True, cwd=folder)

    run(str(binaries[0] / "initdb"), "-D", str(data), "-A", "trust", "-U", "pyca", "--no-sync")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    control = str(binaries[0] / "pg_ctl")
    run(control, "-D", str(data), "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield f"postgresql+psycopg://pyca@127.0.0.1:{port}/postgres"
    run(control, "-D", str(data), "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)
