"""One look a second for all who listen, and none while nobody does."""

import json
import logging
import secrets
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.store.database import Database
from pyca.ui.stream.changes import Describe, Picture, compare, look, snapshot

logger = logging.getLogger(__name__)

PERIOD = 1.0
"""Seconds between two looks."""
LISTENERS = 4
"""Each holds one of the threads that answer requests."""
KEPT = 256
"""Messages that somebody may have missed and is still told."""


@dataclass(frozen=True)
class Message:
    """One server-sent event.

    :param number: counts all messages of this process
    :param text: JSON on one line
    """

    number: int
    name: str
    text: str


@dataclass(frozen=True)
class Beginning:
    """How a listener starts."""

    snapshot: str | None
    """JSON on one line; None where what was missed says it all"""
    missed: list[Message]
    last: int
    """the number of the newest message"""


class Feed:
    """Tells listeners what changes. A thread looks at the database from the first listener to the last.

    :param describe: returns events as the API tells them
    """

    def __init__(self, database: Database, clock: Clock, describe: Describe) -> None:
        self._database = database
        self._clock = clock
        self._describe = describe
        self.name = secrets.token_hex(4)
        """tells the messages of this process from those of others"""
        self.ended: Callable[[], bool] = lambda: False
        """asked whether the server is about to stop; the server puts its own in place.
        A question and not an order, because signal handlers must not wait for locks."""
        self._looking = threading.Lock()
        self._changed = threading.Condition()
        self._places: set[object] = set()
        self._thread: threading.Thread | None = None
        self._picture: Picture | None = None
        self._messages: deque[Message] = deque(maxlen=KEPT)
        self._number = 0
        self._trouble = False

    def join(self) -> object | None:
        """Begin to listen; return the place that is held until :meth:`leave`, None where all are taken."""
        with self._changed:
            if len(self._places) >= LISTENERS or self.ended():
                return None
            place = object()
            self._places.add(place)
            return place

    def leave(self, place: object) -> None:
        """Listen no more; a place that was given back already is not given back twice."""
        with self._changed:
            self._places.discard(place)
            self._changed.notify_all()

    def begin(self, number: int | None) -> Beginning:
        """Return how a listener starts, with a snapshot or with what was missed.

        :param number: of the last message that the listener knows, None where it knows none
        :raises StoreError: where the database cannot be read
        """
        with self._looking:
            seen = self._look()
            with self._changed:
                missed = None if number is None else self._since(number)
                last = self._number
            first = self._snapshot(seen) if missed is None else None
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="feed", daemon=True)
                self._thread.start()
        return Beginning(first, missed or [], last)

    def wait(self, number: int, seconds: float) -> list[Message] | None:
        """Return the messages after one, empty where none comes in time, None where some are lost.

        :param seconds: longest wait
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, seconds)
            return self._since(number)

    def _since(self, number: int) -> list[Message] | None:
        oldest = self._messages[0].number if self._messages else self._number + 1
        if not oldest - 1 <= number <= self._number:
            return None
        return [one for one in self._messages if one.number > number]

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._idle, PERIOD)
                if self._idle():
                    self._thread = None
                    return
            try:
                with self._looking:
                    self._look()
                self._trouble = False
            except StoreError as error:
                if not self._trouble:
                    logger.warning("nobody can be told what changes: %s", error)
                self._trouble = True
            except Exception:
                # Without this thread the listeners would wait in vain.
                logger.exception("nobody can be told what changes")

    def _idle(self) -> bool:
        return not self._places or self.ended()

    def _look(self) -> Picture:
        """Look once, and tell what has changed since the last time.

        :raises StoreError: where the database cannot be read
        """
        now = self._clock.now()
        with self._database.read() as session:
            seen = look(session, now)
            found = compare(session, self._picture or seen, seen, now, self._describe)
        with self._changed:
            self._picture = seen
            for change in found:
                self._number += 1
                self._messages.append(Message(self._number, change.name, _json(change.document())))
            if found:
                self._changed.notify_all()
        return seen

    def _snapshot(self, seen: Picture) -> str:
        with self._database.read() as session:
            return _json(snapshot(session, seen, self._describe))


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
