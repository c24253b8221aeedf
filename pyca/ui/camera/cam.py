"""``/api/v1/cam``: cameras, their streams and their configurations."""

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from pyca import __version__
from pyca.camera.files.folder import RESERVED
from pyca.core.access import Scope
from pyca.ui.access import forms
from pyca.ui.access.rights import needs
from pyca.ui.camera.room import cameras
from pyca.ui.imaging.access import BASE_OF_ALL
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.received import read_json
from pyca.ui.imaging.room import slow

blueprint = Blueprint("cam", __name__)


@blueprint.get(f"{BASE}/cam")
def names() -> Response:
    """Return the names of all cameras."""
    return fine("List of available cameras.", cameras=cameras().names())


@blueprint.get(f"{BASE}/cam/config_names")
def config_names() -> Response:
    """Return the names of all configurations: the same."""
    return fine("List of available configurations.", config_names=cameras().names())


@blueprint.get(f"{BASE}/cam/aliases")
def aliases() -> Response:
    """Return the name behind each alias."""
    return fine("List of camera aliases.", aliases=cameras().aliases())


@blueprint.get(f"{BASE}/cam/groups")
def groups() -> Response:
    """Return the names of each group's cameras."""
    return fine("List of camera groups.", groups=cameras().groups())


@blueprint.get(f"{BASE}/cam/info")
def info() -> Response:
    """Return what the server does."""
    return fine("Server info.", info=cameras().info())


@blueprint.get(f"{BASE}/cam/heartbeat")
def heartbeat() -> Response:
    """Return version and figures of all instances, each in one level."""
    return fine("Server is alive.", **cameras().heartbeat())


@blueprint.get(f"{BASE}/cam/version")
def version() -> Response:
    """Return the version of this program."""
    return fine("Server version.", version=__version__)


@blueprint.get(BASE_OF_ALL)
def base() -> Response:
    """Return where the interface begins."""
    return fine("Base of the interface.", base=BASE)


@blueprint.delete(f"{BASE}/cam")
@slow
def stop_all() -> Response:
    """Stop all instances."""
    cameras().stop_all()
    return fine("All camera instances were stopped.")


@blueprint.get(f"{BASE}/reset")
@needs(Scope.OPERATE)
@slow
def reset() -> Response:
    """Stop all instances.

    :raises Forbidden: where another site made a browser ask
    """
    forms.check_origin(request)
    return stop_all()


@blueprint.get(f"{BASE}/cam/<name>")
@slow
def stream(name: str) -> Response:
    """Return the address of a camera's stream; it is started where it does not run."""
    return fine(f"Stream address of camera {name}.", stream=cameras().stream(name))


@blueprint.delete(f"{BASE}/cam/<name>")
@slow
def stop(name: str) -> Response:
    """Stop a camera; whether there is one does not matter."""
    cameras().stop(name)
    return fine(f"Camera {name} was stopped.")


@blueprint.delete(f"{BASE}/cam/<name>/del")
@slow
def remove(name: str) -> Response:
    """Stop a camera and forget its instance; whether there is one does not matter."""
    cameras().remove(name)
    return fine(f"Camera {name} was stopped and removed.")


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


@blueprint.get(f"{BASE}/cam/<name>/config")
def config(name: str) -> Response:
    """Return a camera's configuration, defaults included."""
    return fine(f"Configuration of camera {name}.", config=cameras().config(name))


@blueprint.post(f"{BASE}/cam/<name>/config")
@slow
def save(name: str) -> Response:
    """Keep a camera's configuration and have it applied."""
    _check_new(name)
    return fine(f"Configuration of camera {name} was saved.", config=cameras().save(name, read_json()))


@blueprint.delete(f"{BASE}/cam/<name>/config")
@slow
def delete(name: str) -> Response:
    """Delete a camera's configuration."""
    cameras().delete(name)
    return fine(f"Configuration of camera {name} was deleted.")


@blueprint.post(f"{BASE}/cam/<name>/rename")
@slow
def rename(name: str) -> Response:
    """Give a camera another name.

    :raises BadRequest: where the body names none
    """
    sent = read_json()
    new = sent.get("name") if isinstance(sent, dict) else None
    if not isinstance(new, str) or len(sent) != 1:
        raise BadRequest('Send the new name as {"name": "…"}.')
    _check_new(new)
    cameras().rename(name, new)
    return fine(f"Camera {name} is now {new}.", name=new)


def _check_new(name: str) -> None:
    if name in RESERVED:
        raise BadRequest(f"“{name}” is a word of the interface: choose another name.")
