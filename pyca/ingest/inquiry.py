"""Asks the server about deliveries whose final call was never answered, until it is certain or given up."""

import logging
from collections.abc import Callable
from dataclasses import replace

from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.recording import Recording, Upload, UploadStep
from pyca.ingest.target import Target
from pyca.store import recordings, uploads
from pyca.store.database import Database

logger = logging.getLogger(__name__)

PAUSES = Backoff(first=15, limit=3600)
CHECKS = 10
"""Answers that settle nothing before it is left to the operator; three hours or so."""

Found = Callable[[Recording, Upload], None]
"""told of a delivery that the server has after all"""


class Inquiry:
    """Only ever finds that the server has a recording. That it has none cannot be seen from outside."""

    def __init__(self, database: Database, clock: Clock, target: Target, found: Found) -> None:
        self._database = database
        self._clock = clock
        self._target = target
        self._found = found

    def ask(self) -> float | None:
        """Ask about the delivery that is due; return when to ask next, None where there is nothing to ask.

        :raises StoreError: where the answer cannot be stored
        """
        now = self._clock.now()
        with self._database.read() as session:
            open_ = [one for one in uploads.unclear(session, CHECKS) if one.target == self._target.name]
            due = next((one for one in open_ if _is_due(one, now)), None)
            recording = recordings.get(session, due.uid) if due else None
        if due is None or recording is None:
            return min((one.next_attempt for one in open_), default=None)
        self._ask_about(recording, due)
        return now

    def _ask_about(self, recording: Recording, upload: Upload) -> None:
        title = recording.event.title
        try:
            taken = self._target.has_taken(recording, upload)
        except DeliveryError as error:
            logger.info("Whether the server has “%s” cannot be seen: %s", title, error)
            # A server that is away has not answered; it may yet.
            self._postpone(upload, counted=bool(error.status))
            return
        if not taken:
            logger.info("The server does not show “%s” as delivered; that may mean nothing", title)
            self._postpone(upload, counted=True)
            return
        logger.warning("“%s” was delivered after all: the server has all of its tracks", title)
        self._found(recording, upload)

    def _postpone(self, upload: Upload, *, counted: bool) -> None:
        attempts = upload.attempts + counted
        moment = self._clock.now() + PAUSES.pause(attempts + 1)
        with self._database.write() as session:
            present = uploads.get(session, upload.uid)
            # An operator may have decided meanwhile.
            if present is not None and present.step is UploadStep.AMBIGUOUS:
                uploads.save(session, replace(present, attempts=attempts, next_attempt=moment))


def _is_due(upload: Upload, now: float) -> bool:
    """Tell whether it is time; a moment that is too far ahead was set before the clock was put back."""
    return upload.next_attempt <= now or upload.next_attempt > now + 2 * PAUSES.limit
