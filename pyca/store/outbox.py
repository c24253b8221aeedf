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


def post(session: Session, uid: str, state: RecordingState, now: float) -> None:
    """Add a state that a recording has entered; a loop that led back to it need not be told any more.

    A delivery that is tried again and again while the server is away thus leaves two messages and not
    thousands: what is still to be told is the way to the present state without its detours.
    """
    same = select(func.min(OutboxRow.id)).where(OutboxRow.uid == uid, OutboxRow.state == str(state))
    first = session.scalar(same)
    if first is not None:
        session.execute(delete(OutboxRow).where(OutboxRow.uid == uid, OutboxRow.id >= first))
    session.add(OutboxRow(uid=uid, state=str(state), created=now))


def remove(session: Session, message: Message) -> None:
    """Take a message out, after the server has confirmed it.

    Its number is not enough: the database gives that of a message that was dropped to the next one.
    """
    same = (
        OutboxRow.id == message.id,
        OutboxRow.uid == message.uid,
        OutboxRow.state == str(message.state),
        OutboxRow.created == message.created,
    )
    session.execute(delete(OutboxRow).where(*same))


def clear(session: Session) -> None:
    """Drop all messages; for agents that have no server to tell."""
    session.execute(delete(OutboxRow))
