"""Errors as pages in words, or as JSON where JSON was asked for. Never a traceback."""

from http import HTTPStatus

from flask import Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from pyca.core.errors import StoreError, UsageError

_HEADINGS = {
    403: "Not allowed",
    404: "Nothing here",
    405: "Not possible",
    409: "That did not work",
    413: "Too much at once",
    500: "A mistake of ours",
    503: "The database cannot be used",
}
_TEXTS = {
    404: "There is no such page.",
    405: "This address does not understand what was asked of it.",
    413: "The form holds more than this page reads.",
    500: "The page could not be made. The log of the ui service says why.",
}


def register(app: Flask) -> None:
    """Make an application answer its errors kindly."""
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(UsageError, _of_usage)
    app.register_error_handler(StoreError, _of_store)


def _of_http(error: HTTPException) -> Response:
    if error.response is not None or error.code is None or error.code < 400:
        return current_app.make_response(error.get_response())
    text = _TEXTS.get(error.code) or error.description or HTTPStatus(error.code).phrase
    response = _answer(error.code, text)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _of_usage(error: UsageError) -> Response:
    return _answer(409, error.message, error.remedy)


def _of_store(error: StoreError) -> Response:
    response = _answer(503, error.message, error.remedy)
    response.headers["Retry-After"] = "10"
    return response


def _answer(status: int, text: str, remedy: str = "") -> Response:
    heading = _HEADINGS.get(status, HTTPStatus(status).phrase)
    if request.path.endswith(".json"):
        body = jsonify(title=heading, status=status, detail=text, remedy=remedy)
        body.status_code = status
        body.mimetype = "application/problem+json"
        return body
    page = render_template("error.html", heading=heading, text=text, remedy=remedy)
    return current_app.make_response((page, status))
