"""Our own forms, told from those of other sites and of other logins."""

import hashlib
import hmac
from urllib.parse import urlsplit

from flask import Request
from werkzeug.exceptions import Forbidden

from pyca.config.settings import Ui
from pyca.ui.access.rights import Means, Visitor
from pyca.ui.api.area import is_api

SAFE = ("GET", "HEAD", "OPTIONS")
_ELSEWHERE = "This was sent by another site, and nothing was changed."


def token_of(secret: str, name: str) -> str:
    """Return the secret of the forms that somebody is shown: the same in every process.

    :param secret: what only they and we know: that of the login, or what proves the password
    """
    key = hashlib.sha256(b"pyca form token\0" + secret.encode()).digest()
    return hmac.new(key, name.encode(), hashlib.sha256).hexdigest()


def form_token(ui: Ui) -> str:
    """Return the secret of the forms that the configured user is shown with user and password."""
    return token_of(ui.password, ui.username)


def check(asked: Request, who: Visitor) -> None:
    """Refuse what changes something and was not sent by our own page, or by a program.

    :raises Forbidden: where another site made the browser send it, or the form is of another login
    """
    if asked.method in SAFE or who.means in (Means.TOKEN, Means.ANYBODY):
        return  # No browser sends a token by itself.
    check_origin(asked)
    if not is_api(asked.path):
        _check_token(asked.form.get("token", ""), who)
    elif who.means is Means.LOGIN and not _is_own(asked):
        _check_token(asked.headers.get("X-CSRF-Token", ""), who)


def check_origin(asked: Request) -> None:
    """Refuse what another site made the browser send.

    :raises Forbidden: where its origin is another one
    """
    if asked.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden(_ELSEWHERE)
    origin = asked.headers.get("Origin")
    if origin is not None and _host(origin) != asked.host:
        raise Forbidden(f"{_ELSEWHERE} Or a proxy hides the name of this one.")


def _is_own(asked: Request) -> bool:
    """Tell whether a browser vouches for our own page; absent headers prove nothing."""
    origin = asked.headers.get("Origin")
    return asked.headers.get("Sec-Fetch-Site") == "same-origin" or (
        origin is not None and _host(origin) == asked.host
    )


def _host(origin: str) -> str:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _check_token(given: str, who: Visitor) -> None:
    if not hmac.compare_digest(given.encode(errors="replace"), who.form_token.encode()):
        raise Forbidden(
            "This form is too old or of another login. Nothing was changed: open the page again and repeat "
            "what you did."
        )
