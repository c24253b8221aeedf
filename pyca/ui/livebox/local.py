"""Who may come in where the application listens on loopback alone: everybody on this machine, no other site.

What a proxy of this machine passes on comes from elsewhere: whoever sends it has to log in.

Browsers let every page on the web send requests to this machine. Pages of other sites are told by what
browsers say of where a request comes from, and by the name under which this machine was asked for: a
stranger's name may lead to 127.0.0.1 too (DNS rebinding).
"""

import secrets

from flask import Flask, Request, g, request
from werkzeug.exceptions import Forbidden

from pyca.config.addresses import is_loopback
from pyca.core.access import Scope
from pyca.ui.access.door import Door
from pyca.ui.access.forms import SAFE
from pyca.ui.access.rights import Means, Visitor
from pyca.ui.api.area import is_api

_NAMES = "localhost, 127.0.0.1 or [::1]"
SIGNS_OF_A_PROXY = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP")


class OpenDoor(Door):
    """Lets everybody in who works on this machine."""

    def recognise(self, asked: Request) -> Visitor | None:
        """Return somebody who may do everything; credentials are not looked at.

        :raises Unauthorized: where a proxy passes on wrong ones
        :raises TooManyRequests: where a proxy passes on wrong ones too often
        """
        return super().recognise(asked) if is_passed_on(asked) else _whoever()

    def of_cookie(self, asked: Request) -> Visitor | None:
        """Return the same: nobody has to log in here."""
        return super().of_cookie(asked) if is_passed_on(asked) else _whoever()


def register(app: Flask) -> None:
    """Make an application refuse what other sites have browsers send. Call it before all other checks."""
    app.before_request(_check)


def _check() -> None:
    """Refuse a request that comes from another site, or was meant for another machine.

    :raises Forbidden: saying what is wrong
    """
    g.visitor = None
    if is_passed_on(request):
        return  # The proxy's name is another one, and who asks has to log in.
    name = request.host.rpartition(":")[0] if _has_port(request.host) else request.host
    if not is_loopback(name):
        raise Forbidden(f"This address is for this machine alone: ask it as {_NAMES}.")
    # A link on another site may lead to a page of ours; what programs ask is for our own pages.
    if request.method in SAFE and not is_api(request.path):
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
        raise Forbidden("This was sent by another site, and nothing was changed.")
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        raise Forbidden("This was sent by another site, and nothing was changed.")


def _whoever() -> Visitor:
    return Visitor("this machine", Scope.ADMIN, Means.HERE, secrets.token_hex(16))


def is_passed_on(asked: Request) -> bool:
    """Tell whether a proxy passes a request on, so that it may come from anywhere."""
    # A proxy that says nothing of itself speaks HTTP/1.0 unless it is told otherwise, as nginx does.
    old = asked.environ.get("SERVER_PROTOCOL") == "HTTP/1.0"
    return old or any(sign in asked.headers for sign in SIGNS_OF_A_PROXY)


def _has_port(host: str) -> bool:
    return ":" in host.rpartition("]")[2]
