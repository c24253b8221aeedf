"""Bodies of the livebox interface: an object of JSON, or a form."""

from collections.abc import Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from pyca.ui.api.body import check, read_json

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"


def read_body() -> Mapping[str, Any]:
    """Return what the present request sends, empty where it sends nothing. Forms hold texts alone.

    :raises BadRequest: where it is none of these, or holds something twice
    :raises UnsupportedMediaType: where it is said to be something else
    :raises RequestEntityTooLarge: where it is too large
    """
    # Before anything else: a form that is taken apart leaves nothing behind.
    sent, kind = request.get_data(), request.mimetype
    if kind == JSON or kind.endswith("+json"):
        return _object()
    if kind == FORM:
        # What “curl -d '{…}'” says of itself.
        return _object() if _looks_like_json(sent) else _form()
    if kind == MULTIPART:
        return _form()
    if sent:
        raise UnsupportedMediaType(f"Send the body as {JSON}, {FORM} or {MULTIPART}.")
    return {}


def _looks_like_json(sent: bytes) -> bool:
    """Tell whether a form is JSON: no field of ours begins like this, or has a name and nothing else."""
    return sent.lstrip()[:1] in (b"{", b"[", b'"') or sent.strip() in (b"null", b"true", b"false")


def _object() -> Mapping[str, Any]:
    found = read_json()
    if not isinstance(found, dict):
        raise BadRequest("The body has to be an object with the parameters as its keys.")
    return found


def _form() -> Mapping[str, str]:
    if request.files:
        raise BadRequest(f"“{next(iter(request.files))[:100]}”: no files are taken here.")
    if request.get_data() and not request.form:
        raise BadRequest("The body holds no form.")
    found: dict[str, str] = {}
    for name, values in request.form.lists():
        if len(values) > 1:
            raise BadRequest(f"“{name[:100]}”: it is given twice.")
        found[name] = values[0]
    try:
        check(found)
    except ValueError as error:
        raise BadRequest(f"The body cannot be used: {error}.") from error
    return found
