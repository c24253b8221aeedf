"""The application of the camera server: its interface for programs, streams, figures, and a page."""

from flask import Flask

from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.states import ServiceName
from pyca.store.database import Database
from pyca.ui import health
from pyca.ui.application import furnish, zone_of
from pyca.ui.camera import cam, figures, page, pictures, scripts, streams
from pyca.ui.camera import description as described
from pyca.ui.context import Context
from pyca.ui.imaging import access, envelope, logs
from pyca.ui.imaging.bodies import LONGEST_JSON
from pyca.ui.imaging.room import attach, make_room
from pyca.ui.outage import Outage
from pyca.ui.pages import login
from pyca.ui.view.previews import Previews

FACES = (cam, pictures, streams, scripts, logs, described, figures, page, health, login)
"""Modules with a blueprint each."""


def create_camera_app(
    settings: Settings, database: Database, clock: Clock, cameras: Cameras, is_local: bool = True
) -> Flask:
    """Make the application. It opens no connection and starts no thread.

    :param settings: ``[camera]`` and the users of ``[ui]``
    :param database: with its tables in place
    :param cameras: started already
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
        service=ServiceName.CAMERA,
        refuse=envelope.refusal,
    )
    attach(app, make_room(cameras, settings.camera.origins))
    door = access.door_for(settings.camera.authentication, is_local=is_local)
    access.register(app, door, is_local=is_local)
    furnish(app, here, door(settings, database, clock), [face.blueprint for face in FACES])
    app.config.update(MAX_CONTENT_LENGTH=LONGEST_JSON)
    # There is one list; its pages lead back to it themselves.
    app.context_processor(lambda: {"navigation": ()})
    envelope.register(app)
    return app
