"""Images of cameras, one at a time, and backgrounds."""

from typing import TYPE_CHECKING

from flask import Blueprint, Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.camera.room import cameras
from pyca.ui.imaging import parameters
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.looks import look, patience, picture, values_of
from pyca.ui.imaging.received import read_image
from pyca.ui.imaging.room import slow

if TYPE_CHECKING:
    from pyca.images.image import Image

blueprint = Blueprint("pictures", __name__)


@blueprint.get(f"{BASE}/cam/<name>/image")
@slow
def image(name: str) -> Response:
    """Return the next image of a camera as PNG."""
    wanted = look()
    return picture(_shot(name), wanted)


@blueprint.get(f"{BASE}/cam/<name>/image_bytes")
@slow
def image_bytes(name: str) -> Response:
    """Return the values of the next image of a camera."""
    return fine(f"Image of camera {name}.", image=values_of(_shot(name)))


@blueprint.put(f"{BASE}/cam/background/<name>/image_bytes")
@needs(Scope.ADMIN)
@slow
def background(name: str) -> Response:
    """Keep an image that cameras can have as their background."""
    cameras().background(name, read_image())
    return fine(f"Background {name} was saved.")


def _shot(name: str) -> "Image":
    return cameras().snapshot(name, raw=parameters.flag("raw"), timeout=patience()).image
