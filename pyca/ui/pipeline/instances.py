"""``/api/v1/pipeline/instance``: pipelines that run, and how one is made to run."""

from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest

from pyca.core.errors import ImagingError
from pyca.pipeline.pipelines import Created
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.received import read_json, read_parameter
from pyca.ui.imaging.room import slow
from pyca.ui.pipeline.room import pipelines

PREFIX = f"{BASE}/pipeline"
blueprint = Blueprint("instances", __name__, url_prefix=PREFIX)

_NOTHING_GIVEN = "You must specify either the pipeline name or the configuration for the pipeline."


@blueprint.post("")
@slow
def create() -> Response:
    """Make an instance of the configuration that is sent."""
    return _created(pipelines().create(_configuration(), _wanted_id()))


@blueprint.post("/<name>")
@slow
def create_named(name: str) -> Response:
    """Make an instance of a saved pipeline, with what ``additional_config`` changes."""
    additional = read_parameter("additional_config")
    if additional is not None and not isinstance(additional, dict):
        raise BadRequest("additional_config must be an object of JSON.")
    return _created(pipelines().create_named(name, _wanted_id(), additional))


@blueprint.post("/instance/", strict_slashes=False)
@slow
def shared() -> Response:
    """Return the instance of a configuration that all share who want the same; it is read-only."""
    return _created(pipelines().shared(_configuration()))


@blueprint.get("/instance/<name>")
@slow
def stream(name: str) -> Response:
    """Return the address of an instance's stream; a saved pipeline of this name is started."""
    return fine(f"Stream address of pipeline {name}.", stream=pipelines().stream(name))


@blueprint.get("/instance/<name>/info")
def info(name: str) -> Response:
    """Return what an instance does."""
    return fine(f"Info of instance {name}.", info=pipelines().instance_info(name))


@blueprint.get("/instance/<name>/config")
def config(name: str) -> Response:
    """Return an instance's complete configuration."""
    return fine(f"Configuration of instance {name}.", config=pipelines().instance_config(name))


@blueprint.post("/instance/<name>/config")
@slow
def change(name: str) -> Response:
    """Change an instance's configuration by the keys that are sent.

    :raises BadRequest: where the body is no object
    """
    update = read_json()
    if not isinstance(update, dict):
        raise BadRequest("Send the keys that shall change as an object of JSON.")
    changed = pipelines().change(name, update)
    return fine(f"Configuration of instance {name} was changed.", config=changed)


@blueprint.get("/instance/<name>/exitcode")
def exitcode(name: str) -> Response:
    """Return with what code an instance ended, null while it runs."""
    return fine(f"Exit code of instance {name}.", exitcode=pipelines().exitcode(name))


def _configuration() -> Any:
    """Return the configuration in the body.

    :raises ImagingError: where there is none
    """
    found = read_json() if request.get_data(cache=True).strip() else None
    if found is None:
        raise ImagingError(_NOTHING_GIVEN)
    return found


def _wanted_id() -> str | None:
    return request.args.get("instance_id", "").strip() or None


def _created(made: Created) -> Response:
    return fine(
        f"Stream address for pipeline {made.id}.", instance_id=made.id, stream=made.stream, config=made.config
    )
