"""Errors as pages in words, or as JSON where a program asks. Never a traceback."""

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from pyca.core.control import ParameterError
from pyca.core.errors import StoreError, UsageError
from pyca.live.service.places import UnknownDestinationError
from pyca.ui.access.guard import wants_challenge
from pyca.ui.api.area import is_api, is_livebox
from pyca.ui.api.errors import ApiError, Problem, answer_problems
from pyca.ui.context import context
from pyca.ui.livebox.answer import refusal, sentences

_HEADINGS = {
    401: "Please log in",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible",
    409: "That did not work",
    413: "Too much at once",
    429: "Too many attempts",
    500: "A mistake of ours",
    503: "The database cannot be used",
}
_TEXTS = {
    404: "There is no such page.",
    405: "This address does not understand what was asked of it.",
    413: "What was sent holds more than is read here: 64 KiB at most.",
    500: "The page could not be made. The log of the {service} service says why.",
}
_KEPT = ("Allow", "Retry-After", "WWW-Authenticate")
"""Headers that belong to an error."""


@dataclass(frozen=True)
class Told:
    """An error as it is told."""

    status: int
    text: str
    remedy: str = ""


def register(app: Flask) -> None:
    """Make an application answer its errors kindly."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(ApiError, lambda error: answer_problems(error.problems))
    app.register_error_handler(UsageError, _of_usage)
    app.register_error_handler(StoreError, _of_store)


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return current_app.make_response(error.get_response())
    own = error.description if error.description != type(error).description else None
    text = own or _TEXTS.get(error.code) or error.description or HTTPStatus(error.code).phrase
    service = context().service
    response = answer(Told(error.code, text.replace("{service}", service) if own is None else text))
    for name, value in error.get_headers():
        if name in _KEPT:
            response.headers[name] = value
    if error.code == HTTPStatus.UNAUTHORIZED and wants_challenge(request):
        response.headers["WWW-Authenticate"] = 'Basic realm="pyCA", charset="UTF-8"'
    return response


def _of_usage(error: UsageError) -> Response:
    if _refuse() is not None:
        # A parameter is named: whoever sent many has to know which one.
        name = f"“{error.name[:60]}”: " if isinstance(error, ParameterError) else ""
        return answer(Told(400, name + error.message, error.remedy))
    status = 404 if isinstance(error, UnknownDestinationError) else 409
    return answer(Told(status, error.message, error.remedy))


def _of_store(error: StoreError) -> Response:
    told = Told(503, error.message, error.remedy)
    if g.get("visitor") is None:
        # Paths, and the database's host, port and user, are no business of strangers.
        context().outage.failed(error)
        told = Told(503, "The database cannot be used now.")
    response = answer(told)
    response.headers["Retry-After"] = "10"
    return response


def answer(told: Told) -> Response:
    """Return an error in the form that whoever asks understands."""
    if (refuse := _refuse()) is not None:
        return refuse(told.status, told.text, told.remedy)
    heading = _HEADINGS.get(told.status, HTTPStatus(told.status).phrase)
    if is_api(request.path):
        detail = sentences(told.text, told.remedy)
        return answer_problems((Problem(told.status, heading, detail),))
    if request.path.endswith(".json"):
        body = jsonify(title=heading, status=told.status, detail=told.text, remedy=told.remedy)
        body.status_code = told.status
        body.mimetype = "application/problem+json"
        return body
    page = render_template("error.html", heading=heading, text=told.text, remedy=told.remedy)
    return current_app.make_response((page, told.status))


def _refuse() -> Callable[[int, str, str], Response] | None:
    """Return how whoever asks is told of an error, None where it is one of the usual ways."""
    if is_livebox(request.path):
        return refusal
    return context().refuse if is_api(request.path) else None
