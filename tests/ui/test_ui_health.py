"""Health for monitoring: no password, no details."""

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
