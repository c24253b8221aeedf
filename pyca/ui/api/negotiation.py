"""Which media types are spoken below ``/api``: asked before every request of its blueprints."""

from flask import Blueprint, Response, request
from werkzeug.datastructures import HeaderSet

from pyca.ui.api.area import PREFIX
from pyca.ui.api.errors import ApiError, Problem
from pyca.ui.api.media import MEDIA_TYPE, is_ours, reads_us


def api_blueprint(name: str, module: str) -> Blueprint:
    """Return a blueprint below ``/api`` whose requests and answers are JSON:API documents.

    :param name: of the blueprint, such as ``api_events``
    :param module: ``__name__`` of the module that makes it
    """
    blueprint = Blueprint(name, module, url_prefix=PREFIX)
    blueprint.before_request(negotiate)
    blueprint.after_request(_vary)
    return blueprint


def negotiate() -> None:
    """Refuse a request in another language, and one whose sender cannot read our answer.

    :raises ApiError: 415 or 406
    """
    if _has_body() and not is_ours(request.headers.get("Content-Type", "")):
        detail = f"Send the body as “{MEDIA_TYPE}”, without parameters; no extension is supported."
        raise ApiError(Problem(415, "Unsupported media type", detail, header="Content-Type"))
    if not reads_us(request.headers.get("Accept", "")):
        detail = f"Answers are “{MEDIA_TYPE}”, without parameters; accept that, or “*/*”."
        raise ApiError(Problem(406, "Not acceptable", detail, header="Accept"))


def _has_body() -> bool:
    return bool(request.content_length) or "Transfer-Encoding" in request.headers


def _vary(response: Response) -> Response:
    told: HeaderSet = response.vary
    told.add("Accept")
    return response
