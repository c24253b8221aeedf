"""What is wanted of the streamer, and how it does."""

from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from pyca.core.live import (
    LinkReport,
    LinkState,
    LiveReport,
    LiveState,
    Profile,
    Program,
    Setup,
    Source,
)
from pyca.store.tables import LiveReportRow, SetupRow

_ONLY = 1
"""id of the row, of which there is one"""
T = TypeVar("T")


def setup(session: Session, first: Setup) -> Setup:
    """Return what is wanted.

    :param first: what counts where nobody has set anything yet; it comes from the configuration
    """
    row = session.get(SetupRow, _ONLY)
    if row is None:
        return first
    return Setup(
        profile=made(Profile, row.profile, first.profile),
        source=made(Source, row.source, first.source),
        wanted=row.wanted,
        blind=row.blind,
        share=row.share,
        changed=row.changed,
    )


def save_setup(session: Session, wanted: Setup, now: float) -> None:
    """Store what is wanted from now on."""
    session.merge(
        SetupRow(
            id=_ONLY,
            profile=asdict(wanted.profile),
            source=asdict(wanted.source),
            wanted=wanted.wanted,
            blind=wanted.blind,
            share=wanted.share,
            changed=now,
        )
    )


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


def save_report(session: Session, told: LiveReport) -> None:
    """Store how the streamer does."""
    session.merge(LiveReportRow(id=_ONLY, at=told.at, report=asdict(told)))


def made(cls: type[T], values: dict[str, Any], default: T) -> T:
    """Return a dataclass from stored values; names that only another version knows are passed over."""
    usual = shallow(default)
    return cls(**{**usual, **{name: value for name, value in values.items() if name in usual}})


def shallow(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass as they are."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _link(values: dict[str, Any]) -> LinkReport:
    told = made(LinkReport, values, LinkReport("", ""))
    return LinkReport(**{**shallow(told), "state": LinkState(told.state)})
