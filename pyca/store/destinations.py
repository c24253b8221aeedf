"""Where streams are sent to. The one called “main” always exists."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from pyca.core.errors import UsageError
from pyca.core.live import MAIN, Destination
from pyca.store.live_tables import DestinationRow

MOST = 16
"""Destinations that one streamer serves, the main one among them."""


def listed(session: Session, first: Destination) -> list[Destination]:
    """Return all destinations, the main one first.

    :param first: the main one where nobody has set it yet; it comes from the configuration
    """
    rows = session.scalars(select(DestinationRow).order_by(DestinationRow.position, DestinationRow.id))
    found = [_destination(row) for row in rows]
    return found if any(one.id == MAIN for one in found) else [first, *found]


def get(session: Session, name: str, first: Destination) -> Destination | None:
    """Return a destination by its id.

    :param first: as in :func:`listed`
    """
    return next((one for one in listed(session, first) if one.id == name), None)


def save(session: Session, one: Destination) -> None:
    """Store a destination, a new one at the end.

    :raises UsageError: where there are too many
    """
    row = session.get(DestinationRow, one.id)
    if row is None:
        others = select(func.count()).select_from(DestinationRow).where(DestinationRow.id != MAIN)
        # The main one has its place in any case, also while it is that of the configuration.
        count = 1 + (session.scalar(others) or 0)
        if count >= MOST and one.id != MAIN:
            raise UsageError(f"there are {count} destinations already", "remove one of them first")
        last = session.scalar(select(func.max(DestinationRow.position))) or 0
        row = DestinationRow(id=one.id, position=0 if one.id == MAIN else last + 1)
        session.add(row)
    row.label, row.url, row.key = one.label, one.url, one.key
    row.backup, row.wanted = one.backup, one.wanted


def remove(session: Session, name: str) -> bool:
    """Forget a destination; the main one is emptied.

    :return: False where there is none
    """
    if name == MAIN:
        save(session, Destination(MAIN))
        return True
    row = session.get(DestinationRow, name)
    if row is not None:
        session.delete(row)
        session.flush()
    return row is not None


def _destination(row: DestinationRow) -> Destination:
    return Destination(row.id, row.url, row.key, row.label, row.backup, row.wanted)
