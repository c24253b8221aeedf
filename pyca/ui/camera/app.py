"""The application of the camera server: its interface for programs, streams, figures, and a page."""

from flask import Flask

from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui.camera import cam, page, pictures, streams
from pyca.ui.camera.description import description
from pyca.ui.imaging.app import create_imaging_app
from pyca.ui.imaging.envelope import BASE
from pyca.ui.imaging.room import make_room

FACES = (cam, pictures, streams, page)
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
    room = make_room(cameras, "camera", settings.camera, description)
    faces = [face.blueprint for face in FACES]
    return create_imaging_app(settings, database, clock, room, faces, below=f"{BASE}/cam", is_local=is_local)
