"""How far a transfer is, and whether it shall go on."""

import logging
import math
from collections.abc import Callable

from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.recording import Recording, Upload
from pyca.ingest.target import Interrupted
from pyca.runtime.pulse import Pulse
from pyca.store import uploads
from pyca.store.database import Database

logger = logging.getLogger(__name__)

WRITE_PERIOD = 1.0
"""Seconds between two notes in the database."""
SMOOTHING = 5.0
"""Seconds over which the shown rate is averaged."""


class Meter:
    """Follows the bytes of one delivery: tells the service manager, the database and, through it, the page.

    :param meanwhile: what else is to be done once a second
    :raises Interrupted: from every call after the service was asked to stop or somebody paused the delivery
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pulse: Pulse,
        recording: Recording,
        upload: Upload,
        meanwhile: Callable[[], None] = lambda: None,
    ) -> None:
        self._meanwhile = meanwhile
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._title = recording.event.title
        self._uid = upload.uid
        self._total = upload.bytes_total
        self._before = self._counted = 0
        self._noted = (clock.monotonic(), 0)
        self.sent = 0
        self.rate = 0.0

    def begin_track(self, before: int) -> None:
        """Count from here.

        :param before: bytes of the tracks that are over already
        """
        self._before = self._counted = self.sent = before
        self._noted = (self._clock.monotonic(), before)
        self._pulse.progress(self._text())

    def __call__(self, sent: int) -> None:
        """Take note of a sign of life.

        :param sent: bytes of the present track that are over; 0 where something else is being done
        """
        if self._pulse.stopping:
            raise Interrupted
        self.sent = max(self.sent, self._before + sent)
        # Called for every few kilobytes: all that costs anything happens once a second.
        if self._clock.monotonic() - self._noted[0] >= WRITE_PERIOD:
            self._pulse.progress(self._text())
            self._meanwhile()
            self._note()

    def rest(self, sent: int) -> int:
        """Return the bytes that no note has counted yet.

        :param sent: bytes of all tracks that are over
        """
        return sent - self._counted

    def _text(self) -> str:
        share = self.sent / self._total if self._total else 1.0
        return f"delivering “{self._title}”, {share:.0%}"

    def _note(self) -> None:
        now = self._clock.monotonic()
        passed, sent = now - self._noted[0], self.sent - self._noted[1]
        weight = 1 - math.exp(-passed / SMOOTHING) if self.rate else 1.0
        self.rate += (sent / passed - self.rate) * weight
        self._noted = (now, self.sent)
        try:
            with self._database.write() as session:
                wanted = uploads.progress(session, self._uid, self.sent, self.rate, self.sent - self._counted)
        except StoreError as error:
            logger.warning("The progress of “%s” could not be stored: %s", self._title, error)
            return
        self._counted = self.sent
        if not wanted:
            raise Interrupted
