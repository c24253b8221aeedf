"""``/api/v1/openapi.yaml``: the description of the interface, as it was written by hand."""

from importlib.resources import files

from flask import Blueprint, Response

from pyca.ui.api.description import answer
from pyca.ui.imaging.envelope import BASE

blueprint = Blueprint("camera_description", __name__)


def description() -> bytes:
    """Return the text of the description, OpenAPI 3.1."""
    return (files(__package__) / "openapi.yaml").read_bytes()


@blueprint.get(f"{BASE}/openapi.yaml")
def show() -> Response:
    """Return the description, or 304 where somebody has it."""
    return answer(description())
