"""Cameras as the pipeline server sees them, and their backgrounds."""

from typing import Any

import numpy as np
from flask import Blueprint, Response
from werkzeug.exceptions import BadRequest

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.imaging import parameters
from pyca.ui.imaging.bodies import LONGEST_LISTS
from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.looks import look, picture, values_of
from pyca.ui.imaging.received import read_image, read_json
from pyca.ui.imaging.room import slow
from pyca.ui.pipeline.instances import PREFIX
from pyca.ui.pipeline.room import pipelines

blueprint = Blueprint("backgrounds", __name__, url_prefix=PREFIX)

_ENDING = ".npy"
_BRIGHTEST = 65_535


@blueprint.get("/camera")
@slow
def cameras() -> Response:
    """Return the names of the camera server's cameras."""
    return fine("List of available cameras.", cameras=pipelines().cameras())


@blueprint.post("/camera/<camera>/background")
@slow
def collect(camera: str) -> Response:
    """Take some images of a camera and keep their mean as a background; answers when that is done."""
    found = pipelines().collect(camera, parameters.text("n_images"))
    return fine(f"Background of camera {camera} was collected.", background_id=found)


@blueprint.get("/camera/<camera>/background")
def latest(camera: str) -> Response:
    """Return the id of a camera's newest background."""
    found = pipelines().latest_background(camera)
    return fine(f"Latest background of camera {camera}.", background_id=found)


@blueprint.get("/camera/<camera>/backgrounds")
def every(camera: str) -> Response:
    """Return the ids of all backgrounds of a camera, the oldest first."""
    found = pipelines().backgrounds(camera)
    return fine(f"Backgrounds of camera {camera}.", background_ids=found)


@blueprint.get("/background/<name>/image")
def image(name: str) -> Response:
    """Return a background as PNG."""
    wanted = look()
    return picture(pipelines().background(name), wanted)


@blueprint.get("/background/<name>/image_bytes")
def image_bytes(name: str) -> Response:
    """Return the values of a background."""
    return fine(f"Background {name}.", image=values_of(pipelines().background(name)))


@blueprint.put("/background/<name>/image_bytes")
@needs(Scope.ADMIN)
@slow
def save(name: str) -> Response:
    """Keep an image as a background."""
    pipelines().save_background(name, read_image())
    return fine(f"Background {name} was saved.")


@blueprint.post("/background")
@needs(Scope.ADMIN)
@slow
def save_lists() -> Response:
    """Keep an image that is sent as lists of numbers."""
    sent = read_json(LONGEST_LISTS)
    name = sent.get("filename") if isinstance(sent, dict) else None
    if not isinstance(name, str) or "data" not in sent:
        raise BadRequest('Send the background as {"filename": "…", "data": [[…], …]}.')
    name = name.removesuffix(_ENDING)
    pipelines().save_background(name, _numbers(sent["data"]))
    return fine(f"Background {name} was saved.", background_id=name)


def _numbers(data: Any) -> Any:
    """Return lists of numbers as an image of 16 bits.

    :raises BadRequest: where they are none
    """
    try:
        found = np.asarray(data)
    except (ValueError, OverflowError) as error:
        raise BadRequest("data: the rows of an image have one length and hold numbers.") from error
    if found.ndim != 2 or not found.size or found.dtype.kind not in "iuf":
        raise BadRequest("data: expected a list of rows, each a list of numbers.")
    if found.min() < 0 or found.max() > _BRIGHTEST:
        raise BadRequest(f"data: found {found.min():g} to {found.max():g}, expected 0 to {_BRIGHTEST}.")
    return found.astype(np.uint16)
