"""Alarms of deliveries: raised while one needs somebody, over once it is done."""

from pyca.core.alarm import AlarmKind
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.event import Event
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import DELIVERABLE, EventState
from pyca.core.units import show_time
from pyca.ingest.ledger import RETRY
from pyca.store import recordings, uploads
from pyca.store.alarms import Alarms
from pyca.store.database import Database

PATIENCE = 600.0
"""Seconds of failing tries after which somebody should know."""
_OPEN = (*DELIVERABLE, EventState.UPLOADING)


class Troubles:
    """Compares the deliveries in the database with the alarms; after a restart all is found again."""

    def __init__(self, database: Database, clock: Clock, alarms: Alarms) -> None:
        self._database = database
        self._clock = clock
        self._alarms = alarms
        self._failing: dict[str, float] = {}
        """id → monotonic moment since which all tries have failed"""
        self._told: dict[str, Event] = {}

    def look(self) -> None:
        """Raise and clear what has to be.

        :raises StoreError: where the database cannot be read
        """
        with self._database.read() as session:
            troubled = {upload.uid: upload for upload in uploads.troubled(session)}
            known = {uid: recordings.get(session, uid) for uid in {*troubled, *self._told}}
            deliveries = uploads.many(session, list(self._told))
        for uid, event in list(self._told.items()):
            recording, upload = known[uid], deliveries.get(uid)
            if recording is None or recording.state not in _OPEN or (upload and upload.files_gone):
                del self._told[uid]
                self._alarms.clear(AlarmKind.UPLOAD, event)
        self._failing = {uid: since for uid, since in self._failing.items() if uid in troubled}
        for uid, upload in troubled.items():
            text, recording = self._text(upload), known[uid]
            if text and recording is not None:
                self._told.setdefault(uid, recording.event)
                self._alarms.alert(AlarmKind.UPLOAD, text, self._told[uid])

    def _text(self, upload: Upload) -> str:
        """Return what is wrong in words, empty where it need not worry anybody yet."""
        if upload.step is UploadStep.AMBIGUOUS:
            return "the server may have it or not: its last answer never came"
        if upload.permanent:
            return f"cannot be delivered until somebody helps: {upload.error}"
        moment = self._clock.monotonic()
        since = self._failing.setdefault(upload.uid, moment - _spent(upload.attempts))
        if moment - since < PATIENCE:
            return ""
        return f"waits for the server since {show_time(self._clock.now() - (moment - since))}"


def _spent(attempts: int) -> float:
    """Return the seconds that so many failures have taken at least; a restart forgets when they began."""
    plain = Backoff(RETRY.first, RETRY.limit, RETRY.factor, jitter=0.0)
    return sum(plain.pause(failure) for failure in range(1, min(attempts, 64)))
