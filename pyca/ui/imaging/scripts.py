"""User scripts: kept where a folder is configured for them.

Where they may be run as well, whoever sends one has to say who they are, also where everybody may do all
else.
"""

from collections.abc import Callable
from functools import wraps

from flask import Blueprint, Response, request
from werkzeug.exceptions import Forbidden, Unauthorized

from pyca.core.access import Scope
from pyca.ui.access.door import Door, door
from pyca.ui.access.rights import Means, needs, visitor
from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.received import read_text
from pyca.ui.imaging.room import room

blueprint = Blueprint("scripts", __name__)

_ONE = "/script/<name>/script_bytes"
View = Callable[..., Response]
_WHO = (
    "Scripts and libraries are taken of administrators alone, also on this machine: "
    "send user and password, or a token (“pyca user add”, “pyca user token --scope admin”)."
)


def where_kept(view: View) -> View:
    """Mark a view as one that needs a folder of scripts. Write it below who may use it."""

    @wraps(view)
    def checked(**named: str) -> Response:
        here = room()
        if here.section.scripts is None:
            raise Forbidden(f"No scripts are taken here: [{here.noun}] scripts names no folder.")
        return view(**named)

    return checked


def by_administrators(view: View) -> View:
    """Mark a view as one that changes what may be run here. Write it below :func:`where_kept`."""

    @wraps(view)
    def checked(**named: str) -> Response:
        if room().runs_scripts:
            _check_who()
        return view(**named)

    return checked


def _check_who() -> None:
    """Refuse whoever was let in without a question and is no administrator.

    :raises Unauthorized: where they do not say who they are, or not truly
    :raises Forbidden: where they have another right
    """
    who = visitor()
    if who.means in (Means.ANYBODY, Means.HERE):
        # An open door does not look at what is sent; this is what it would do if it were closed.
        known = Door.recognise(door(), request) if "Authorization" in request.headers else None
        if known is None:
            raise Unauthorized(_WHO)
        who = known
    if not who.may(Scope.ADMIN):
        raise Forbidden(f"This needs the right “{Scope.ADMIN}”; “{who.name}” has “{who.scope}” here.")


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
@by_administrators
def save(name: str) -> Response:
    """Keep a script."""
    room().servant.save_script(name, read_text())
    return fine(f"Script {name} was saved.")


@blueprint.delete(_ONE)
@needs(Scope.ADMIN)
@where_kept
@by_administrators
def delete(name: str) -> Response:
    """Delete a script."""
    room().servant.delete_script(name)
    return fine(f"Script {name} was deleted.")
