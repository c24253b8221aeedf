"""From the tables before there was a streamer to those with it: what was there stays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

from pyca.core.access import Scope
from pyca.core.event import Event
from pyca.core.live import Destination, Profile, Setup
from pyca.core.states import EventState
from pyca.store import accounts, destinations, events, identity, live, recordings
from pyca.store.database import Database
from pyca.store.tables import SCHEMA
from pyca.store.upgrade import ensure, version

BEFORE = "0003"
NAME = "before_the_streamer"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.system)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """One of its own, without tables."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/pyca.db")
        yield made
        made.dispose()
        return
    server = request.getfixturevalue("postgresql")
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {NAME}"))
    made = Database(f"{server.rpartition('/')[0]}/{NAME}")
    yield made
    made.dispose()
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {NAME}"))
    engine.dispose()


def begin(database: Database) -> None:
    """Make the tables as they were, with something in them."""
    config = Config()
    config.set_main_option("script_location", "pyca.store:migrations")
    with database.write() as session:
        config.attributes["connection"] = session.connection()
        command.upgrade(config, BEFORE)
        identity.create(session, "history", 1.0)
    with database.write() as session:
        coming = Event("c", "Übung 🎓", 5000.0, 6000.0, workflow_parameters={"publishLive": "true"})
        events.add(session, coming)
        recordings.begin(session, Event("r", "Optics", 1000.0, 2000.0), Path("/r"), 1000.0)
        recordings.set_state(session, "r", EventState.FINISHED_RECORDING, 2000.0)
        accounts.add(session, "ada", "hash", Scope.ADMIN, 1.0)


def test_what_was_there_stays_and_the_streamer_has_its_place(database: Database, tmp_path: Path) -> None:
    begin(database)
    assert version(database) == BEFORE
    ensure(database)
    assert version(database) == SCHEMA
    place = Destination("main", "rtmp://a.example/app", "key")
    with database.write() as session:
        live.change_profile(session, Profile("720p"), 5.0)
        destinations.save(session, place)
    with database.read() as session:
        assert [one.title for one in events.upcoming(session)] == ["Übung 🎓"]
        assert events.upcoming(session)[0].workflow_parameters == {"publishLive": "true"}
        (recording,) = recordings.listing(session)
        assert (recording.uid, recording.state) == ("r", EventState.FINISHED_RECORDING)
        assert accounts.exists(session)
        assert live.setup(session, Setup()).profile.resolution == "720p"
        assert destinations.listed(session, Destination("main")) == [place]
    copies = list(tmp_path.glob(f"pyca.db.{BEFORE}.*"))
    assert len(copies) == (1 if database.is_sqlite else 0)
