"""Images of cameras, one at a time, and backgrounds."""

import base64
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.camera import parameters
from pyca.ui.camera.bodies import LONGEST_ARRAY
from pyca.ui.camera.cam import BASE
from pyca.ui.camera.envelope import fine
from pyca.ui.camera.room import cameras, slow

blueprint = Blueprint("pictures", __name__)

LONGEST_WAIT = 60.0
"""seconds"""


@blueprint.get(f"{BASE}/cam/<name>/image")
@slow
def image(name: str) -> Response:
    """Return the next image of a camera as PNG."""
    from pyca.camera.image import images

    wanted = look()
    shot = cameras().snapshot(name, raw=parameters.flag("raw"), timeout=_timeout())
    return Response(images.png(shot.image, **wanted), content_type="image/png")


@blueprint.get(f"{BASE}/cam/<name>/image_bytes")
@slow
def image_bytes(name: str) -> Response:
    """Return the values of the next image of a camera."""
    shot = cameras().snapshot(name, raw=parameters.flag("raw"), timeout=_timeout()).image
    values = shot.astype(shot.dtype.newbyteorder("<"), copy=False)
    found = {
        "bytes": base64.b64encode(values.tobytes()).decode("ascii"),
        "shape": list(values.shape),
        "dtype": values.dtype.str,
    }
    return fine(f"Image of camera {name}.", image=found)


@blueprint.put(f"{BASE}/cam/background/<name>/image_bytes")
@needs(Scope.ADMIN)
@slow
def background(name: str) -> Response:
    """Keep an image that cameras can have as their background.

    :raises BadRequest: where nothing was sent
    """
    from pyca.camera.files.upload import image_of

    request.max_content_length = LONGEST_ARRAY
    if (request.content_length or 0) > LONGEST_ARRAY:
        raise RequestEntityTooLarge
    sent = request.get_data(cache=False)
    if not sent:
        raise BadRequest("Send an image as NPY, or as the pickled array of NumPy.")
    cameras().background(name, image_of(sent))
    return fine(f"Background {name} was saved.")


def look() -> dict[str, Any]:
    """Return how an image shall look.

    :raises CameraError: where that cannot be
    """
    from pyca.camera.image.images import View

    return asdict(View.parse(request.args))


def _timeout() -> float:
    return parameters.positive("timeout", LONGEST_WAIT) or 10.0
