"""The guard: before every request it finds out who asks, and refuses what they may not do."""

from typing import Any
from urllib.parse import quote

from flask import Flask, Request, current_app, g, redirect, request, url_for
from werkzeug.exceptions import Forbidden, RequestEntityTooLarge, Unauthorized
from werkzeug.wrappers import Response

from pyca.ui.access import cookies, forms
from pyca.ui.access.door import Door, attach, door
from pyca.ui.access.forms import form_token
from pyca.ui.access.headers import harden
from pyca.ui.access.rights import Visitor, needed, public
from pyca.ui.api.area import is_api

__all__ = ["form_token", "protect"]

_FOR_PROGRAMS = "Log in first: by the page /login, with user and password, or with a token."
_FOR_PEOPLE = "Your login has ended. Log in again."


def protect(app: Flask, made: Door) -> None:
    """Find out who asks before every request, and refuse what they may not do.

    :param made: knows how somebody comes in
    """
    attach(app, made)
    # Style sheets and scripts are published with the program, and the login page needs them.
    public(app.view_functions["static"])
    app.before_request(_guard)
    app.after_request(harden)
    app.context_processor(_known)


def wants_challenge(asked: Request) -> bool:
    """Tell whether a refusal should ask for user and password, which makes browsers open their own window."""
    signs = ("Sec-Fetch-Mode", "Sec-Fetch-Site", "Origin", "Referer")
    return not any(sign in asked.headers for sign in signs) and not cookies.given(asked)


def _guard() -> Response | None:
    _insist_on_whole_body(request)
    scope = needed(current_app.view_functions.get(request.endpoint or ""), request.method)
    g.visitor = None
    if scope is None:
        return None
    who = g.visitor = door().recognise(request)
    if who is None:
        if _is_navigation(request):
            return redirect(url_for("login.show", next=_here(request)), code=303)
        raise Unauthorized(_FOR_PROGRAMS if wants_challenge(request) or is_api(request.path) else _FOR_PEOPLE)
    if not who.scope.covers(scope):
        raise Forbidden(f"This needs the right “{scope}”; “{who.name}” has “{who.scope}” here.")
    if request.routing_exception is None:  # else nothing happens, and that is told
        forms.check(request, who)
    return None


def _insist_on_whole_body(asked: Request) -> None:
    """Refuse a body that is too long without having said so.

    :raises RequestEntityTooLarge: where there is more than is read of it
    """
    longest = asked.max_content_length
    if longest is None or asked.content_length is not None or asked.method in forms.SAFE:
        return
    # What comes in chunks is cut at the limit in silence; half a form must not be taken for a whole one.
    if len(asked.get_data()) >= longest:
        raise RequestEntityTooLarge


def _known() -> dict[str, Any]:
    """Return what every template knows about who asks."""
    who: Visitor | None = g.get("visitor")
    return {"visitor": who, "form_token": who.form_token if who else ""}


def _is_navigation(asked: Request) -> bool:
    """Tell whether somebody opens a page in a browser."""
    if asked.method not in ("GET", "HEAD") or is_api(asked.path):
        return False
    mode = asked.headers.get("Sec-Fetch-Mode", "navigate")
    return mode == "navigate" and "text/html" in asked.headers.get("Accept", "").lower()


def _here(asked: Request) -> str | None:
    """Return the address that was asked for, without the name of the machine; None for the first page."""
    query = asked.query_string.decode("ascii", "replace")
    if asked.path == "/" and not query:
        return None
    path = quote(asked.script_root + asked.path, safe="/:@!$&'()*+,;=~")
    return f"{path}?{query}" if query else path
