"""Passwords that were right a moment ago: to hash one with each request would take too long."""

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict

from pyca.core.clock import Clock

SECONDS = 300.0
CAPACITY = 64


class Remembered:
    """Knows, for some minutes, which name and password belong to which hash; it holds none of them.

    What is kept is a digest with a key that only this process has, so that a new password, or an account
    that is deleted and made anew, is not recognised by what belonged to the old one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._until: OrderedDict[bytes, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._until)

    def knows(self, name: str, password: str, stored: str) -> bool:
        """Tell whether these were found to belong together a few minutes ago."""
        mark = self._mark(name, password, stored)
        with self._lock:
            return self._until.get(mark, 0.0) > self._clock.monotonic()

    def add(self, name: str, password: str, stored: str) -> None:
        """Remember that these belong together."""
        mark = self._mark(name, password, stored)
        with self._lock:
            self._until[mark] = self._clock.monotonic() + SECONDS
            self._until.move_to_end(mark)
            while len(self._until) > CAPACITY:
                self._until.popitem(last=False)

    def _mark(self, *texts: str) -> bytes:
        # Lengths come before the texts: “a” and “bc” must not be the same as “ab” and “c”.
        parts = [text.encode(errors="surrogatepass") for text in texts]
        whole = b"".join(len(part).to_bytes(8, "big") + part for part in parts)
        return hmac.new(self._key, whole, hashlib.sha256).digest()
