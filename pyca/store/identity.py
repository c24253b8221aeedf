"""Which database is this? Services that remember things notice when another one has taken its place."""

from dataclasses import dataclass
from uuid import uuid4

from sqlalchemy.orm import Session

from pyca.store import upstream
from pyca.store.tables import UpstreamRow

_NAME = "database"
_SEARCHED = "folders"


@dataclass(frozen=True)
class Identity:
    """What is known about the database itself."""

    id: str
    """differs between any two databases; empty where it was made by a pyCA that knew of none"""
    history: str
    """what became of the database before this one, empty where there was none"""
    created: float
    """when it was made; what was over before is nothing that it could know"""
    searched: bool
    """True once the folders of recordings were searched for what it does not know"""


def create(session: Session, history: str, now: float) -> None:
    """Give a new database its identity; one that has it keeps it."""
    if session.get(UpstreamRow, _NAME) is None:
        session.add(UpstreamRow(name=_NAME, value=uuid4().hex, error=history, checked=now))


def get(session: Session) -> Identity:
    """Return the identity of the database."""
    found, searched = upstream.get(session, _NAME), upstream.get(session, _SEARCHED)
    return Identity(found.value, found.error, found.checked or 0.0, searched.checked is not None)


def note_searched(session: Session, now: float, id_: str | None = None) -> None:
    """Note that the folders of recordings were searched.

    :param id_: the database that this was done for; None for whichever it is
    """
    if id_ in (None, get(session).id):
        upstream.succeeded(session, _SEARCHED, now)
