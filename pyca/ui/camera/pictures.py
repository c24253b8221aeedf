"""Images of cameras, one at a time, and backgrounds."""

from flask import Blueprint, Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.camera.room import cameras
from pyca.ui.imaging import parameters
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.looks import look, values_of
from pyca.ui.imaging.received import read_image
from pyca.ui.imaging.room import slow

blueprint = Blueprint("pictures", __name__)

LONGEST_WAIT = 60.0
"""seconds"""


@blueprint.get(f"{BASE}/cam/<name>/image")
@slow
def image(name: str) -> Response:
    """Return the next image of a camera as PNG."""
    from pyca.images import pictures as images

    wanted = look()
    shot = cameras().snapshot(name, raw=parameters.flag("raw"), timeout=_timeout())
    return Response(images.png(shot.image, **wanted), content_type="image/png")


@blueprint.get(f"{BASE}/cam/<name>/image_bytes")
@slow
def image_bytes(name: str) -> Response:
    """Return the values of the next image of a camera."""
    shot = cameras().snapshot(name, raw=parameters.flag("raw"), timeout=_timeout())
    return fine(f"Image of camera {name}.", image=values_of(shot.image))


@blueprint.put(f"{BASE}/cam/background/<name>/image_bytes")
@needs(Scope.ADMIN)
@slow
def background(name: str) -> Response:
    """Keep an image that cameras can have as their background."""
    cameras().background(name, read_image())
    return fine(f"Background {name} was saved.")


def _timeout() -> float:
    return parameters.positive("timeout", LONGEST_WAIT) or 10.0
