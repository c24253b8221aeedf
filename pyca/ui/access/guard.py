"""The door: who asks is found out before every request, and forged forms are refused."""

import hashlib
import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, g, request
from werkzeug.exceptions import Forbidden, Unauthorized

from pyca.config.settings import Ui
from pyca.core.access import Scope
from pyca.ui.access.headers import harden
from pyca.ui.access.rights import Means, Visitor, needed


def protect(app: Flask, ui: Ui) -> None:
    """Find out who asks before every request, and refuse what they may not do."""

    def guard() -> None:
        view = current_app.view_functions.get(request.endpoint or "")
        scope = needed(view, request.method)
        g.visitor = _recognise(request, ui)
        if scope is None:
            return
        if g.visitor is None:
            raise Unauthorized("User and password are needed.")
        if not g.visitor.scope.covers(scope):
            raise Forbidden(f"This needs the right “{scope}”; “{g.visitor.name}” has “{g.visitor.scope}”.")
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            _check_origin(request)
            if not request.path.startswith("/api"):
                _check_form(request, g.visitor)

    app.before_request(guard)
    app.after_request(harden)
    app.context_processor(_known)


def form_token(ui: Ui) -> str:
    """Return the secret of our own forms: the same in every process, known only with the password."""
    key = hashlib.sha256(b"pyca form token\0" + ui.password.encode()).digest()
    return hmac.new(key, ui.username.encode(), hashlib.sha256).hexdigest()


def _known() -> dict[str, Any]:
    """Return what every template knows about who asks."""
    who: Visitor | None = g.get("visitor")
    return {"visitor": who, "form_token": who.form_token if who else ""}


def _recognise(asked: Request, ui: Ui) -> Visitor | None:
    given = asked.authorization
    if given is None or given.type != "basic":
        return None
    name = hmac.compare_digest((given.username or "").encode(), ui.username.encode())
    word = hmac.compare_digest((given.password or "").encode(), ui.password.encode())
    # Both are compared before either is judged: a wrong name must take as long as a wrong password.
    return Visitor(ui.username, Scope.ADMIN, Means.BASIC, form_token(ui)) if name & word else None


def _check_origin(asked: Request) -> None:
    """Refuse what another site made the browser send.

    :raises Forbidden: where its origin is another one
    """
    if asked.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This form was sent by another site.")
    origin = asked.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc != asked.host:
        raise Forbidden("This form was sent by another site, or a proxy hides the name of this one.")


def _check_form(asked: Request, who: Visitor) -> None:
    """Refuse a form that is not ours.

    :raises Forbidden: where its token is missing or of another login
    """
    if not hmac.compare_digest(asked.form.get("token", "").encode(), who.form_token.encode()):
        raise Forbidden("This form is too old. Open the page again and repeat what you did.")
