"""Logins: browsers in which somebody has typed a password. The cookie holds a secret, the row its digest."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.orm import Session

from pyca.core.lines import one_line
from pyca.store.database import affected, one_row
from pyca.store.tables import LoginRow

IDLE_SECONDS = 7 * 86_400.0
"""A login that nobody uses for so long is over."""
LONGEST_SECONDS = 30 * 86_400.0
"""No login lasts longer than this."""
MOST_OF_ONE_OWNER = 50
"""The oldest one ends where there are more."""

_SECRET = re.compile("[0-9a-f]{64}", re.ASCII)

# Plain columns, and made once: this is asked with every request, and rows take three times as long.
_COLUMNS = LoginRow.__table__.columns
_FIND = select(
    *(
        _COLUMNS[name]
        for name in ("digest", "owner", "stamp", "created", "seen", "expires", "address", "program")
    )
).where(_COLUMNS["digest"] == bindparam("wanted"))


@dataclass(frozen=True)
class Login:
    """A browser that is logged in."""

    id: str
    """names it to people; the secret cannot be found out from it"""
    owner: str
    stamp: str = field(repr=False)
    created: float
    seen: float
    """last use, give or take some minutes"""
    expires: float
    address: str = ""
    program: str = ""
    """what the browser calls itself"""

    def is_over(self, now: float) -> bool:
        """Tell whether it has lasted, or was left alone, for too long."""
        return now >= self.expires or now - self.seen >= IDLE_SECONDS


def stamp(secret: str, proof: str) -> str:
    """Return what ties a login to the present password of its owner.

    :param secret: of the login; without it the stored stamp tells nothing about a short password
    :param proof: the password's hash, or the password where the configuration holds it
    """
    return hmac.new(secret.encode(), b"pyca login\0" + proof.encode(), hashlib.sha256).hexdigest()


def start(
    session: Session, owner: str, proof: str, now: float, *, address: str = "", program: str = ""
) -> tuple[Login, str]:
    """Store a new login; return it with the secret for the cookie.

    :param proof: as for :func:`stamp`
    """
    sweep(session, now)
    for old in listing(session, owner, now)[MOST_OF_ONE_OWNER - 1 :]:
        end(session, old.id)
    secret = secrets.token_hex(32)
    row = LoginRow(
        digest=_digest(secret),
        owner=owner,
        stamp=stamp(secret, proof),
        created=now,
        seen=now,
        expires=now + LONGEST_SECONDS,
        address=one_line(address, 60),
        program=one_line(program, 200),
    )
    session.add(row)
    session.flush()
    return _login(row), secret


def find(session: Session, secret: str, now: float) -> Login | None:
    """Return the login of a secret, None where there is none any more.

    :param secret: whatever somebody sent
    """
    if not _SECRET.fullmatch(secret):
        return None
    row = one_row(session, _FIND, _digest(secret))
    login = Login(*row) if row is not None else None
    return None if login is None or login.is_over(now) else login


def listing(session: Session, owner: str | None, now: float) -> list[Login]:
    """Return the logins of somebody, or of all, the last used first."""
    query = select(LoginRow).order_by(LoginRow.seen.desc(), LoginRow.digest)
    if owner is not None:
        query = query.where(LoginRow.owner == owner)
    return [login for login in map(_login, session.scalars(query)) if not login.is_over(now)]


def end(session: Session, id_: str, owner: str | None = None) -> bool:
    """End one login; tell whether there was one.

    :param owner: whose it has to be, None where that does not matter
    """
    if not _SECRET.fullmatch(id_):
        return False
    query = delete(LoginRow).where(LoginRow.digest == id_)
    if owner is not None:
        query = query.where(LoginRow.owner == owner)
    return affected(session, query) > 0


def end_all(session: Session, owner: str) -> int:
    """End all logins of somebody; return how many there were."""
    return affected(session, delete(LoginRow).where(LoginRow.owner == owner))


def sweep(session: Session, now: float) -> int:
    """Drop the logins that are over; return how many there were."""
    over = or_(LoginRow.expires <= now, LoginRow.seen <= now - IDLE_SECONDS)
    return affected(session, delete(LoginRow).where(over))


def note_use(session: Session, id_: str, now: float) -> None:
    """Remember when a login was used."""
    session.execute(update(LoginRow).where(LoginRow.digest == id_).values(seen=now))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _login(row: LoginRow) -> Login:
    return Login(
        row.digest, row.owner, row.stamp, row.created, row.seen, row.expires, row.address, row.program
    )
