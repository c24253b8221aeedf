"""Work that has to be done beside requests, such as starting an instance that shall always run."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from pyca.core.backoff import Backoff
from pyca.core.errors import PycaError

logger = logging.getLogger(__name__)

AGAIN = Backoff(first=0.5, limit=30.0)
"""before the same is done again"""
_SETTLED_SECONDS = 60.0
"""after which it counts as done for the first time"""
_MOST_AT_ONCE = 8


Key = tuple[str, str]


@dataclass
class _Chore:
    began: float = 0.0
    again: float = 0.0
    """when it may be done again, by the monotonic clock"""
    attempts: int = 0
    busy: bool = False
    told: str = ""
    """what went wrong last"""


class Chores:
    """Does each of them in a thread of its own, never the same twice at a time or too soon again."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_MOST_AT_ONCE, "chore")
        self._lock = threading.Lock()
        self._chores: dict[Key, _Chore] = {}
        self._pauses = 0

    def do(self, key: Key, what: str, work: Callable[[], object]) -> None:
        """Have something done, unless it is under way or it is too soon. Returns at once.

        :param key: what is the same, and for whom
        :param what: is logged where it cannot be done, such as “Permanent instance one”
        """
        now = time.monotonic()
        with self._lock:
            chore = self._chores.setdefault(key, _Chore())
            if self._pauses or chore.busy or now < chore.again:
                return
            chore.attempts = chore.attempts + 1 if now - chore.began < _SETTLED_SECONDS else 1
            chore.began, chore.busy = now, True
            self._pool.submit(self._work, chore, what, work)

    def keep(self, names: Collection[str]) -> None:
        """Forget all for whom there is nobody any more.

        :param names: of all who are there
        """
        with self._lock:
            self._chores = {key: one for key, one in self._chores.items() if one.busy or key[1] in names}

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Have none begun meanwhile; those under way go on."""
        with self._lock:
            self._pauses += 1
        try:
            yield
        finally:
            with self._lock:
                self._pauses -= 1

    def end(self) -> None:
        """Begin none any more."""
        with self._lock:
            self._pauses += 1
        self._pool.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """Wait for those under way, after the end."""
        self._pool.shutdown()

    def _work(self, chore: _Chore, what: str, work: Callable[[], object]) -> None:
        told = ""
        try:
            work()
        except PycaError as error:
            told = str(error)
            if told != chore.told:
                logger.error("%s: %s", what, error)
        except Exception:
            logger.exception("%s", what)
        finally:
            with self._lock:
                chore.told, chore.busy = told, False
                chore.again = time.monotonic() + AGAIN.pause(chore.attempts)
