"""The cameras that the views of the camera server work with."""

from pyca.camera.cameras import Cameras
from pyca.ui.imaging.room import room


def cameras() -> Cameras:
    """Return the cameras of the application that answers the present request."""
    found: Cameras = room().servant
    return found
