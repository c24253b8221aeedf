"""Health for monitoring: no password, no details."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from pyca.store.database import Database
from tests.tools import FakeClock
from tests.ui_people import token_in
from tests.ui_tools import Person


def test_alive_and_ready(client: FlaskClient) -> None:
    assert client.get("/health/live").get_json() == {"status": "ok"}
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["checks"]) == (200, {"database": "ok", "schema": "ok"})


def test_another_schema_is_not_ready(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["checks"]) == (503, {"database": "ok", "schema": "failed"})


def test_a_damaged_database_is_not_ready_and_tells_no_path(client: FlaskClient, database: Database) -> None:
    database.dispose()
    assert database.file
    database.file.write_bytes(b"garbage" * 1000)
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["checks"]["database"]) == (503, "failed")
    assert str(database.file) not in ready.text
    assert client.get("/health/live").status_code == 200


def test_the_usual_name_says_that_the_process_answers(client: FlaskClient) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.get_json()) == (200, {"status": "ok"})


def test_a_database_that_somebody_writes_to_for_long_is_ready(
    client: FlaskClient, database: Database
) -> None:
    with database.write():
        assert client.get("/health/ready").status_code == 200


def test_a_database_that_is_locked_as_a_whole_is_not_ready(client: FlaskClient, database: Database) -> None:
    assert database.file
    database.dispose()
    with closing(sqlite3.connect(database.file, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode=DELETE")
        other.execute("BEGIN EXCLUSIVE")
        ready = client.get("/health/ready")
    assert (ready.status_code, ready.get_json()["checks"]["database"]) == (503, "failed")
    assert client.get("/health/live").status_code == 200


@pytest.fixture
def away(database: Database) -> Path:
    """A database that cannot be used; returns its path."""
    database.dispose()
    assert database.file
    database.file.unlink()
    database.file.mkdir()
    return database.file


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/login", {}),
        ("GET", "/recordings", {}),
        ("GET", "/recordings", {"Authorization": f"Bearer pyca_{'a' * 12}_{'b' * 64}"}),
        ("GET", "/api/events", {"Authorization": f"Bearer pyca_{'a' * 12}_{'b' * 64}"}),
        ("GET", "/status.json", {}),
    ],
)
def test_strangers_do_not_learn_where_the_database_is(
    client: FlaskClient,
    away: Path,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    headers: dict[str, str],
) -> None:
    form = {"token": token_in(client.get("/login")), "name": "x", "password": "y"}
    client.set_cookie("pyca", "a" * 64)
    answer = client.open(path, method=method, headers=headers, data=form if method == "POST" else None)
    assert answer.status_code == 503 and "The database cannot be used now." in answer.text
    assert away.name not in answer.text
    assert str(away) in caplog.text, "who runs the machine learns it"


def test_who_comes_in_without_the_database_learns_what_is_wrong_with_it(person: Person, away: Path) -> None:
    assert str(away) in person.get("/recordings").text


def test_requests_that_fail_do_not_fill_the_log(
    client: FlaskClient, away: Path, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    client.set_cookie("pyca", "a" * 64)
    for expected in (1, 2):
        for _ in range(5):
            client.get("/recordings")
        assert caplog.text.count("a request could not be answered") == expected
        clock.move(61)


def test_only_a_change_of_readiness_is_told(
    client: FlaskClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    assert database.file
    aside = database.file.with_suffix(".aside")
    for round_ in (1, 2):
        database.dispose()
        database.file.rename(aside)
        database.file.mkdir()
        assert [client.get("/health/ready").status_code for _ in range(3)] == [503] * 3
        database.dispose()
        database.file.rmdir()
        aside.rename(database.file)
        assert [client.get("/health/ready").status_code for _ in range(3)] == [200] * 3
        assert caplog.text.count("not ready: ") == caplog.text.count("ready again") == round_
