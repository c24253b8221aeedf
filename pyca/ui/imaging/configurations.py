"""Configurations of cameras or of pipelines, below their addresses."""

from flask import Blueprint, Response
from werkzeug.exceptions import BadRequest

from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.received import read_json
from pyca.ui.imaging.room import room, slow

blueprint = Blueprint("configurations", __name__)


@blueprint.get("")
def names() -> Response:
    """Return the names of all."""
    here = room()
    return fine(f"List of available {here.noun}s.", **{f"{here.noun}s": here.servant.names()})


@blueprint.get("/config_names")
def config_names() -> Response:
    """Return the names of all configurations: the same."""
    return fine("List of available configurations.", config_names=room().servant.names())


@blueprint.get("/groups")
def groups() -> Response:
    """Return the names that belong to each group."""
    here = room()
    return fine(f"List of {here.noun} groups.", groups=here.servant.groups())


@blueprint.get("/<name>/config")
def config(name: str) -> Response:
    """Return a configuration, defaults included."""
    here = room()
    return fine(f"Configuration of {here.noun} {name}.", config=here.servant.config(name))


@blueprint.post("/<name>/config")
@slow
def save(name: str) -> Response:
    """Keep a configuration."""
    here = room()
    kept = here.servant.save(name, read_json())
    return fine(f"Configuration of {here.noun} {name} was saved.", config=kept)


@blueprint.delete("/<name>/config")
@slow
def delete(name: str) -> Response:
    """Delete a configuration."""
    here = room()
    here.servant.delete(name)
    return fine(f"Configuration of {here.noun} {name} was deleted.")


@blueprint.post("/<name>/rename")
@slow
def rename(name: str) -> Response:
    """Give a configuration another name.

    :raises BadRequest: where the body names none
    """
    here, sent = room(), read_json()
    new = sent.get("name") if isinstance(sent, dict) else None
    if not isinstance(new, str) or len(sent) != 1:
        raise BadRequest('Send the new name as {"name": "…"}.')
    here.servant.rename(name, new)
    return fine(f"{here.noun.capitalize()} {name} is now {new}.", name=new)
