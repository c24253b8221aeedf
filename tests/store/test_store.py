"""The repositories, on SQLite and on PostgreSQL."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from pyca.core.errors import ConfigError, StoreError, TransitionError, UsageError
from pyca.core.event import Attachment, Event, Origin
from pyca.core.recording import Part, Track, Upload, UploadStep
from pyca.core.states import EventState, Outcome, RecordingState, ServiceName, ServiceState
from pyca.store import events, outbox, recordings, services, uploads, upstream
from pyca.store.database import Database
from pyca.store.tables import SCHEMA, Base
from pyca.store.upgrade import ensure, version

S = EventState


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


def make(uid: str = "e1", start: float = 1000.0, end: float = 2000.0, **more: object) -> Event:
    values: dict[str, object] = {
        "uid": uid,
        "title": "Übung 🎓",
        "start": start,
        "end": end,
        "origin": Origin.OPENCAST,
        "fingerprint": "f" + uid,
    }
    return Event(**(values | more))  # type: ignore[arg-type]


def test_an_event_comes_back_as_it_went_in(database: Database) -> None:
    event = make(
        creator="Jürgen",
        inputs=("camera", "screen"),
        workflow="fast",
        workflow_parameters={"a.b.c": "true"},
        properties={"x": "y"},
        attachments=(Attachment("episode.xml", "application/xml", "<x/>"),),
    )
    with database.write() as session:
        events.add(session, event)
    with database.read() as session:
        assert events.get(session, "e1") == event
        assert events.upcoming(session) == [event]


def test_refresh_updates_rows_and_leaves_other_sources_alone(database: Database) -> None:
    with database.write() as session:
        events.add(session, make("local", origin=Origin.LOCAL))
        change = events.refresh(session, Origin.OPENCAST, {"a": make("a"), "b": make("b")})
        assert change.added == ("a", "b")
    with database.write() as session:
        later = make("b", end=2500.0)
        change = events.refresh(session, Origin.OPENCAST, {"b": later, "c": make("c")})
        assert (change.added, change.updated, change.removed) == (("c",), ("b",), ("a",))
    with database.write() as session:
        assert not events.refresh(session, Origin.OPENCAST, {"b": None, "c": None})
        assert events.get(session, "b") == later
        assert events.get(session, "local")
        assert events.fingerprints(session, Origin.OPENCAST) == {"b": "fb", "c": "fc"}


def test_refresh_never_takes_an_event_of_another_source(database: Database) -> None:
    with database.write() as session:
        events.add(session, make("a", origin=Origin.LOCAL))
        change = events.refresh(session, Origin.ICS, {"a": make("a", title="Stolen", origin=Origin.ICS)})
        assert change.foreign == ("a",)
        assert not change
    with database.write() as session:
        assert not events.refresh(session, Origin.ICS, {})
        kept = events.get(session, "a")
    assert kept == make("a", origin=Origin.LOCAL)


def test_a_large_schedule_comes_and_goes(database: Database) -> None:
    many = {f"e{number}": make(f"e{number}") for number in range(1201)}
    with database.write() as session:
        assert len(events.refresh(session, Origin.OPENCAST, many).added) == 1201
        assert len(events.many(session, many)) == 1201
        assert len(events.refresh(session, Origin.OPENCAST, {}).removed) == 1201
        assert events.upcoming(session) == []


def test_what_is_over_is_dropped_unless_it_runs(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        for uid in ("over", "running"):
            events.add(session, make(uid))
        events.add(session, make("later", end=9000.0))
        recordings.begin(session, make("running"), tmp_path, 1000.0)
        assert events.drop_over(session, 5000.0) == 1
        assert sorted(events.many(session, ["over", "running", "later"])) == ["later", "running"]


def test_neighbours_do_not_overlap(database: Database) -> None:
    with database.write() as session:
        events.add(session, make("a", 100, 200))
    with database.read() as session:
        assert not events.overlapping(session, 200, 300)
        assert not events.overlapping(session, 0, 100)
        assert [event.uid for event in events.overlapping(session, 199, 300)] == ["a"]
        assert not events.overlapping(session, 150, 160, ignore="a")


def test_an_event_is_claimed_once(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        events.add(session, make())
        assert recordings.begin(session, make(), tmp_path, 1001.0)
    with database.write() as session:
        assert not recordings.begin(session, make(), tmp_path, 1002.0)
        assert events.upcoming(session) == []
        assert events.get(session, "e1")
        assert [message.state for message in outbox.pending(session)] == [RecordingState.CAPTURING]


def test_states_follow_the_table_and_are_told_in_order(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        recordings.begin(session, make(), tmp_path, 1000.0)
        recordings.set_state(session, "e1", S.FINISHED_RECORDING, 2000.0)
        recordings.set_state(session, "e1", S.UPLOADING, 2001.0)
        with pytest.raises(TransitionError, match=r"uploading.*upcoming"):
            recordings.set_state(session, "e1", S.UPCOMING, 2002.0)
        recordings.set_state(session, "e1", S.FINISHED_UPLOADING, 2003.0)
    with database.read() as session:
        told = [message.state for message in outbox.pending(session)]
    assert told == ["capturing", "capture_finished", "uploading", "upload_finished"]


def test_a_local_event_is_not_reported(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        recordings.begin(session, make(origin=Origin.LOCAL), tmp_path, 1000.0)
        assert outbox.pending(session) == []


def test_parts_and_tracks(database: Database, tmp_path: Path) -> None:
    part = Part(uid="e1", input="camera", number=1, started=1000.0, pid=7, files=("/x/a.mkv",))
    track = Track(tmp_path / "a b ü.mkv", "presenter/source", "camera", 1, 10, 9.5, ("video h264",))
    with database.write() as session:
        recordings.begin(session, make(), tmp_path, 1000.0)
        number = recordings.add_part(session, part)
        recordings.end_part(session, number, 1500.0, Outcome.KILLED, None)
        recordings.close(session, "e1", 1500.0, [track])
    with database.read() as session:
        [found] = recordings.parts(session, "e1")
        assert (found.outcome, found.files, found.ended) == (Outcome.KILLED, ("/x/a.mkv",), 1500.0)
        recording = recordings.get(session, "e1")
        assert recording
        [stored] = recording.tracks
        assert (stored.path, stored.streams, stored.duration) == (track.path, track.streams, 9.5)


def test_only_a_running_recording_gets_another_end(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        recordings.begin(session, make(), tmp_path, 1000.0)
        recordings.set_end(session, "e1", 1700.0)
        assert recordings.operator_ends(session) == {"e1": 1700.0}
        recordings.set_state(session, "e1", S.FINISHED_RECORDING, 2000.0)
        with pytest.raises(UsageError, match="not being recorded"):
            recordings.set_end(session, "e1", 1800.0)


def test_deliveries_are_due_by_age_and_not_before_their_time(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        for uid, start in (("young", 2000.0), ("old", 1000.0)):
            recordings.begin(session, make(uid, start, start + 10), tmp_path, start)
            recordings.set_state(session, uid, S.FINISHED_RECORDING, start + 10)
        assert uploads.due(session, 3000.0) == "old"
        uploads.save(session, Upload("old", "opencast", next_attempt=5000.0, error="503"))
        assert uploads.due(session, 3000.0) == "young"
        uploads.save(session, Upload("young", "opencast", permanent=True))
        assert uploads.due(session, 3000.0) is None
        assert uploads.next_due(session) == 5000.0
        assert uploads.due(session, 5000.0) == "old"
        uploads.save(session, Upload("old", "opencast", step=UploadStep.AMBIGUOUS))
        assert uploads.due(session, 9000.0) is None
        assert uploads.stuck(session) == 0
        for state in (S.UPLOADING, S.FAILED_UPLOADING):
            recordings.set_state(session, "old", state, 9000.0)
        assert uploads.stuck(session) == 1


def test_progress_is_noted_only_while_uploading(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        recordings.begin(session, make(), tmp_path, 1000.0)
        recordings.set_state(session, "e1", S.FINISHED_RECORDING, 2000.0)
        uploads.save(session, Upload("e1", "opencast", package="<x/>"))
        assert not uploads.progress(session, "e1", 5, 1.0)
        recordings.set_state(session, "e1", S.UPLOADING, 2001.0)
        assert uploads.progress(session, "e1", 70, 7.5)
    with database.read() as session:
        found = uploads.get(session, "e1")
        assert found
        assert (found.bytes_sent, found.rate, found.package) == (70, 7.5, "<x/>")
    with database.write() as session:
        recordings.set_state(session, "e1", S.FINISHED_RECORDING, 2002.0)


def test_a_recording_is_not_deleted_while_it_runs(database: Database, tmp_path: Path) -> None:
    with database.write() as session:
        recordings.begin(session, make(), tmp_path, 1000.0)
        with pytest.raises(UsageError, match="stop it first"):
            recordings.delete_recording(session, "e1")
        recordings.set_state(session, "e1", S.FINISHED_RECORDING, 2000.0)
        recordings.delete_recording(session, "e1")
        assert recordings.get(session, "e1") is None


def test_a_dead_service_is_shown_dead(database: Database) -> None:
    with database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.BUSY, "recording", 100.0)
    with database.read() as session:
        by_name = {status.name: status for status in services.statuses(session, 110.0)}
        assert (by_name["capture"].state, by_name["capture"].text) == (ServiceState.BUSY, "recording")
        assert by_name["ingest"].state is ServiceState.STOPPED
        assert "live" not in {status.name for status in services.statuses(session, 500.0)}
        enabled = {status.name: status for status in services.statuses(session, 500.0, [ServiceName.LIVE])}
        assert enabled["live"].text == "never started"
        assert "camera" not in enabled
        by_name = {status.name: status for status in services.statuses(session, 500.0)}
        assert by_name["capture"].state is ServiceState.ERROR
    with database.write() as session:
        session.execute(text("UPDATE service_state SET pid_started = 1"))
    with database.read() as session:
        by_name = {status.name: status for status in services.statuses(session, 110.0)}
        assert (by_name["capture"].state, by_name["capture"].text) == (ServiceState.STOPPED, "died")


def test_the_first_failure_in_a_row_is_remembered(database: Database) -> None:
    with database.write() as session:
        upstream.succeeded(session, "calendar", 10.0, "mod1")
        upstream.failed(session, "calendar", 20.0, "refused")
        upstream.failed(session, "calendar", 30.0, "timed out")
        known = upstream.get(session, "calendar")
        assert (known.value, known.checked, known.failed, known.error) == ("mod1", 10.0, 20.0, "timed out")
        upstream.succeeded(session, "calendar", 40.0)
        assert upstream.get(session, "calendar").failed is None
    with database.write() as session:
        upstream.forget(session, "calendar")
        upstream.forget(session, "never known")
        assert upstream.get(session, "calendar") == upstream.Upstream("calendar")


def test_the_migrations_make_the_tables_of_the_code(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    assert version(database) == SCHEMA
    with database.read() as session:
        context = MigrationContext.configure(session.connection())
        assert compare_metadata(context, Base.metadata) == []


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"schema 9999.*newer pyCA"):
        ensure(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": SCHEMA})


def test_the_old_file_is_kept_before_an_upgrade(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreError, match=r"pyca\.db has a schema that cannot be upgraded.*0000"):
        ensure(database)
    assert list(tmp_path.glob("pyca.db.0000.*"))
    database.dispose()


def test_many_services_may_start_at_once(tmp_path: Path) -> None:
    problems: list[BaseException] = []

    def start() -> None:
        mine = Database(f"sqlite:///{tmp_path}/new/pyca.db")
        try:
            ensure(mine)
        except BaseException as error:
            problems.append(error)
        mine.dispose()

    threads = [threading.Thread(target=start) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "pyca.db"
    file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreError, match=r"pyca\.db.*damaged"):
        ensure(Database(f"sqlite:///{file}"), repair=False)
    assert file.read_bytes().startswith(b"this is no database")


def test_a_locked_database_is_reported_not_fatal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.store.database.BUSY_SECONDS", 0.05)
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    other = sqlite3.connect(tmp_path / "pyca.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"), database.write() as session:
        events.add(session, make())
    with database.read() as session:
        assert events.upcoming(session) == []
    other.execute("ROLLBACK")
    other.close()
    with database.write() as session:
        events.add(session, make())
    database.dispose()


@pytest.mark.parametrize("url", ["nonsense", "foo://bar", ""])
def test_a_wrong_address_is_a_configuration_error(url: str) -> None:
    with pytest.raises(ConfigError, match="no database address"):
        Database(url)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="file/sub"):
        ensure(Database(f"sqlite:///{tmp_path}/file/sub/pyca.db"))


def test_a_file_that_was_moved_away_is_let_go(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with database.write() as session:
        events.add(session, make())
    for path in tmp_path.glob("pyca.db*"):
        path.rename(tmp_path / f"old-{path.name}")
    with pytest.raises(StoreError, match="db upgrade"), database.read() as session:
        events.upcoming(session)
    ensure(database)
    with database.read() as session:
        assert events.upcoming(session) == []
    database.dispose()


def test_the_file_copy_is_complete(tmp_path: Path) -> None:
    """What the copy is for: it opens as a database with the old content."""
    database = Database(f"sqlite:///{tmp_path}/pyca.db")
    ensure(database)
    with database.write() as session:
        events.add(session, make())
    from pyca.store.upgrade import _copy

    _copy(tmp_path / "pyca.db", "0001")
    [copied] = tmp_path.glob("pyca.db.0001.*")
    with closing(sqlite3.connect(copied)) as connection:
        assert connection.execute("SELECT uid FROM upcoming_event").fetchall() == [("e1",)]
    database.dispose()


def test_a_postgresql_that_vanished_is_not_waited_for_without_end() -> None:
    query = Database("postgresql://pyca@127.0.0.1/x?keepalives_idle=60").engine.url.query
    assert int(str(query["connect_timeout"])) <= 10
    assert query["keepalives_idle"] == "60"
