"""``/api/v1/openapi.yaml``: the description of an interface, as it was written by hand."""

from flask import Blueprint, Response

from pyca.ui.api.description import answer
from pyca.ui.imaging.envelope import BASE
from pyca.ui.imaging.room import room

blueprint = Blueprint("description", __name__)


@blueprint.get(f"{BASE}/openapi.yaml")
def show() -> Response:
    """Return the description, or 304 where somebody has it."""
    return answer(room().description())
