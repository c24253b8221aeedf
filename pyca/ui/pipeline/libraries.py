"""Libraries that user scripts import: kept where scripts are."""

import base64

from flask import Blueprint, Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.received import read_bytes
from pyca.ui.imaging.scripts import by_administrators, where_kept
from pyca.ui.pipeline.instances import PREFIX
from pyca.ui.pipeline.room import pipelines

blueprint = Blueprint("libraries", __name__, url_prefix=PREFIX)

_ONE = "/lib/<name>/lib_bytes"


@blueprint.get("/lib")
@where_kept
def names() -> Response:
    """Return the names of all libraries."""
    return fine("List of available libraries.", libs=pipelines().lib_names())


@blueprint.get(_ONE)
@where_kept
def library(name: str) -> Response:
    """Return a library: its text, or in base64 what is none."""
    data = pipelines().lib(name)
    try:
        return fine(f"Library {name}.", lib=data.decode("utf-8"), base64=False)
    except UnicodeDecodeError:
        return fine(f"Library {name}.", lib=base64.b64encode(data).decode("ascii"), base64=True)


@blueprint.put(_ONE)
@needs(Scope.ADMIN)
@where_kept
@by_administrators
def save(name: str) -> Response:
    """Keep a library."""
    pipelines().save_lib(name, read_bytes())
    return fine(f"Library {name} was saved.")


@blueprint.delete(_ONE)
@needs(Scope.ADMIN)
@where_kept
@by_administrators
def delete(name: str) -> Response:
    """Delete a library."""
    pipelines().delete_lib(name)
    return fine(f"Library {name} was deleted.")
