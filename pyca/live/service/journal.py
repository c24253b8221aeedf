"""What the streamer writes down: reports, sessions, figures, log. No database ever keeps it waiting."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.orm import Session as Transaction

from pyca.core.clock import Clock
from pyca.core.live import LiveReport, LogLine, Profile, Sample
from pyca.store import live, stream_sessions
from pyca.store.database import Database
from pyca.store.scribe import Scribe

logger = logging.getLogger(__name__)

MOST_WAITING = 2000
"""Figures and lines that wait for a database that is away; later ones are left out."""
REPORT_PATIENCE = 30.0
"""Seconds after which a report that was to be written counts as lost."""
KEPT_SECONDS = 30 * 86_400.0
"""How long the figures of sessions are kept."""
_THIN_OUT_PERIOD = 3600.0


@dataclass
class Begun:
    """A session, as far as it is known."""

    started: float
    profile: Profile
    source: str
    uid: str
    number: int | None = None
    """None until it is written down"""


class Journal:
    """Writes in the background, in order."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._clock = clock
        self._scribe = Scribe(database)
        self._session: Begun | None = None
        self._handed = self._reached = 0
        """how many figures and lines were handed over, and how many of them the writer has come to"""
        self._latest: tuple[LiveReport, int, Begun | None] | None = None
        self._told: float | None = None
        """when the report was handed over that is not written yet"""
        self._thinned: float | None = None
        self._closed = False
        now = clock.now()
        # What an earlier run of the service could not end any more.
        self._scribe.put(lambda transaction: stream_sessions.end_left_open(transaction, now))
        self.put = self._scribe.put

    @property
    def trouble(self) -> str:
        """Why nothing can be written now, empty where all is well."""
        return self._scribe.trouble

    def begin(self, profile: Profile, source: str, uid: str) -> None:
        """Begin a session.

        :param source: the input, masked
        :param uid: the event that it is for, empty where it was started by hand
        """
        begun = self._session = Begun(self._clock.now(), profile, source, uid)
        self._thinned = None
        self._scribe.put(lambda transaction: _number(transaction, begun))

    def end(self, reason: str, error: str = "") -> None:
        """End the session."""
        begun, self._session = self._session, None
        if begun is None:
            return
        now = self._clock.now()
        self._scribe.put(
            lambda transaction: stream_sessions.end(
                transaction, _number(transaction, begun), now, reason, error
            )
        )

    def give_up(self, orders: int) -> None:
        """Want no stream any longer, unless somebody has said something since.

        :param orders: the number of the last order that was carried out
        """
        now = self._clock.now()
        self._scribe.put(lambda transaction: live.give_up(transaction, orders, now))

    def tell(self, report: LiveReport, orders: int) -> None:
        """Report; an older report that was not written yet is skipped.

        :param orders: the number of the last order that was carried out
        """
        self._latest = (report, orders, self._session)
        now = self._clock.monotonic()
        if self._told is None or now > self._told + REPORT_PATIENCE:
            self._told = now
            self._scribe.put(self._write_report)

    def sample(self, report: LiveReport) -> None:
        """Keep the figures of a moment."""
        self._add(partial(stream_sessions.add_samples, samples=samples_of(report), sent=report.sent))

    def note(self, lines: Sequence[LogLine]) -> None:
        """Keep lines of the session's log."""
        if lines:
            self._add(partial(stream_sessions.add_lines, lines=lines))

    def thin_out(self) -> None:
        """Forget figures and sessions that are too old, now and then."""
        now = self._clock.monotonic()
        if self._thinned is None or now >= self._thinned + _THIN_OUT_PERIOD:
            self._thinned = now
            self._thin_out(self._clock.now() - KEPT_SECONDS)

    def close(self) -> None:
        """Write what is still there and end."""
        self._closed = True
        self._scribe.close()

    def _thin_out(self, before: float) -> None:
        """Forget in pieces: whoever else writes, such as the recorder, comes between them."""
        more = False

        def work(transaction: Transaction) -> None:
            nonlocal more
            more = stream_sessions.thin_out(transaction, before)

        def then() -> None:
            if more and not self._closed:
                self._thin_out(before)

        self._scribe.put(work, then=then)

    def _add(self, work: "partial[None]") -> None:
        """Write something that belongs to the session."""
        begun = self._session
        if begun is None:
            return
        if self._handed - self._reached >= MOST_WAITING:
            return
        self._handed += 1
        place = self._handed

        def write(transaction: Transaction) -> None:
            # What comes before is written or given up by now: the writer keeps the order.
            self._reached = place
            work(transaction, _number(transaction, begun))

        self._scribe.put(write)

    def _write_report(self, transaction: Transaction) -> None:
        # Before the newest is read: what comes later is then handed over once more.
        self._told = None
        if self._latest is not None:
            report, orders, begun = self._latest
            number = begun.number if begun else None
            live.save_report(transaction, replace(report, session=number), orders)


def samples_of(report: LiveReport) -> list[Sample]:
    """Return the figures of what is made and of each destination."""
    at = report.at
    again = sum(one.reconnects for one in report.links)
    made = Sample(at, "", report.fps, report.bitrate, report.dropped, report.sent, again, report.cpu)
    links = [
        Sample(at, one.id, 0.0, one.bitrate, one.dropped, one.sent, one.reconnects) for one in report.links
    ]
    return [made, *links]


def _number(transaction: Transaction, begun: Begun) -> int:
    """Return the number of a session, which is begun in this database where it does not know it."""
    if begun.number is None or stream_sessions.get(transaction, begun.number) is None:
        begun.number = stream_sessions.begin(
            transaction, begun.started, begun.profile, begun.source, begun.uid
        )
    return begun.number
