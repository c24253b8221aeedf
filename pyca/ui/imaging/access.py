"""Who may use the camera or the pipeline server: whoever its ``authentication`` lets in, and no other site.

Browsers let every page on the web send requests to this machine and to all that it reaches. While everybody
may do everything here, pages of other sites are told by what browsers say of where a request comes from, and,
where we listen on loopback alone, by the name under which we were asked for: a stranger's name may lead to
127.0.0.1 too (DNS rebinding). Who has to log in is checked as on all our pages.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from flask import Flask, Request, Response, g, request
from werkzeug.exceptions import Forbidden

from pyca.config.addresses import is_loopback
from pyca.core.access import Scope
from pyca.ui.access.door import Door
from pyca.ui.access.forms import SAFE
from pyca.ui.access.rights import Means, Visitor
from pyca.ui.api.area import is_api
from pyca.ui.imaging.room import room
from pyca.ui.livebox.local import OpenDoor, is_passed_on

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "PUT, GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Origin, Accept, Content-Type, X-Requested-With, X-CSRF-Token, Authorization"
    ),
}
"""On every answer but a page of ours that a stranger's page asks for. They let nobody come in."""
BASE_OF_ALL = "/base"
"""where programs ask for the rest"""
_ELSEWHERE = "This was sent by another web site, and nothing was done."
_NAMES = "localhost, 127.0.0.1 or [::1]"


class LocalDoor(OpenDoor):
    """Lets everybody in who works on this machine; who comes by a proxy has to log in."""

    def recognise(self, asked: Request) -> Visitor | None:
        """Return who sends a request.

        :raises Unauthorized: where a proxy passes on wrong credentials
        :raises TooManyRequests: where a proxy passes on wrong ones too often
        """
        return _checked(super().recognise(asked))

    def of_cookie(self, asked: Request) -> Visitor | None:
        """Return the same; nobody else has to log in."""
        return _checked(super().of_cookie(asked))


class WideDoor(Door):
    """Lets everybody in who reaches the server."""

    def recognise(self, asked: Request) -> Visitor | None:
        """Return somebody who may do everything; credentials are not looked at."""
        return _anybody("everybody")

    def of_cookie(self, asked: Request) -> Visitor | None:
        """Return the same: nobody has to log in here."""
        return _anybody("everybody")


def door_for(authentication: str, *, is_local: bool) -> type[Door]:
    """Return how people come in.

    :param authentication: “auto”, “on” or “off”
    :param is_local: True where we listen on loopback alone
    """
    if authentication == "off":
        return WideDoor
    return LocalDoor if authentication == "auto" and is_local else Door


def register(app: Flask, kind: type[Door], *, is_local: bool) -> None:
    """Make an application refuse what other sites have browsers send, and let other sites read what it says.

    Call it before all other checks.

    :param kind: how people come in
    :param is_local: True where we listen on loopback alone
    """
    app.before_request(_questions)
    app.after_request(_tell_browsers(kind))
    if kind is not Door:
        app.before_request(_check_for(kind, is_local))


def _questions() -> Response | None:
    """Answer what browsers ask before they ask."""
    return Response() if request.method == "OPTIONS" else None


def _tell_browsers(kind: type[Door]) -> Callable[[Response], Response]:
    def tell(response: Response) -> Response:
        is_for_programs = is_api(request.path) or request.path == BASE_OF_ALL
        if is_for_programs or _may_read():
            response.headers.update(CORS)
        if not is_for_programs:
            response.vary.add("Origin")
        elif room().section.origins or kind is WideDoor:
            # Their pages may also show our pictures, which browsers decide by this.
            response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
        return response

    return tell


def _may_read() -> bool:
    """Tell whether our pages may be read by whoever asks: by programs, and by pages that are welcome."""
    origin = request.headers.get("Origin")
    return origin is None or _is_welcome(origin)


def _check_for(kind: type[Door], is_local: bool) -> Callable[[], None]:
    def check() -> None:
        g.visitor = None
        if kind is LocalDoor and is_passed_on(request):
            return  # The proxy's name is another one, and who asks has to log in.
        if is_local:
            _check_name()
        _check_sender()

    return check


def _check_name() -> None:
    """Refuse a request that was meant for another machine.

    :raises Forbidden: saying how to ask
    """
    name = _host(f"http://{request.host}")
    allowed = [_host(one) for one in room().section.origins]
    if not is_loopback(name) and name not in allowed:
        raise Forbidden(f"This address is for this machine alone: ask it as {_NAMES}.")


def _check_sender() -> None:
    """Refuse what another site made a browser send.

    :raises Forbidden: where it is not one of the ``origins`` of the section
    """
    # A link on another site may lead to a page of ours; what programs ask is for our own pages.
    if request.method in SAFE and not is_api(request.path):
        return
    origin = request.headers.get("Origin")
    if origin is None:
        # Of a picture in a page browsers tell no origin, but where that page is.
        site, page = request.headers.get("Sec-Fetch-Site"), request.headers.get("Referer")
        if site in ("same-origin", "none") or (site is None and page is None):
            return
        origin = page or "null"
    if not _is_welcome(origin):
        raise Forbidden(_ELSEWHERE)


def _is_welcome(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
        place, name = f"{parts.scheme}://{parts.netloc}", parts.hostname or ""
    except ValueError:
        return "*" in room().section.origins
    if place == request.host_url.rstrip("/") or is_loopback(name):
        return True
    return any(one == "*" or one.rstrip("/").lower() == place.lower() for one in room().section.origins)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return ""


def _checked(found: Visitor | None) -> Visitor | None:
    """Return a visitor whose requests were looked at here already."""
    return replace(found, means=Means.ANYBODY) if found and found.means is Means.HERE else found


def _anybody(name: str) -> Visitor:
    return Visitor(name, Scope.ADMIN, Means.ANYBODY, secrets.token_hex(16))
