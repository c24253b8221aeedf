"""``/api/v1/cam``: what cameras alone have, and pipelines have not."""

from flask import Blueprint, Response

from pyca.ui.camera.room import cameras
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.room import slow

blueprint = Blueprint("cam", __name__)


@blueprint.get(f"{BASE}/cam/aliases")
def aliases() -> Response:
    """Return the name behind each alias."""
    return fine("List of camera aliases.", aliases=cameras().aliases())


@blueprint.get(f"{BASE}/cam/<name>")
@slow
def stream(name: str) -> Response:
    """Return the address of a camera's stream; it is started where it does not run."""
    found = {"stream": cameras().stream(name)}
    if beside := cameras().local(name):
        found["local"] = beside
    return fine(f"Stream address of camera {name}.", **found)


@blueprint.get(f"{BASE}/cam/<name>/is_online")
@slow
def is_online(name: str) -> Response:
    """Tell whether a camera answers; one that does not is no error."""
    online, reason = cameras().online(name)
    return fine(reason or f"Camera {name} is {'online' if online else 'offline'}.", online=online)


@blueprint.get(f"{BASE}/cam/<name>/geometry")
@slow
def geometry(name: str) -> Response:
    """Return width and height of a camera's images."""
    return fine(f"Geometry of camera {name}.", geometry=list(cameras().geometry(name)))
