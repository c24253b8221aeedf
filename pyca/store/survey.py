"""The agent in numbers, in one statement and a few small ones.

None grows with history beyond a count in an index. They are plain statements, made once: a monitoring system
asks often, and this is most of what its answer costs.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from pyca.core.recording import UploadStep, mean_rate
from pyca.core.states import DELIVERABLE, EventState
from pyca.store import services
from pyca.store.figures import Figures
from pyca.store.services import ServiceStatus
from pyca.store.tables import Base
from pyca.store.upstream import Upstream

_DELETED = (str(UploadStep.DELETING), str(UploadStep.GONE))
_UNDELIVERED = tuple(map(str, (*DELIVERABLE, EventState.UPLOADING, EventState.PAUSED_AFTER_RECORDING)))
_OVER = (*_UNDELIVERED, str(EventState.FINISHED_UPLOADING))
_RECENT = 8
"""Recordings from which it is learnt how much one takes."""

_TABLES = Base.metadata.tables
_COMING = _TABLES["upcoming_event"].c
_RECORDED = _TABLES["recorded_event"].c
_TRACK = _TABLES["track"].c
_UPLOAD = _TABLES["upload"].c
_UPSTREAM = _TABLES["upstream_state"].c
_ALARM = _TABLES["alarm"].c
_FIGURE = _TABLES["figure"].c
_NOW: ColumnElement[float] = bindparam("now", type_=Double)
_TEXT: ColumnElement[str] = literal_column("''")
# PostgreSQL takes the type of a column of several selections from the first two.
_NULL = cast(null(), Double)


def _piece(
    what: str,
    x: ColumnElement[Any],
    y: ColumnElement[Any] = _NULL,
    name: ColumnElement[Any] = _TEXT,
    label: ColumnElement[Any] = _TEXT,
) -> Select[Any]:
    return select(literal_column(f"'{what}'"), name, label, cast(x, Double), cast(y, Double))


_COUNTS = union_all(
    _piece("states", func.count(), name=_RECORDED.state).group_by(_RECORDED.state),
    _piece("coming", func.count(), func.min(_COMING.start)).where(_COMING.start > _NOW),
    _piece("alarms", func.count(), name=_ALARM.kind)
    .where(or_(_ALARM.ended.is_(None), _ALARM.ended > _NOW))
    .group_by(_ALARM.kind),
    _piece("upstreams", _UPSTREAM.checked, _UPSTREAM.failed, _UPSTREAM.name),
    _piece("untold", func.count()).select_from(_TABLES["outbox"]),
    _piece("figures", _FIGURE.value, name=_FIGURE.name, label=_FIGURE.label),
)
_DELIVERY = _TABLES["recorded_event"].outerjoin(_TABLES["upload"], _UPLOAD.uid == _RECORDED.uid)
# Whatever was deleted undelivered waits for nothing any more.
_HERE = or_(_UPLOAD.step.is_(None), _UPLOAD.step.not_in(_DELETED))
_OPEN = and_(_RECORDED.state.in_(_UNDELIVERED), _HERE)
_OLDEST = select(func.min(_RECORDED.start)).select_from(_DELIVERY).where(_OPEN)
_WAITING = (
    select(func.sum(_TRACK.size))
    .select_from(_DELIVERY.join(_TABLES["track"], _TRACK.uid == _RECORDED.uid))
    .where(_OPEN)
)
_FAILED = (
    select(func.count())
    .select_from(_DELIVERY)
    .where(_RECORDED.state == str(EventState.FAILED_UPLOADING), _HERE)
)
_BACKLOG = select(_OLDEST.scalar_subquery(), _WAITING.scalar_subquery(), _FAILED.scalar_subquery())
_SENDING = (
    select(_UPLOAD.bytes_sent, _UPLOAD.bytes_total, _UPLOAD.rate)
    .select_from(_TABLES["recorded_event"].join(_TABLES["upload"], _UPLOAD.uid == _RECORDED.uid))
    .where(_RECORDED.state == str(EventState.UPLOADING))
    .limit(1)
)
_LATEST = (
    select(_RECORDED.uid).where(_RECORDED.state.in_(_OVER)).order_by(_RECORDED.start.desc()).limit(_RECENT)
)
_TAKEN = (
    select(_TRACK.uid, func.sum(_TRACK.size), func.sum(_TRACK.duration))
    .where(_TRACK.uid.in_(_LATEST))
    .group_by(_TRACK.uid, _TRACK.input, _TRACK.flavor)
)


@dataclass(frozen=True)
class Backlog:
    """What is to be delivered; what was deleted undelivered is not."""

    size: int = 0
    """bytes"""
    oldest: float | None = None
    """start of the oldest recording that is not delivered"""
    failed: int = 0
    """how many recordings could not be delivered at the last try"""


@dataclass(frozen=True)
class Sending:
    """The delivery that is under way."""

    sent: int
    total: int
    rate: float
    """bytes per second"""


@dataclass(frozen=True)
class Survey:
    """What the database tells."""

    states: dict[str, int]
    upcoming: int
    following: float | None
    """start of the next event"""
    backlog: Backlog
    sending: Sending | None
    services: list[ServiceStatus]
    upstreams: list[Upstream]
    alarms: dict[str, int]
    untold: int
    """recording states that the server has still to be told"""
    rate: float
    """bytes per second that a recording takes, 0 where that is unknown"""
    figures: Figures


Execute = Callable[..., Any]


def look(session: Session, now: float, extra: Collection[str] = ()) -> Survey:
    """Count.

    :param extra: services that are enabled and that not everybody wants
    """
    execute: Execute = session.connection().execute
    pieces: dict[str, list[Any]] = {}
    for row in execute(_COUNTS, {"now": now}):
        pieces.setdefault(row[0], []).append(row)
    counts = {row[1]: int(row[3]) for row in pieces.get("states", ())}
    upcoming, following = pieces["coming"][0][3:]
    return Survey(
        states=counts,
        upcoming=int(upcoming),
        following=following,
        backlog=_backlog(execute) if any(counts.get(state) for state in _UNDELIVERED) else Backlog(),
        sending=_sending(execute) if counts.get(EventState.UPLOADING) else None,
        services=services.statuses(session, now, extra),
        upstreams=[
            Upstream(name, "", checked, failed) for _, name, _, checked, failed in pieces.get("upstreams", ())
        ],
        alarms={row[1]: int(row[3]) for row in pieces.get("alarms", ())},
        untold=int(pieces["untold"][0][3]),
        rate=_rate(execute(_TAKEN)) if counts else 0.0,
        figures={(row[1], row[2]): row[3] for row in pieces.get("figures", ())},
    )


def _backlog(execute: Execute) -> Backlog:
    oldest, size, failed = execute(_BACKLOG).one()
    return Backlog(int(size or 0), oldest, int(failed))


def _sending(execute: Execute) -> Sending | None:
    row = execute(_SENDING).first()
    return Sending(*row) if row else None


def _rate(rows: Iterable[Any]) -> float:
    """Return the bytes per second of the latest recordings, from rows of their inputs."""
    sizes: dict[str, int] = {}
    lengths: dict[str, float] = {}
    for uid, size, length in rows:
        sizes[uid] = sizes.get(uid, 0) + int(size or 0)
        lengths[uid] = max(lengths.get(uid, 0.0), length or 0.0)
    return mean_rate((size, lengths[uid]) for uid, size in sizes.items())
