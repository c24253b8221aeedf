"""Helpers for the tests of the pages about the stream: a service that runs, a stream on air."""

from dataclasses import replace
from pathlib import Path

from pyca.config.settings import Settings
from pyca.core.live import (
    MAIN,
    Destination,
    LinkReport,
    LinkState,
    LiveReport,
    LiveState,
    Profile,
    Program,
)
from pyca.core.states import ServiceName, ServiceState
from pyca.store import destinations, live, services, stream_sessions
from pyca.store.database import Database

KEY = "djt.zepf-0815"


def runs(database: Database, now: float) -> None:
    """Have the live service run: this process."""
    with database.write() as session:
        services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "", now)


def put_destination(database: Database, name: str, *, label: str = "", host: str = "far.example.org") -> None:
    """Store a destination with a key."""
    with database.write() as session:
        destinations.save(session, Destination(name, f"rtmp://{host}/app", KEY, label))


def on_air(
    database: Database, now: float, *, share: str = "", started: float = 600.0, ahead: float = 0.0
) -> None:
    """Have a stream on air to two destinations, one of which is out of reach.

    :param started: seconds ago
    :param ahead: seconds for which what was told counts as fresh
    """
    runs(database, now)
    put_destination(database, MAIN)
    put_destination(database, "second", label="University")
    with database.write() as session:
        orders = live.order(session, now - started, wanted=True)
        live.share(session, share, now)
        number = stream_sessions.begin(session, now - started, Profile("720p", 2_500_000), "test")
        good = LinkReport(MAIN, "", LinkState.LIVE, bitrate=2_400_000.0, sent=180_000_000)
        bad = LinkReport(
            "second",
            "University",
            LinkState.WAITING,
            error="connection refused",
            reconnects=4,
            next_try=now + 12,
        )
        told = LiveReport(
            LiveState.STREAMING,
            session=number,
            since=now - started,
            started=now - started,
            program=Program.CAMERA,
            at=now + ahead,
            fps=25.0,
            bitrate=2_450_000.0,
            sent=180_000_000,
            links=(good, bad),
        )
        live.save_report(session, told, orders)


def with_player(settings: Settings, folder: Path) -> Settings:
    """Return settings of an agent that has a player page.

    :param folder: for the files of the stream
    """
    return replace(settings, live=replace(settings.live, hls=True, directory=folder))
