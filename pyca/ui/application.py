"""The Flask application: one factory, one blueprint per face."""

from collections.abc import Iterable
from datetime import tzinfo
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, request
from werkzeug.exceptions import NotFound

from pyca import __version__
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui import errors, frame, words
from pyca.ui.access import guard
from pyca.ui.access.door import Door
from pyca.ui.api.area import is_api
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
    previews = Previews(preview_files(settings))
    here = Context(settings, database, clock, zone_of(settings), previews, Outage(clock))
    furnish(app, here, Door(settings, database, clock), [face.blueprint for face in FACES])
    return app


def furnish(app: Flask, here: Context, door: Door, blueprints: Iterable[Blueprint]) -> None:
    """Give an application all that ours share: who may come in, errors in words, the frame of the pages.

    :param blueprints: what it answers
    """
    app.config.update(MAX_CONTENT_LENGTH=LARGEST_REQUEST, MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    attach(app, here)
    guard.protect(app, door)
    app.before_request(_check_path)
    errors.register(app)
    words.register(app, here.settings)
    frame.register(app)
    app.jinja_env.globals.update(agent=here.settings.agent.name or "pyCA", version=__version__)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)


def _check_path() -> None:
    """Refuse an address that can name nothing of ours: PostgreSQL does not even look for a NUL.

    :raises NotFound: for such a page; the API says in its own words what there is not
    """
    if "\0" in request.path and not is_api(request.path):
        raise NotFound


def zone_of(settings: Settings) -> tzinfo | None:
    """Return the agent's time zone; one that the configuration does not name is the machine's."""
    name = settings.agent.timezone
    return ZoneInfo(name) if name else None
