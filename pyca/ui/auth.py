"""Who may come in: HTTP Basic, defence against forged forms, and the headers that keep browsers strict."""

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Flask, Request, Response, current_app, render_template, request
from werkzeug.exceptions import Forbidden

from pyca.config.settings import Ui

OPEN_PATHS = ("/health/live", "/health/ready")
"""What monitoring asks without a password; both tell names and yes or no, nothing else."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # “no-referrer” would make browsers send “Origin: null” with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def protect(app: Flask, ui: Ui) -> None:
    """Ask for user and password before every request, and guard every form."""
    token = form_token(ui)

    def guard() -> Response | None:
        if request.path in OPEN_PATHS:
            return None
        if not _is_known(request, ui):
            return _ask()
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_form(request, token)
        return None

    app.before_request(guard)
    app.after_request(_harden)
    app.jinja_env.globals["form_token"] = token


def form_token(ui: Ui) -> str:
    """Return the secret of our own forms: the same in every process, known only with the password."""
    key = hashlib.sha256(b"pyca form token\0" + ui.password.encode()).digest()
    return hmac.new(key, ui.username.encode(), hashlib.sha256).hexdigest()


def _is_known(asked: Request, ui: Ui) -> bool:
    given = asked.authorization
    if given is None or given.type != "basic":
        return False
    name = hmac.compare_digest((given.username or "").encode(), ui.username.encode())
    word = hmac.compare_digest((given.password or "").encode(), ui.password.encode())
    # Both are compared before either is judged: a wrong name must take as long as a wrong password.
    return name & word


def _check_form(asked: Request, token: str) -> None:
    """Refuse a form that another site made the browser send.

    :raises Forbidden: where its origin is another one or the token is missing
    """
    if asked.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent by another site.")
    origin = asked.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != asked.host:
        raise Forbidden("This form was sent by another site, or a proxy hides the name of this one.")
    if not hmac.compare_digest(asked.form.get("token", "").encode(), token.encode()):
        raise Forbidden("This form is too old. Open the page again and repeat what you did.")


def _ask() -> Response:
    text = render_template(
        "error.html", heading="Please log in", text="User and password are needed.", remedy=""
    )
    response = current_app.make_response((text, 401))
    response.headers["WWW-Authenticate"] = 'Basic realm="pyCA", charset="UTF-8"'
    return response


def _harden(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store"
    return response
