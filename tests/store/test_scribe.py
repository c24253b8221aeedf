"""The thread that writes for the recorder."""

import pytest

from pyca.store import upstream
from pyca.store.database import Database
from pyca.store.scribe import Scribe
from tests.tools import wait_for


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
