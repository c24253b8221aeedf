"""The first account: a page that nobody can open helps nobody, and a published password protects nothing."""

import sys
from typing import TextIO

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.clock import Clock
from pyca.store import accounts
from pyca.store.database import Database

NAME = "admin"


def ensure_somebody(
    settings: Settings, database: Database, clock: Clock, address: str, out: TextIO | None = None
) -> bool:
    """Make an account with a password of its own where nobody could log in; say so, this once.

    :param address: where the page is
    :param out: by default stderr: the terminal, or the journal under systemd. The configured log, which may
        be sent elsewhere, never gets it
    :return: True where it was made
    """
    if settings.ui.password:
        return False
    with database.read() as session:
        if accounts.exists(session):
            return False
    password = accounts.generate_password()
    hashed = accounts.hash_password(password)
    if not accounts.add_first(database, NAME, hashed, Scope.ADMIN, clock.now()):
        return False
    told = out or sys.stderr
    told.write(
        "\n"
        "  The page has a user now. The password is shown this once:\n\n"
        f"    page      {address}\n"
        f"    user      {NAME}\n"
        f"    password  {password}\n\n"
        f"  Change it on the page, or with “pyca user passwd {NAME}”.\n\n"
    )
    told.flush()
    return True
