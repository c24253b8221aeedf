"""Serves the camera server's interface."""

from functools import partial

from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui.camera.app import create_camera_app
from pyca.ui.connections import Limits
from pyca.ui.imaging.server import LIMITS, ImagingServer


def camera_server(
    settings: Settings, database: Database, clock: Clock, cameras: Cameras, limits: Limits = LIMITS
) -> ImagingServer:
    """Return the server of the cameras' interface, not yet started.

    :param settings: ``[camera]`` and the users of ``[ui]``
    :param database: with its tables in place
    :param cameras: started already, and closed by whoever made them
    :param limits: of its connections
    """
    create = partial(create_camera_app, settings, database, clock, cameras)
    return ImagingServer("camera", settings.camera, settings, database, create, limits)
