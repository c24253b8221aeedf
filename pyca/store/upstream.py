"""What is known about things outside: calendar tag, server reachable or not, last registration."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from pyca.store.tables import UpstreamRow


@dataclass(frozen=True)
class Upstream:
    """The state of one thing outside."""

    name: str
    value: str = ""
    checked: float | None = None
    """last success, seconds since 1970 UTC"""
    failed: float | None = None
    """since when it fails, None while it works"""
    error: str = ""


def get(session: Session, name: str) -> Upstream:
    """Return what is known, empty where nothing is."""
    row = session.get(UpstreamRow, name)
    return Upstream(name, row.value, row.checked, row.failed, row.error) if row else Upstream(name)


def succeeded(session: Session, name: str, now: float, value: str | None = None) -> None:
    """Note a success, and a new value where one came."""
    row = _row(session, name)
    row.checked, row.failed, row.error = now, None, ""
    if value is not None:
        row.value = value


def failed(session: Session, name: str, now: float, error: str) -> None:
    """Note a failure; the moment of the first one in a row is kept."""
    row = _row(session, name)
    row.failed = row.failed or now
    row.error = error


def forget(session: Session, name: str) -> None:
    """Drop what is known about something that is not used any more."""
    row = session.get(UpstreamRow, name)
    if row is not None:
        session.delete(row)


def _row(session: Session, name: str) -> UpstreamRow:
    row = session.get(UpstreamRow, name)
    if row is None:
        row = UpstreamRow(name=name, value="", error="")
        session.add(row)
    return row
