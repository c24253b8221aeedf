"""The first account: made once where nobody could log in, and told to the terminal alone."""

import io
import logging
import re
import threading
from dataclasses import replace

import pytest

from pyca.config.settings import Settings, Ui
from pyca.core.access import Scope
from pyca.store import accounts
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.access.first import ensure_somebody
from tests.tools import FakeClock
from tests.ui_people import add_account

PLACE = "http://localhost:5000/"


@pytest.fixture
def bare(settings: Settings) -> Settings:
    """A configuration that names no password, as the shipped one."""
    return replace(settings, ui=Ui(port=0))


def test_the_password_that_is_told_opens_the_page(
    bare: Settings, database: Database, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told = io.StringIO()
    assert ensure_somebody(bare, database, clock, PLACE, told)
    found = re.search(r"password  (\S+)\n", told.getvalue())
    assert found and PLACE in told.getvalue() and "pyca user passwd admin" in told.getvalue()
    client = create_app(bare, database, clock).test_client()
    assert client.get("/", auth=("admin", found[1])).status_code == 200
    with database.read() as session:
        assert [(one.name, one.scope) for one in accounts.listing(session)] == [("admin", Scope.ADMIN)]
    assert found[1] not in caplog.text
    assert not ensure_somebody(bare, database, clock, PLACE, told)
    assert told.getvalue().count("password  ") == 1


def test_no_account_is_made_where_somebody_can_log_in(
    settings: Settings, bare: Settings, database: Database, clock: FakeClock
) -> None:
    told = io.StringIO()
    assert not ensure_somebody(settings, database, clock, PLACE, told)
    add_account(database, "ada", Scope.READ)
    assert not ensure_somebody(bare, database, clock, PLACE, told)
    assert told.getvalue() == ""
    with database.read() as session:
        assert [one.name for one in accounts.listing(session)] == ["ada"]


def test_processes_that_start_at_once_make_one_account(
    bare: Settings, database: Database, clock: FakeClock
) -> None:
    told = io.StringIO()
    gate = threading.Barrier(3)

    def begin() -> None:
        gate.wait()
        ensure_somebody(bare, database, clock, PLACE, told)

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told.getvalue().count("password  ") == 1
