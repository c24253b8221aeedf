"""The application of the camera server or of the pipeline server: all that both have."""

from collections.abc import Iterable

from flask import Blueprint, Flask

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.states import ServiceName
from pyca.store.database import Database
from pyca.ui import health
from pyca.ui.application import furnish, zone_of
from pyca.ui.context import Context
from pyca.ui.imaging import access, common, configurations, description, envelope, figures, logs, scripts
from pyca.ui.imaging.bodies import LONGEST_JSON
from pyca.ui.imaging.room import Room, attach
from pyca.ui.outage import Outage
from pyca.ui.pages import login
from pyca.ui.view.previews import Previews

BELOW = (configurations, common, scripts)
"""Modules whose addresses are below those of the cameras or pipelines."""
BESIDE = (common.outside, logs.blueprint, description.blueprint, figures.blueprint, health.blueprint)


def create_imaging_app(
    settings: Settings,
    database: Database,
    clock: Clock,
    room: Room,
    faces: Iterable[Blueprint],
    *,
    below: str,
    is_local: bool,
) -> Flask:
    """Make the application. It opens no connection and starts no thread.

    :param settings: the users of ``[ui]``
    :param database: with its tables in place
    :param room: of the cameras or pipelines
    :param faces: what they alone answer
    :param below: the address of the cameras or pipelines
    :param is_local: True where it listens on loopback alone
    """
    app = Flask("pyca.ui", static_url_path="/-/static")
    # An address with two slashes names nothing, and a redirection is no answer for a program.
    app.url_map.merge_slashes = False
    here = Context(
        settings,
        database,
        clock,
        zone_of(settings),
        Previews(()),
        Outage(clock),
        service=ServiceName(room.noun),
        refuse=envelope.refusal,
    )
    attach(app, room)
    door = access.door_for(room.section.authentication, is_local=is_local)
    access.register(app, door, is_local=is_local)
    furnish(app, here, door(settings, database, clock), (*faces, *BESIDE, login.blueprint))
    for module in BELOW:
        app.register_blueprint(module.blueprint, url_prefix=below)
    app.config.update(MAX_CONTENT_LENGTH=LONGEST_JSON)
    # There is one list; its pages lead back to it themselves.
    app.context_processor(lambda: {"navigation": ()})
    envelope.register(app)
    return app
