"""Recording states that the server has still to be told, in order. Survives restarts and outages."""

from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from pyca.core.states import RecordingState
from pyca.store.tables import OutboxRow


@dataclass(frozen=True)
class Message:
    """One state of one recording."""

    id: int
    uid: str
    state: RecordingState
    created: float


def pending(session: Session, limit: int = 50) -> list[Message]:
    """Return the oldest messages."""
    rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id).limit(limit))
    return [Message(row.id, row.uid, RecordingState(row.state), row.created) for row in rows]


def count(session: Session) -> int:
    """Return how many messages wait."""
    return session.scalar(select(func.count()).select_from(OutboxRow)) or 0


def remove(session: Session, message: int) -> None:
    """Take a message out, after the server has confirmed it."""
    session.execute(delete(OutboxRow).where(OutboxRow.id == message))


def clear(session: Session) -> None:
    """Drop all messages; for agents that have no server to tell."""
    session.execute(delete(OutboxRow))
