"""``/api/openapi.yaml``: the description of all that programs can ask, as it was written by hand."""

import hashlib
from importlib.resources import files

from flask import Blueprint, Response, request

blueprint = Blueprint("api_description", __name__, url_prefix="/api")

MEDIA_TYPE = "application/yaml"


def description() -> bytes:
    """Return the text of the description, OpenAPI 3.1."""
    return (files(__package__) / "openapi.yaml").read_bytes()


@blueprint.get("/openapi.yaml")
def show() -> Response:
    """Return the description, or 304 where somebody has it."""
    text = description()
    response = Response(text, content_type=MEDIA_TYPE)
    response.set_etag(hashlib.sha256(text).hexdigest()[:32])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
