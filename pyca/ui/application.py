"""The Flask application: one factory, one blueprint per face."""

from datetime import tzinfo
from zoneinfo import ZoneInfo

from flask import Flask

from pyca import __version__
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui import errors, frame, words
from pyca.ui.access import guard
from pyca.ui.context import Context, attach
from pyca.ui.faces import FACES
from pyca.ui.outage import Outage
from pyca.ui.view.previews import Previews, preview_files

LARGEST_REQUEST = 64 * 1024
"""Bytes; our forms hold a title and a few numbers."""


def create_app(settings: Settings, database: Database, clock: Clock) -> Flask:
    """Make the application. It opens no connection and starts no thread.

    :param settings: user, password, inputs and previews among them
    :param database: with its tables in place
    """
    app = Flask(__name__)
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    previews = Previews(preview_files(settings))
    attach(app, Context(settings, database, clock, _zone(settings), previews, Outage(clock)))
    guard.protect(app, settings, database, clock)
    errors.register(app)
    words.register(app)
    frame.register(app)
    app.jinja_env.globals.update(agent=settings.agent.name or "pyCA", version=__version__)
    for face in FACES:
        app.register_blueprint(face.blueprint)
    return app


def _zone(settings: Settings) -> tzinfo | None:
    """Return the agent's time zone; one that the configuration does not name is the machine's."""
    name = settings.agent.timezone
    return ZoneInfo(name) if name else None
