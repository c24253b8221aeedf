"""What is wanted of the streamer, and how it does."""

from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from pyca.core.live import (
    RESOLUTIONS,
    LinkReport,
    LinkState,
    LiveReport,
    LiveState,
    Profile,
    Program,
    Setup,
    Source,
)
from pyca.store.database import insert_into
from pyca.store.live_tables import LiveReportRow, SetupRow

_ONLY = 1
"""id of the row, of which there is one"""
_NOTHING: dict[str, Any] = {
    "profile": {},
    "source": {},
    "wanted": False,
    "blind": False,
    "share": "",
    "changed": 0.0,
    "orders": 0,
    "stopped": 0.0,
    "restarts": {},
}
"""the row before anything was set: what is empty comes from the configuration"""
T = TypeVar("T")


def setup(session: Session, first: Setup, *, held: bool = False) -> Setup:
    """Return what is wanted.

    :param first: what counts of what nobody has set yet; it comes from the configuration
    :param held: nobody else changes it before the transaction ends
    """
    row = _held(session) if held else session.get(SetupRow, _ONLY)
    if row is None:
        return first
    return Setup(
        profile=made(Profile, row.profile, first.profile),
        source=made(Source, row.source, first.source),
        wanted=row.wanted,
        blind=row.blind,
        share=row.share,
        changed=row.changed,
        orders=row.orders,
        stopped=row.stopped,
        restarts=row.restarts,
    )


def profile(session: Session) -> Profile | None:
    """Return how pictures and sound are sent; None where the configuration's values count."""
    row = session.get(SetupRow, _ONLY)
    if row is None or not row.profile:
        return None
    found = made(Profile, row.profile, Profile())
    return found if found.resolution in RESOLUTIONS else None


def change_profile(session: Session, profile: Profile, now: float) -> None:
    """Store how pictures and sound are sent; the configuration's values count no longer."""
    row = _held(session, now)
    row.profile = asdict(profile)


def change_source(session: Session, source: Source, now: float) -> None:
    """Store where pictures come from; the configuration's values count no longer."""
    row = _held(session, now)
    row.source = asdict(source)


def order(session: Session, now: float, *, wanted: bool) -> int:
    """Store that somebody said start or stop; return the number of this order."""
    row = _held(session, now)
    row.wanted = wanted
    row.orders += 1
    if not wanted:
        row.stopped = now
    return row.orders


def give_up(session: Session, orders: int, now: float) -> None:
    """Want no stream any longer, unless somebody has said something since.

    :param orders: the number of the last order that was carried out
    """
    row = _held(session, now)
    if row.orders == orders:
        row.wanted = False


def blind(session: Session, now: float, *, on: bool) -> None:
    """Store whether the standby picture is wanted in place of all others."""
    row = _held(session, now)
    row.blind = on


def share(session: Session, secret: str, now: float) -> None:
    """Store the secret part of the player page's address, empty for none."""
    row = _held(session, now)
    row.share = secret


def restart(session: Session, destination: str, now: float) -> None:
    """Store that one destination is to be restarted."""
    row = _held(session, now)
    row.restarts = {**row.restarts, destination: row.restarts.get(destination, 0) + 1}


def forget(session: Session, destination: str, now: float) -> None:
    """Store that one destination was removed: how often it was restarted is of no interest any more."""
    row = _held(session, now)
    row.restarts = {name: count for name, count in row.restarts.items() if name != destination}


def touch(session: Session, now: float) -> None:
    """Store that something was changed that is kept elsewhere."""
    _held(session, now)


def report(session: Session) -> LiveReport:
    """Return how the streamer did when it last told; see ``at``."""
    row = session.get(LiveReportRow, _ONLY)
    if row is None:
        return LiveReport()
    values = dict(row.report)
    links = tuple(_link(values_of) for values_of in values.pop("links", ()))
    told = made(LiveReport, values, LiveReport())
    return LiveReport(
        **{
            **shallow(told),
            "state": LiveState(told.state),
            "program": Program(told.program),
            "links": links,
            "at": row.at,
        }
    )


def reported_orders(session: Session) -> int:
    """Return the number of the last order that the streamer knew of when it last told."""
    row = session.get(LiveReportRow, _ONLY)
    return 0 if row is None else row.orders


def save_report(session: Session, told: LiveReport, orders: int) -> None:
    """Store how the streamer does.

    :param orders: the number of the last order that was carried out
    """
    session.merge(LiveReportRow(id=_ONLY, at=told.at, orders=orders, report=asdict(told)))


def made(cls: type[T], values: dict[str, Any], default: T) -> T:
    """Return a dataclass from stored values; names that only another version knows are passed over."""
    usual = shallow(default)
    return cls(**{**usual, **{name: value for name, value in values.items() if name in usual}})


def shallow(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _held(session: Session, now: float | None = None) -> SetupRow:
    """Return the row of what is wanted, which nobody else changes before the transaction ends.

    :param now: the moment of a change, None where it is only looked at
    """
    row = session.get(SetupRow, _ONLY, with_for_update=True)
    if row is None:
        fresh = insert_into(session, SetupRow).values(id=_ONLY, **_NOTHING)
        session.execute(fresh.on_conflict_do_nothing())
        row = session.get_one(SetupRow, _ONLY, with_for_update=True)
    if now is not None:
        row.changed = now
    return row


def _link(values: dict[str, Any]) -> LinkReport:
    told = made(LinkReport, values, LinkReport("", ""))
    return LinkReport(**{**shallow(told), "state": LinkState(told.state)})
