"""User scripts: kept where a folder is configured for them, run by nobody here."""

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response
from werkzeug.exceptions import Forbidden, NotFound

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.camera.room import cameras
from pyca.ui.context import context
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.received import read_text

blueprint = Blueprint("scripts", __name__)

_ONE = f"{BASE}/cam/script/<name>/script_bytes"
View = Callable[..., Response]


def _where_kept(view: View) -> View:
    @wraps(view)
    def checked(**named: str) -> Response:
        if context().settings.camera.scripts is None:
            raise Forbidden("No scripts are taken here: [camera] scripts names no folder.")
        return view(**named)

    return checked


@blueprint.get(f"{BASE}/cam/script")
@_where_kept
def names() -> Response:
    """Return the names of all scripts."""
    return fine("List of available scripts.", scripts=cameras().script_names())


@blueprint.get(_ONE)
@_where_kept
def script(name: str) -> Response:
    """Return a script."""
    _check_known(name)
    return fine(f"Script {name}.", script=cameras().script(name))


@blueprint.put(_ONE)
@needs(Scope.ADMIN)
@_where_kept
def save(name: str) -> Response:
    """Keep a script."""
    cameras().save_script(name, read_text())
    return fine(f"Script {name} was saved.")


@blueprint.delete(_ONE)
@needs(Scope.ADMIN)
@_where_kept
def delete(name: str) -> Response:
    """Delete a script."""
    _check_known(name)
    cameras().delete_script(name)
    return fine(f"Script {name} was deleted.")


def _check_known(name: str) -> None:
    if name not in cameras().script_names():
        raise NotFound(f"Requested script '{name}' does not exist.")
