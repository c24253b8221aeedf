"""Accounts: who may log in, and with which right. A password is kept as an scrypt hash only."""

import re
import secrets
import unicodedata
from dataclasses import dataclass, field

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.security import check_password_hash, generate_password_hash

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.store import logins, tokens
from pyca.store.database import Database, one_row
from pyca.store.tables import AccountRow

SHORTEST_PASSWORD = 8
"""characters"""
LONGEST_PASSWORD = 1024
"""bytes; hashing longer ones would only keep the machine busy"""

_NAME = re.compile(r"[\w.@+-]{1,100}")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""What cannot be mistaken for another sign when somebody copies it by hand."""

# Plain columns, and made once: this is asked with every request, and rows take three times as long.
_COLUMNS = AccountRow.__table__.columns
_FIND = select(*(_COLUMNS[name] for name in ("name", "scope", "password", "created", "changed"))).where(
    _COLUMNS["name"] == bindparam("wanted")
)


@dataclass(frozen=True)
class Account:
    """Somebody who may log in."""

    name: str
    scope: Scope
    hash: str = field(repr=False)
    created: float
    changed: float
    """when the password was set"""


def check_name(name: str) -> str:
    """Return a name as it is stored.

    :raises UsageError: where it cannot be one
    """
    whole = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(whole):
        raise UsageError(
            f"{name[:100]!r} cannot be the name of a user",
            "take up to 100 letters, digits and the signs . _ - + @",
        )
    return whole


def hash_password(password: str) -> str:
    """Return the hash of a new password.

    :raises UsageError: where the password is too short, too long or holds a NUL
    """
    if len(password) < SHORTEST_PASSWORD:
        raise UsageError(f"the password is too short: it needs {SHORTEST_PASSWORD} characters or more")
    if not hashable(password):
        raise UsageError(f"the password may have {LONGEST_PASSWORD} bytes at most, and no NUL")
    return generate_password_hash(password, method="scrypt")


def hashable(password: str) -> bool:
    """Tell whether a password is one that could have been stored."""
    return "\0" not in password and len(password.encode(errors="replace")) <= LONGEST_PASSWORD


def verify(stored: str, password: str) -> bool:
    """Tell whether a password belongs to a hash. It takes about a tenth of a second, on purpose."""
    return check_password_hash(stored, password)


def generate_password() -> str:
    """Return a password of 16 signs that nobody guesses, in groups so that it can be typed."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def add(session: Session, name: str, hashed: str, scope: Scope, now: float) -> Account:
    """Store a new account.

    :param hashed: from :func:`hash_password`
    :raises UsageError: where there is one of this name
    """
    name = check_name(name)
    if session.get(AccountRow, name) is not None:
        raise UsageError(f"there is a user “{name}” already", f"“pyca user passwd {name}” sets the password")
    return _insert(session, name, hashed, scope, now)


def add_first(database: Database, name: str, hashed: str, scope: Scope, now: float) -> bool:
    """Store an account where there is none at all, however many processes try that at once.

    :return: True where this call has made it
    """
    try:
        with database.write() as session:
            if exists(session):
                return False
            _insert(session, name, hashed, scope, now)
    except IntegrityError:
        # Another process was faster; on PostgreSQL the two did not see each other's row.
        return False
    return True


def set_password(session: Session, name: str, hashed: str, now: float) -> None:
    """Give an account another password; it ends all logins with the old one.

    :raises UsageError: where there is no such account
    """
    row = _row(session, name)
    row.password, row.changed = hashed, now
    logins.end_all(session, row.name)


def set_scope(session: Session, name: str, scope: Scope) -> None:
    """Give an account another right; it counts at once.

    :raises UsageError: where there is no such account
    """
    _row(session, name).scope = str(scope)


def delete(session: Session, name: str) -> tuple[int, int]:
    """Drop an account with its tokens and logins; return how many of each there were.

    :raises UsageError: where there is no such account
    """
    row = _row(session, name)
    session.delete(row)
    return _forget(session, row.name)


def get(session: Session, name: str) -> Account | None:
    """Return the account of a name, which may be anything that somebody typed."""
    whole = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(whole):
        return None
    found = one_row(session, _FIND, whole)
    return Account(found[0], Scope(found[1]), *found[2:]) if found else None


def listing(session: Session) -> list[Account]:
    """Return all accounts by name."""
    return [_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))]


def exists(session: Session) -> bool:
    """Tell whether there is any account."""
    return session.execute(select(AccountRow.name).limit(1)).first() is not None


def _insert(session: Session, name: str, hashed: str, scope: Scope, now: float) -> Account:
    # Whoever had this name before must not come in with what was theirs.
    _forget(session, name)
    row = AccountRow(name=name, password=hashed, scope=str(scope), created=now, changed=now)
    session.add(row)
    session.flush()
    return _account(row)


def _forget(session: Session, name: str) -> tuple[int, int]:
    return tokens.revoke_all(session, name), logins.end_all(session, name)


def _row(session: Session, name: str) -> AccountRow:
    whole = unicodedata.normalize("NFC", name)
    row = session.get(AccountRow, whole) if _NAME.fullmatch(whole) else None
    if row is None:
        raise UsageError(f"there is no user {name[:100]!r}", "“pyca user list” shows who there is")
    return row


def _account(row: AccountRow) -> Account:
    return Account(row.name, Scope(row.scope), row.password, row.created, row.changed)
