"""What is asked of the camera server and of the pipeline server alike: what they do, and that they stop.

The addresses are below those of the cameras or of the pipelines, but for the two of :data:`outside`.
"""

from flask import Blueprint, Response, request

from pyca import __version__
from pyca.core.access import Scope
from pyca.ui.access import forms
from pyca.ui.access.rights import needs
from pyca.ui.imaging.access import BASE_OF_ALL
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.room import room, slow

blueprint = Blueprint("server", __name__)
outside = Blueprint("outside", __name__)


@blueprint.get("/info")
def info() -> Response:
    """Return what the server does."""
    return fine("Server info.", info=room().servant.info())


@blueprint.get("/heartbeat")
def heartbeat() -> Response:
    """Return version and figures of all instances, each in one level."""
    return fine("Server is alive.", **room().servant.heartbeat())


@blueprint.get("/version")
def version() -> Response:
    """Return the version of this program."""
    return fine("Server version.", version=__version__)


@blueprint.delete("")
@slow
def stop_all() -> Response:
    """Stop all instances."""
    here = room()
    here.servant.stop_all()
    return fine(f"All {here.noun} instances were stopped.")


@blueprint.delete("/<name>")
@slow
def stop(name: str) -> Response:
    """Stop an instance; whether there is one does not matter."""
    here = room()
    here.servant.stop(name)
    return fine(f"{here.noun.capitalize()} {name} was stopped.")


@blueprint.delete("/<name>/del")
@slow
def remove(name: str) -> Response:
    """Stop an instance and forget it; whether there is one does not matter."""
    here = room()
    here.servant.remove(name)
    return fine(f"{here.noun.capitalize()} {name} was stopped and removed.")


@outside.get(BASE_OF_ALL)
def base() -> Response:
    """Return where the interface begins."""
    return fine("Base of the interface.", base=BASE)


@outside.get(f"{BASE}/reset")
@needs(Scope.OPERATE)
@slow
def reset() -> Response:
    """Stop all instances.

    :raises Forbidden: where another site made a browser ask
    """
    forms.check_origin(request)
    return stop_all()
