"""The thread that writes for the recorder."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.store import upstream
from pyca.store.database import Database
from pyca.store.scribe import Scribe
from pyca.store.upgrade import ensure
from tests.tools import wait_for


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(made)
    yield made
    made.dispose()


def test_a_follow_up_that_fails_does_not_end_the_writing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse() -> None:
        raise PermissionError(13, "Permission denied")

    def known(name: str) -> bool:
        with database.read() as session:
            return upstream.get(session, name).checked is not None

    scribe = Scribe(database)
    scribe.put(lambda session: upstream.succeeded(session, "first", 1.0), then=refuse)
    scribe.put(lambda session: upstream.succeeded(session, "second", 2.0))
    wait_for(lambda: known("second"), "the second change")
    scribe.close()
    assert "not done" in caplog.text
