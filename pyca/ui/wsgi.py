"""The application as WSGI servers load it: settings from the file, the database ready, errors in one line."""

import os
import sys
from pathlib import Path

from flask import Flask

from pyca.config import find_file, load
from pyca.core.clock import SystemClock
from pyca.core.errors import PycaError
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.access.first import ensure_somebody
from pyca.ui.application import create_app


def load_app() -> Flask:
    """Make the application from the configuration file, ``PYCA_CONFIG`` or the usual places.

    :raises SystemExit: with the exit code of the error, after its message was written
    """
    named = os.environ.get("PYCA_CONFIG")
    try:
        settings = load(find_file(Path(named) if named else None, Path.cwd()), os.environ)
        database = Database(settings.agent.database)
        ensure(database)
        ensure_somebody(settings, database, SystemClock(), settings.ui.url)
    except PycaError as error:
        # An exception would reach the operator as forty lines of the server's traceback.
        sys.stderr.write(f"pyca: {error}\n")
        raise SystemExit(error.exit_code) from None
    # The server may fork now; a connection must not be shared between processes.
    database.dispose()
    return create_app(settings, database, SystemClock())
