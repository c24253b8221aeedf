"""Pages of events for programs: those to come and recordings, in plain rows instead of objects."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    Select,
    String,
    case,
    cast,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from pyca.core.recording import Upload, UploadStep
from pyca.core.states import DELIVERABLE, EventState
from pyca.store import uploads
from pyca.store.tables import PartRow, RecordedEvent, TrackRow, UpcomingEvent, UploadRow

SORTS = ("start", "end", "title", "status")
_COMMON = (
    "uid",
    "title",
    "start",
    "origin",
    "creator",
    "description",
    "location",
    "series",
    "inputs",
    "attachments",
    "workflow_parameters",
)
_GONE = (str(UploadStep.DELETING), str(UploadStep.GONE))


class Listed(NamedTuple):
    """An event with its state, as lists show it. Moments are seconds since 1970 UTC."""

    uid: str
    title: str
    start: float
    origin: str
    creator: str
    description: str
    location: str
    series: str
    inputs: list[str]
    attachments: list[dict[str, str]]
    """each with ``name``, ``mimetype`` and ``data``"""
    workflow_parameters: dict[str, str]
    end: float
    """that holds now, also where somebody chose another one by hand"""
    state: str
    started: float | None
    ended: float | None
    error: str


@dataclass(frozen=True)
class Wanted:
    """Which events a list shall show; what is empty or None narrows nothing.

    :param states: those in one of these
    :param origins: those from one of these
    :param since: those that end after this moment
    :param until: those that start before this moment
    :param title: those whose title holds this, whatever its case
    :param uid: the one of this id
    """

    states: Collection[EventState] = ()
    origins: Collection[str] = ()
    since: float | None = None
    until: float | None = None
    title: str = ""
    uid: str | None = None


def page(
    session: Session, wanted: Wanted, sort: Sequence[tuple[str, bool]], offset: int, size: int
) -> tuple[list[Listed], int]:
    """Return some events and the number of all that are wanted.

    :param sort: names of ``SORTS``, with True where the order goes down; without any, what is to come comes
        first, the next one at the top, then what was recorded, the newest at the top
    """
    coming, begun = _numbers(session, wanted)
    if sort:
        return _whole(session, _sorted(session, wanted, sort, offset, size)), coming + begun
    found: list[Listed] = []
    if offset < coming:
        order = UpcomingEvent.start, UpcomingEvent.uid
        found += _slice(session, wanted, UpcomingEvent, order, offset, size)
    if len(found) < size and begun:
        newest = RecordedEvent.start.desc(), RecordedEvent.uid
        before = max(offset - coming, 0)
        found += _slice(session, wanted, RecordedEvent, newest, before, size - len(found))
    return found, coming + begun


def one(session: Session, uid: str) -> Listed | None:
    """Return an event, recorded or to come; None where there is none of this id."""
    found = _rows(session, _recorded().where(RecordedEvent.uid == uid))
    found = found or _rows(session, _upcoming().where(UpcomingEvent.uid == uid))
    return found[0] if found else None


def tracks(session: Session, uid: str) -> Sequence[Row[Any]]:
    """Return the files of a recording: id, path, flavor, input, part, size, duration, streams."""
    names = ("id", "path", "flavor", "input", "part", "size", "duration", "streams")
    columns = [getattr(TrackRow, name) for name in names]
    return session.execute(select(*columns).where(TrackRow.uid == uid).order_by(TrackRow.id)).all()


def parts(session: Session, uid: str) -> Sequence[Row[Any]]:
    """Return the attempts of a recording: id, input, number, times, outcome, exit_code, files, flavors."""
    names = ("id", "input", "number", "started", "ended", "outcome", "exit_code", "files", "flavors")
    columns = [getattr(PartRow, name) for name in names]
    query = select(*columns).where(PartRow.uid == uid)
    return session.execute(query.order_by(PartRow.started, PartRow.id)).all()


def deliveries(session: Session, offset: int, size: int) -> tuple[list[tuple[Upload, str]], int]:
    """Return deliveries under way or in trouble, the oldest first, and the number of all such.

    :return: each with the state of its event
    """
    trouble = or_(
        UploadRow.permanent.is_(True), UploadRow.step == UploadStep.AMBIGUOUS, UploadRow.attempts > 0
    )
    waits = RecordedEvent.state.in_([str(state) for state in DELIVERABLE])
    query = (
        select(RecordedEvent.uid, RecordedEvent.state)
        .join(UploadRow, UploadRow.uid == RecordedEvent.uid)
        .where(
            or_(RecordedEvent.state == EventState.UPLOADING, waits & trouble),
            UploadRow.step.not_in(_GONE),
        )
    )
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    ordered = query.order_by(RecordedEvent.start, RecordedEvent.uid).limit(size).offset(offset)
    states = {row.uid: row.state for row in session.execute(ordered)}
    known = uploads.many(session, list(states))
    return [(known[uid], state) for uid, state in states.items()], total


def _waits() -> ColumnElement[bool]:
    """Return the condition for what has not begun."""
    return ~exists().where(RecordedEvent.__table__.c.uid == UpcomingEvent.__table__.c.uid)


@cache
def _upcoming() -> Select[Any]:
    columns = [UpcomingEvent.__table__.c[name] for name in _COMMON]
    state = literal(str(EventState.UPCOMING)).label("state")
    none = null().label("started"), null().label("ended"), literal("").label("error")
    return select(*columns, _end(UpcomingEvent), state, *none).where(_waits())


@cache
def _recorded() -> Select[Any]:
    columns = [RecordedEvent.__table__.c[name] for name in _COMMON]
    own = [RecordedEvent.__table__.c[name] for name in ("state", "started", "ended", "error")]
    return select(*columns, _end(RecordedEvent), *own)


def _end(table: Any) -> ColumnElement[float]:
    """Return the end that holds: that of a running recording may have been chosen by hand."""
    if table is UpcomingEvent:
        return UpcomingEvent.__table__.c.end
    by_hand = func.coalesce(RecordedEvent.operator_end, RecordedEvent.end)
    running = RecordedEvent.state == EventState.RECORDING
    return case((running, by_hand), else_=RecordedEvent.end).label("end")


def _narrow(query: Select[Any], wanted: Wanted, table: Any) -> Select[Any]:
    """Return a query for what is wanted of one table."""
    if wanted.states:
        states = [str(state) for state in wanted.states]
        if table is RecordedEvent:
            query = query.where(RecordedEvent.state.in_(states))
        elif EventState.UPCOMING not in wanted.states:
            query = query.where(literal(1) == 0)
    if wanted.origins:
        query = query.where(table.origin.in_(list(wanted.origins)))
    if wanted.since is not None:
        query = query.where(_bare(_end(table)) > wanted.since)
    if wanted.until is not None:
        query = query.where(table.start < wanted.until)
    if wanted.title:
        query = query.where(table.title.icontains(wanted.title, autoescape=True))
    if wanted.uid is not None:
        query = query.where(table.uid == wanted.uid)
    return query


def _bare(column: Any) -> Any:
    """Return a column's expression without its name, which conditions cannot use."""
    return getattr(column, "element", column)


def _numbers(session: Session, wanted: Wanted) -> tuple[int, int]:
    """Return how many events are wanted of those to come and of those that have begun."""
    coming = _narrow(select(func.count()).select_from(UpcomingEvent).where(_waits()), wanted, UpcomingEvent)
    recorded = _narrow(select(func.count()).select_from(RecordedEvent), wanted, RecordedEvent)
    row = session.execute(select(coming.scalar_subquery(), recorded.scalar_subquery())).one()
    return row[0], row[1]


def _slice(
    session: Session, wanted: Wanted, table: Any, order: Sequence[Any], offset: int, size: int
) -> list[Listed]:
    """Return some events of one table.

    Their ids are looked up first, as rows are wide and would all be sorted as a whole.
    """
    ids = _narrow(select(table.uid), wanted, table)
    if table is UpcomingEvent:
        ids = ids.where(_waits())
    ids = ids.order_by(*order).limit(size).offset(offset)
    query = _recorded() if table is RecordedEvent else _upcoming()
    return _rows(session, query.where(table.uid.in_(ids)).order_by(*order))


def _sorted(
    session: Session, wanted: Wanted, sort: Sequence[tuple[str, bool]], offset: int, size: int
) -> list[str]:
    """Return the ids of a page in another order."""
    keys = _keys(wanted)
    order = [keys.c[name].desc() if down else keys.c[name].asc() for name, down in sort]
    query = select(keys.c.uid).order_by(*order, keys.c.uid).limit(size).offset(offset)
    return list(session.scalars(query))


def _whole(session: Session, uids: Sequence[str]) -> list[Listed]:
    """Return these events in this order."""
    found: dict[str, Listed] = {}
    for query, table in ((_upcoming(), UpcomingEvent), (_recorded(), RecordedEvent)):
        if missing := [uid for uid in uids if uid not in found]:
            found |= {row.uid: row for row in _rows(session, query.where(table.uid.in_(missing)))}
    return [found[uid] for uid in uids if uid in found]


def _keys(wanted: Wanted) -> CTE:
    """Return ids and what is sorted by, of both tables."""
    upcoming = select(
        UpcomingEvent.uid,
        UpcomingEvent.start,
        UpcomingEvent.end,
        func.lower(UpcomingEvent.title).label("title"),
        cast(literal(str(EventState.UPCOMING)), String(40)).label("status"),
    ).where(_waits())
    recorded = select(
        RecordedEvent.uid,
        RecordedEvent.start,
        _end(RecordedEvent),
        func.lower(RecordedEvent.title).label("title"),
        RecordedEvent.state.label("status"),
    )
    return union_all(_narrow(upcoming, wanted, UpcomingEvent), _narrow(recorded, wanted, RecordedEvent)).cte(
        "keys"
    )


def _rows(session: Session, query: Select[Any]) -> list[Listed]:
    return [Listed(*row) for row in session.execute(query)]
