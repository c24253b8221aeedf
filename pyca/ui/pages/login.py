"""``/login`` and ``/logout``: a page for people, so that browsers need not ask by themselves."""

import hashlib
import hmac
import re
import secrets

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.store import accounts, logins
from pyca.ui.access import cookies, forms
from pyca.ui.access.door import door
from pyca.ui.access.peer import address
from pyca.ui.access.people import Known
from pyca.ui.access.rights import needs, public, visitor
from pyca.ui.context import context

blueprint = Blueprint("login", __name__)

_LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*", re.ASCII)
"""An address on this machine: browsers read “//” and “/\\” as the beginning of another one's name."""
_LONGEST = 2000


@blueprint.get("/login")
@public
def show() -> Response:
    """Show the form, or go on where somebody is logged in already."""
    if door().of_cookie(request) is not None:
        return redirect(_target(), code=303)
    notice = "You are logged out." if request.args.get("done") == "logout" else ""
    return _form(notice=notice)


@blueprint.post("/login")
@public
def login() -> Response:
    """Log somebody in, and take them to where they wanted to go."""
    forms.check_origin(request)
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    secret = cookies.given_form(request)
    if not secret or not hmac.compare_digest(request.form.get("token", "").encode(), _token(secret).encode()):
        return _form(name, "This form was too old, or your browser keeps no cookies. Please try again.", 403)
    try:
        who = door().passwords.check(name, password, address(request))
    except TooManyRequests as error:
        response = _form(name, error.description or "", 429)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if who is None:
        return _form(name, "Name or password is wrong.", 401)
    response = redirect(_target(), code=303)
    welcome(response, who)
    return response


@blueprint.post("/logout")
@needs(Scope.READ)
def logout() -> Response:
    """End the login of this browser."""
    response = redirect(url_for("login.show", done="logout"), code=303)
    if visitor().login:
        with context().database.write() as session:
            logins.end(session, visitor().login)
    cookies.take(response, request)
    return response


def welcome(response: Response, who: Known) -> None:
    """Begin a login for whoever has shown a password; whatever the browser had before ends."""
    here = context()
    old = door().of_cookie(request)
    with here.database.write() as session:
        if old is not None:
            logins.end(session, old.login)
        _, secret = logins.start(
            session,
            who.name,
            who.proof,
            here.clock.now(),
            address=address(request),
            program=request.headers.get("User-Agent", ""),
        )
    cookies.give(response, request, secret)


def _form(name: str = "", error: str = "", status: int = 200, *, notice: str = "") -> Response:
    g.visitor = None
    secret = cookies.given_form(request)
    if not re.fullmatch("[0-9a-f]{64}", secret):
        secret = secrets.token_hex(32)
    page = render_template(
        "login.html",
        name=name[:100],
        error=error,
        notice=notice,
        login_token=_token(secret),
        target=_target(),
        nobody=_is_nobody_known(),
    )
    response = current_app.make_response((page, status))
    cookies.give_form(response, request, secret)
    return response


def _token(secret: str) -> str:
    return hmac.new(secret.encode(errors="replace"), b"pyca login form", hashlib.sha256).hexdigest()


def _target() -> str:
    """Return the address to go on to; one that leads to another machine is not taken."""
    wanted = request.values.get("next", "")
    home = url_for("now.show")
    if len(wanted) > _LONGEST or not _LOCAL.fullmatch(wanted) or wanted.startswith(("/login", "/logout")):
        return home
    return wanted


def _is_nobody_known() -> bool:
    """Tell whether there is nobody who could log in, as after the database was lost."""
    if context().settings.ui.password:
        return False
    with context().database.read() as session:
        return not accounts.exists(session)
