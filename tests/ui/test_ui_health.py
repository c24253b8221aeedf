"""Health for monitoring: no password, no details."""

import sqlite3
from contextlib import closing

from flask.testing import FlaskClient

from pyca.store.database import Database


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
