"""What people may do about the destinations, each alone: one bad destination never touches another."""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.control import ParameterError
from pyca.core.errors import UsageError
from pyca.core.live import MAIN, Destination
from pyca.live.service import targets
from pyca.live.service.operator import first_destination, first_setup, perform
from pyca.store import destinations, live
from pyca.store.database import Database


class UnknownDestinationError(UsageError):
    """There is no destination of that id."""


def add(database: Database, settings: Settings, clock: Clock, values: Mapping[str, Any]) -> Destination:
    """Add a destination and return it.

    :param values: label, url, key, backup; the url may be the name of a big platform
    :raises ParameterError: naming the first value that cannot be
    :raises UsageError: where there are too many
    """
    fresh = targets.changed(Destination(secrets.token_hex(4)), values)
    if not fresh.url:
        raise ParameterError("url", "a destination needs an address", "such as rtmp://server/app")
    perform(database, lambda session: _save(session, fresh, clock.now()))
    return fresh


def change(
    database: Database, settings: Settings, clock: Clock, name: str, values: Mapping[str, Any]
) -> Destination:
    """Change a destination, all of what is given or nothing; return what counts now.

    :param name: its id
    :param values: as in :func:`add`; a hidden key stays what it is
    :raises ParameterError: naming the first value that cannot be
    :raises UnknownDestinationError: where there is none
    """

    def change_it(session: Session) -> Destination:
        after = targets.changed(_standing(session, settings, name), values)
        if not after.url and name != MAIN:
            raise ParameterError("url", "a destination needs an address", "remove it where it needs none")
        _save(session, after, clock.now())
        return after

    return perform(database, change_it)


def remove(database: Database, settings: Settings, clock: Clock, name: str) -> None:
    """Forget a destination; the main one is emptied. What is sent to it ends.

    :raises UnknownDestinationError: where there is none
    """

    def remove_it(session: Session) -> None:
        _standing(session, settings, name)
        destinations.remove(session, name)
        live.forget(session, name, clock.now())

    perform(database, remove_it)


def start(database: Database, settings: Settings, clock: Clock, name: str) -> None:
    """Send to this destination again, now where a stream runs; one that was given up is tried anew.

    :raises UnknownDestinationError: where there is none
    """

    def start_it(session: Session) -> None:
        one = _standing(session, settings, name)
        if not one.wanted:
            _save(session, replace(one, wanted=True), clock.now())
        live.restart(session, name, clock.now())

    perform(database, start_it)


def stop(database: Database, settings: Settings, clock: Clock, name: str) -> None:
    """Send to this destination no longer; all others are left alone.

    :raises UnknownDestinationError: where there is none
    """

    def stop_it(session: Session) -> None:
        _save(session, replace(_standing(session, settings, name), wanted=False), clock.now())

    perform(database, stop_it)


def restart(database: Database, settings: Settings, clock: Clock, name: str) -> None:
    """Connect to this destination anew; all others are left alone.

    :raises UnknownDestinationError: where there is none
    :raises UsageError: where it is stopped
    """

    def restart_it(session: Session) -> None:
        if not _standing(session, settings, name).wanted:
            raise UsageError("this destination is stopped", "start it")
        live.restart(session, name, clock.now())

    perform(database, restart_it)


def _save(session: Session, one: Destination, now: float) -> None:
    destinations.save(session, one)
    live.touch(session, now)


def _standing(session: Session, settings: Settings, name: str) -> Destination:
    live.setup(session, first_setup(settings), held=True)
    found = destinations.get(session, name, first_destination(settings))
    if found is None:
        raise UnknownDestinationError(f"there is no destination “{name}”")
    return found
