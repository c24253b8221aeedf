"""Who there is: the user that the configuration names, and the accounts of the database."""

import hmac
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from pyca.config.settings import Ui
from pyca.core.access import Scope
from pyca.store import accounts
from pyca.store.database import Database


@dataclass(frozen=True)
class Known:
    """Somebody who may come in."""

    name: str
    scope: Scope
    proof: str = field(repr=False)
    """the password's hash; for the configured user the password itself"""
    configured: bool = False
    """True for the user of ``[ui]``, whose password stands in the configuration"""


def known(database: Database, ui: Ui, name: str) -> Known | None:
    """Return who has a name. An account of the same name as the configured user does not count.

    :param name: whatever somebody sent
    """
    if _is_configured(ui, name):
        # Whatever becomes of the database, this user comes in.
        return Known(ui.username, Scope.ADMIN, ui.password, configured=True)
    with database.read() as session:
        return known_to(session, ui, name)


def known_to(session: Session, ui: Ui, name: str) -> Known | None:
    """Return the same within a session that is open anyway."""
    if _is_configured(ui, name):
        return Known(ui.username, Scope.ADMIN, ui.password, configured=True)
    account = accounts.get(session, name)
    return Known(account.name, account.scope, account.hash) if account else None


def _is_configured(ui: Ui, name: str) -> bool:
    return bool(ui.password) and hmac.compare_digest(name.encode(), ui.username.encode())
