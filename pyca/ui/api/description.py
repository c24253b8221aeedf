"""``/api/openapi.yaml``: the description of all that programs can ask, as it was written by hand."""

from importlib.resources import files

from flask import Blueprint, Response, request

from pyca.ui.api.document import tag_of

blueprint = Blueprint("api_description", __name__, url_prefix="/api")

MEDIA_TYPE = "application/yaml"


def description() -> bytes:
    """Return the text of the description, OpenAPI 3.1."""
    return (files(__package__) / "openapi.yaml").read_bytes()


@blueprint.get("/openapi.yaml")
def show() -> Response:
    """Return the description, or 304 where somebody has it."""
    return answer(description())


def answer(text: bytes) -> Response:
    """Return a description, or 304 where somebody has it.

    :param text: in YAML
    """
    response = Response(text, content_type=MEDIA_TYPE)
    response.set_etag(tag_of(text))
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
