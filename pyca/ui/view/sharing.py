"""The address under which everybody can watch: its secret, and how it reads for others."""

import hmac
import threading
from urllib.parse import urlsplit

from sqlalchemy.orm import Session as Transaction

from pyca.config.addresses import is_loopback
from pyca.config.settings import Settings
from pyca.live.service import operator

PERIOD = 1.0
"""Seconds for which the secret is remembered: each viewer asks for something every second."""


class Shared:
    """The secret of the address, read once a second at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[float, str] | None = None

    def known(self, now: float) -> str | None:
        """Return the secret, empty where nothing is shared, None where it must be read.

        :param now: seconds of a clock that nobody sets
        """
        with self._lock:
            if self._known is None or now - self._known[0] >= PERIOD:
                return None
            return self._known[1]

    def read(self, transaction: Transaction, settings: Settings, now: float) -> str:
        """Read the secret and remember it.

        :param now: as above
        """
        secret = operator.setup(transaction, settings).share
        with self._lock:
            self._known = (now, secret)
        return secret

    def forget(self) -> None:
        """Have it read anew, as it has changed."""
        with self._lock:
            self._known = None


def is_same(secret: str, token: str) -> bool:
    """Tell whether somebody knows the secret; none is known to nobody."""
    return bool(secret) and hmac.compare_digest(secret.encode(), token.encode())


def public_address(asked: str, settings: Settings) -> tuple[str, bool]:
    """Return an address as others can use it, and whether they can.

    :param asked: as it is on this machine, by the name that the browser knows it by
    """
    here = urlsplit(asked)
    if not is_loopback(here.hostname or ""):
        return asked, True
    known = settings.ui.url
    if is_loopback(urlsplit(known).hostname or ""):
        return asked, False
    return f"{known}{here.path}", True
