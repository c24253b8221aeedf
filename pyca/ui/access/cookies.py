"""The cookie that holds a login."""

from flask import Request
from werkzeug.wrappers import Response

from pyca.store.logins import LONGEST_SECONDS
from pyca.ui.access.peer import is_https


def given(asked: Request) -> str:
    """Return the secret that a browser sent, empty where it sent none."""
    return asked.cookies.get(_name(asked, "pyca"), "")


def give(response: Response, asked: Request, secret: str) -> None:
    """Let the browser keep a secret for as long as a login can last."""
    _set(response, asked, "pyca", secret, int(LONGEST_SECONDS), "Lax")


def take(response: Response, asked: Request) -> None:
    """Let the browser forget its secret."""
    _set(response, asked, "pyca", "", 0, "Lax")


def given_form(asked: Request) -> str:
    """Return the secret of the login form."""
    return asked.cookies.get(_name(asked, "pyca-form"), "")


def give_form(response: Response, asked: Request, secret: str) -> None:
    """Let the browser keep the secret of the login form; other sites cannot make it send that."""
    _set(response, asked, "pyca-form", secret, 86_400, "Strict")


def _name(asked: Request, name: str) -> str:
    # Browsers take a name with this prefix over TLS only, so that nobody can plant it from a plain page.
    return f"__Host-{name}" if is_https(asked) else name


def _set(response: Response, asked: Request, name: str, value: str, seconds: int, same_site: str) -> None:
    response.set_cookie(
        _name(asked, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_https(asked),
        httponly=True,
        samesite=same_site,
    )
