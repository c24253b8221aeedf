"""User scripts: kept where a folder is configured for them."""

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response
from werkzeug.exceptions import Forbidden

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.received import read_text
from pyca.ui.imaging.room import room

blueprint = Blueprint("scripts", __name__)

_ONE = "/script/<name>/script_bytes"
View = Callable[..., Response]


def where_kept(view: View) -> View:
    """Mark a view as one that needs a folder of scripts. Write it below who may use it."""

    @wraps(view)
    def checked(**named: str) -> Response:
        here = room()
        if here.section.scripts is None:
            raise Forbidden(f"No scripts are taken here: [{here.noun}] scripts names no folder.")
        return view(**named)

    return checked


@blueprint.get("/script")
@where_kept
def names() -> Response:
    """Return the names of all scripts."""
    return fine("List of available scripts.", scripts=room().servant.script_names())


@blueprint.get(_ONE)
@where_kept
def script(name: str) -> Response:
    """Return a script."""
    return fine(f"Script {name}.", script=room().servant.script(name))


@blueprint.put(_ONE)
@needs(Scope.ADMIN)
@where_kept
def save(name: str) -> Response:
    """Keep a script."""
    room().servant.save_script(name, read_text())
    return fine(f"Script {name} was saved.")


@blueprint.delete(_ONE)
@needs(Scope.ADMIN)
@where_kept
def delete(name: str) -> Response:
    """Delete a script."""
    room().servant.delete_script(name)
    return fine(f"Script {name} was deleted.")
