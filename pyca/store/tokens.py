"""Keys for programs: ``pyca_<id>_<secret>``. Only a digest of each is stored, so it is shown once."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.lines import one_line
from pyca.store.database import affected, one_row
from pyca.store.tables import TokenRow

LONGEST_LABEL = 100
MOST_OF_ONE_OWNER = 100

_TEXT = re.compile(r"pyca_([0-9a-f]{12})_[0-9a-f]{64}", re.ASCII)

# Plain columns, and made once: this is asked with every request, and rows take three times as long.
_COLUMNS = TokenRow.__table__.columns
_FIND = select(
    *(_COLUMNS[name] for name in ("digest", "id", "owner", "label", "scope", "created", "expires", "used"))
).where(_COLUMNS["id"] == bindparam("wanted"))


@dataclass(frozen=True)
class Token:
    """What is known about a key; the key itself is not."""

    id: str
    owner: str
    label: str
    scope: Scope
    """what it may do at most; never more than its owner"""
    created: float
    expires: float | None
    used: float | None
    """its last use, give or take some minutes"""

    def is_over(self, now: float) -> bool:
        """Tell whether its time is over."""
        return self.expires is not None and now >= self.expires


def make(
    session: Session, owner: str, scope: Scope, now: float, *, label: str = "", expires: float | None = None
) -> tuple[Token, str]:
    """Store a new token; return it with the text that opens the door, which nobody can find out later.

    :param expires: seconds since 1970, None where it lasts until it is revoked
    :raises UsageError: where its owner has too many, or its end is over
    """
    if expires is not None and expires <= now:
        raise UsageError("the token would have ended already", "give a later end")
    if len(listing(session, owner)) >= MOST_OF_ONE_OWNER:
        raise UsageError(f"“{owner}” has {MOST_OF_ONE_OWNER} tokens", "revoke those that are not used")
    id_ = secrets.token_hex(6)
    text = f"pyca_{id_}_{secrets.token_hex(32)}"
    row = TokenRow(
        id=id_,
        digest=_digest(text),
        owner=owner,
        label=one_line(label, LONGEST_LABEL),
        scope=str(scope),
        created=now,
        expires=expires,
        used=None,
    )
    session.add(row)
    session.flush()
    return _token(row), text


def find(session: Session, text: str, now: float) -> Token | None:
    """Return the token that a text is, None where it is none, revoked or over.

    :param text: whatever somebody sent
    """
    form = _TEXT.fullmatch(text)
    row = one_row(session, _FIND, form[1]) if form else None
    if row is None or not hmac.compare_digest(row[0], _digest(text)):
        return None
    token = Token(row[1], row[2], row[3], Scope(row[4]), *row[5:])
    return None if token.is_over(now) else token


def listing(session: Session, owner: str | None = None) -> list[Token]:
    """Return the tokens of an owner, or all of them, the newest first."""
    query = select(TokenRow).order_by(TokenRow.created.desc(), TokenRow.id)
    if owner is not None:
        query = query.where(TokenRow.owner == owner)
    return [_token(row) for row in session.scalars(query)]


def revoke(session: Session, id_: str, owner: str | None = None) -> bool:
    """Make a token worthless; tell whether there was one.

    :param owner: whose it has to be, None where that does not matter
    """
    if not re.fullmatch("[0-9a-f]{12}", id_):
        return False
    query = delete(TokenRow).where(TokenRow.id == id_)
    if owner is not None:
        query = query.where(TokenRow.owner == owner)
    return affected(session, query) > 0


def revoke_all(session: Session, owner: str) -> int:
    """Make all tokens of an owner worthless; return how many there were."""
    return affected(session, delete(TokenRow).where(TokenRow.owner == owner))


def note_use(session: Session, id_: str, now: float) -> None:
    """Remember when a token was used."""
    session.execute(update(TokenRow).where(TokenRow.id == id_).values(used=now))


def _digest(text: str) -> str:
    # 256 random bits cannot be guessed, so nothing is gained by making each guess slow.
    return hashlib.sha256(text.encode()).hexdigest()


def _token(row: TokenRow) -> Token:
    return Token(row.id, row.owner, row.label, Scope(row.scope), row.created, row.expires, row.used)
