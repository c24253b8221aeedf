"""Alarms: in the log and at the hook at once, in the database as soon as it can be written."""

import logging
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.clock import Clock
from pyca.core.errors import StoreError
from pyca.core.event import Event
from pyca.core.states import ServiceName
from pyca.runtime.hooks import Hook, Hooks
from pyca.store import figures
from pyca.store.database import Database
from pyca.store.figures import Figure
from pyca.store.tables import AlarmRow

logger = logging.getLogger(__name__)

KEPT = 200
"""Pieces of work that wait for the database at most; the oldest go first."""

Key = tuple[AlarmKind, str, str]
Work = Callable[[Session], object]


class Alarms:
    """The alarms of one service.

    :param write: carries out database work, possibly later; alarms must work without a database too
    """

    def __init__(
        self, service: ServiceName, hooks: Hooks, clock: Clock, write: Callable[[Work], None]
    ) -> None:
        self._service = service
        self._hooks = hooks
        self._clock = clock
        self._write = write
        self._active: dict[Key, Alarm] = {}
        self._events: dict[Key, Event | None] = {}
        now = clock.now()
        # What an earlier run of this service saw is seen again where it is still so.
        write(lambda session: end_of_service(session, service, now))

    def alert(
        self,
        kind: AlarmKind,
        text: str,
        event: Event | None = None,
        *,
        source: str = "",
        until: float | None = None,
    ) -> None:
        """Raise an alarm; one that is raised already only changes its text.

        :param event: the event that it concerns
        :param source: the input that it concerns
        :param until: when it ends by itself; nobody has to clear it then
        """
        now = self._clock.now()
        key = (kind, event.uid if event else "", source)
        known = self._active.get(key)
        if known and known.text == text:
            return
        alarm = Alarm(kind, text, known.since if known else now, key[1], source, str(self._service), until)
        if until is None:
            self._active[key], self._events[key] = alarm, event
        about = f"“{event.title}”: " if event else ""
        where = f"{source}: " if source else ""
        logger.error("alarm (%s): %s%s%s", kind, about, where, text)
        self._write(lambda session: store(session, alarm))
        if known is None:
            self._tell(alarm, "raised", event)

    def clear(self, kind: AlarmKind, event: Event | None = None, *, source: str = "") -> None:
        """Say that all is well again; nothing happens where there was no alarm."""
        self._end((kind, event.uid if event else "", source))

    def clear_event(self, event: Event) -> None:
        """End all alarms of an event that is over."""
        for key in [key for key in self._active if key[1] == event.uid]:
            self._end(key, "ended")

    def rewrite(self) -> None:
        """Store all alarms once more, in a database that knows nothing of them."""
        for alarm in self._active.values():
            self._write(lambda session, alarm=alarm: store(session, alarm))  # type: ignore[misc]

    def _end(self, key: Key, how: str = "over") -> None:
        alarm = self._active.pop(key, None)
        event = self._events.pop(key, None)
        if alarm is None:
            return
        over = replace(alarm, ended=self._clock.now())
        about = f"“{event.title}”: " if event else ""
        logger.warning("alarm is over (%s): %s%s", over.kind, about, over.text)
        self._write(lambda session: store(session, over))
        self._tell(over, how, event)

    def _tell(self, alarm: Alarm, state: str, event: Event | None) -> None:
        facts = {
            "ALARM": str(alarm.kind),
            "ALARM_STATE": state,
            "ALARM_TEXT": alarm.text,
            "INPUT": alarm.input,
        }
        self._hooks.run(Hook.ALARM, facts, event)


class AtOnce:
    """Carries database work out at once; what fails is kept and done first the next time.

    For services whose work may wait for the database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._left: deque[Work] = deque(maxlen=KEPT)

    def __call__(self, work: Work) -> None:
        """Do a piece of work in a transaction of its own, after all that is left of earlier times."""
        self._left.append(work)
        self.flush()

    def flush(self) -> None:
        """Try what is left once more."""
        try:
            while self._left:
                with self._database.write() as session:
                    self._left[0](session)
                self._left.popleft()
        except StoreError as error:
            logger.warning("Alarms are not stored yet: %s", error)


def store(session: Session, alarm: Alarm) -> None:
    """Write an alarm: a new row, or new words or an end for the one that is there."""
    same = (
        AlarmRow.kind == str(alarm.kind),
        AlarmRow.subject == alarm.subject,
        AlarmRow.input == alarm.input,
        AlarmRow.since == alarm.since,
    )
    row = session.scalar(select(AlarmRow).where(*same))
    new = row is None
    if row is None:
        row = AlarmRow(
            kind=str(alarm.kind),
            text=alarm.text,
            since=alarm.since,
            subject=alarm.subject,
            input=alarm.input,
            service=alarm.service,
        )
        session.add(row)
    row.text, row.ended = alarm.text, alarm.ended
    if new:
        figures.add(session, Figure.ALARMS, label=str(alarm.kind))


def active(session: Session, now: float) -> list[Alarm]:
    """Return what is wrong now, the newest first."""
    query = select(AlarmRow).where(or_(AlarmRow.ended.is_(None), AlarmRow.ended > now))
    # Sorted here: the database would rather read all that ever were in the order of their beginnings.
    return _alarms(sorted(session.scalars(query), key=lambda row: (-row.since, row.id)))


def history(session: Session, limit: int = 50) -> list[Alarm]:
    """Return the newest alarms, those that are over too."""
    return _alarms(
        session.scalars(select(AlarmRow).order_by(AlarmRow.since.desc(), AlarmRow.id).limit(limit))
    )


def of_event(session: Session, uid: str, limit: int = 50) -> list[Alarm]:
    """Return what was or is wrong with one event, the newest first."""
    query = select(AlarmRow).where(AlarmRow.subject == uid)
    return _alarms(session.scalars(query.order_by(AlarmRow.since.desc(), AlarmRow.id).limit(limit)))


def end_of_service(session: Session, service: ServiceName, now: float) -> None:
    """End the alarms that a run of a service left behind."""
    left = (AlarmRow.service == str(service), AlarmRow.ended.is_(None))
    session.execute(update(AlarmRow).where(*left).values(ended=now))


def drop_over(session: Session, before: float) -> None:
    """Forget alarms that were over before a moment."""
    session.execute(delete(AlarmRow).where(AlarmRow.ended < before))


def _alarms(rows: Iterable[AlarmRow]) -> list[Alarm]:
    return [
        Alarm(AlarmKind(row.kind), row.text, row.since, row.subject, row.input, row.service, row.ended)
        for row in rows
    ]
