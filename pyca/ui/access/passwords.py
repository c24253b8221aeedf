"""Names and passwords: the configured user and the accounts, with patience for those who guess."""

import hashlib
import hmac
import logging
import math
import threading
from collections import OrderedDict

from werkzeug.exceptions import TooManyRequests

from pyca.config.settings import Ui
from pyca.core.clock import Clock
from pyca.core.lines import one_line
from pyca.store import accounts
from pyca.store.database import Database
from pyca.ui.access.patience import Limit, Patience
from pyca.ui.access.peer import network
from pyca.ui.access.people import Known, known
from pyca.ui.access.remembered import Remembered

logger = logging.getLogger(__name__)

OF_ADDRESS = Limit(free=5, longest=300.0)
# A name's pauses are short: whoever guesses must not be able to keep its owner out for long.
OF_NAME = Limit(free=20, longest=30.0)
QUEUE = 3
"""Passwords that are hashed or wait for it: each holds one of the threads that answer requests."""
_LINES_PER_MINUTE = 10
_FRIENDS = 256

OF_NOBODY = "scrypt:32768:8:1$pyca$0"
"""A hash that no password has; looking at it takes as long as at a real one."""


class Passwords:
    """Tells whose name and password these are."""

    def __init__(self, ui: Ui, database: Database, clock: Clock) -> None:
        self._ui = ui
        self._database = database
        self._clock = clock
        self._remembered = Remembered(clock)
        self._addresses = Patience(clock, OF_ADDRESS)
        self._names = Patience(clock, OF_NAME)
        self._pairs = Patience(clock, OF_ADDRESS)
        self._friends: OrderedDict[str, None] = OrderedDict()
        """names and where they came in lately: what others do is no reason to keep them out"""
        self._lock = threading.Lock()
        """of the friends and of what was told"""
        self._hashing = threading.Lock()
        self._queue = threading.BoundedSemaphore(QUEUE)
        self._told: list[float] = []

    def check(self, name: str, password: str, client: str) -> Known | None:
        """Return who this is, None where name and password do not belong together.

        :param client: address of whoever asks
        :raises TooManyRequests: after too many failures, or where too many try at once; the password was not
            looked at
        """
        place, typed = network(client), _short(name)
        self._insist_on_pause(typed, place)
        who = known(self._database, self._ui, name)
        if who is not None and self._is_clear(who, password):
            self._forgive(typed, place)
            return who
        # Whoever waits here occupies a thread that could serve others.
        if not self._queue.acquire(blocking=False):
            raise TooManyRequests("Too many people log in at once. Try again in a moment.", retry_after=2)
        try:
            # One at a time: each takes 32 MB and a tenth of a second, and recording needs the machine.
            with self._hashing:
                # What was tried in the meantime counts too.
                self._insist_on_pause(typed, place)
                return self._look(who, typed, password, place)
        finally:
            self._queue.release()

    def _is_clear(self, who: Known, password: str) -> bool:
        """Tell whether a password is known to be right without hashing it."""
        if who.configured:
            return hmac.compare_digest(password.encode(), who.proof.encode())
        return self._remembered.knows(who.name, password, who.proof)

    def _look(self, who: Known | None, name: str, password: str, place: str) -> Known | None:
        """Hash a password; an unknown name takes as long as a known one."""
        stored = OF_NOBODY if who is None or who.configured else who.proof
        right = accounts.verify(stored, password if accounts.hashable(password) else "")
        if who is not None and right:
            self._remembered.add(who.name, password, who.proof)
            self._forgive(name, place)
            return who
        self._fail(name, place)
        return None

    def _insist_on_pause(self, name: str, place: str) -> None:
        pair = _pair(name, place)
        with self._lock:
            friend = pair in self._friends
        wait = self._pairs.wait(pair) if friend else max(self._addresses.wait(place), self._names.wait(name))
        if wait > 0:
            seconds = math.ceil(wait)
            raise TooManyRequests(
                f"There were too many attempts with a wrong password. Try again in {_words(seconds)}.",
                retry_after=seconds,
            )

    def _forgive(self, name: str, place: str) -> None:
        pair = _pair(name, place)
        # Only what went wrong with this name: an own account must be no way to go on guessing another's.
        self._addresses.forgive(place, self._pairs.forget(pair))
        self._names.forget(name)
        with self._lock:
            self._friends[pair] = None
            self._friends.move_to_end(pair)
            while len(self._friends) > _FRIENDS:
                self._friends.popitem(last=False)

    def _fail(self, name: str, place: str) -> None:
        self._pairs.failed(_pair(name, place))
        self._names.failed(name)
        count = self._addresses.failed(place)
        # The first one and each doubling tell the story; an attack must not fill the log.
        if count & (count - 1) == 0 and self._may_tell():
            times = "" if count == 1 else f", {count} in a row"
            logger.warning("failed login as %r from %s%s", one_line(name, 60), place, times)

    def _may_tell(self) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            self._told = [moment for moment in self._told if now - moment < 60]
            if len(self._told) >= _LINES_PER_MINUTE:
                return False
            self._told.append(now)
            return True


def _pair(name: str, place: str) -> str:
    return f"{place} {name}"


def _short(name: str) -> str:
    """Return what stands for a name in memory; somebody may send one of 60 kB."""
    return name if len(name) <= 100 else hashlib.sha256(name.encode()).hexdigest()


def _words(seconds: int) -> str:
    if seconds < 60:
        return "one second" if seconds == 1 else f"{seconds} seconds"
    minutes = math.ceil(seconds / 60)
    return "one minute" if minutes == 1 else f"{minutes} minutes"
