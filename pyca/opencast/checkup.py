"""Asking a server, without changing anything, whether an agent can work with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from pyca.config.settings import Server
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.opencast.agent import Identity, whoami
from pyca.opencast.discovery import ServiceType
from pyca.opencast.http import Http
from pyca.opencast.refusals import place

_FORBIDDEN = 403
_NOT_FOUND = 404
_ANY_ANSWER = range(300, 600)


@dataclass(frozen=True)
class Greeting:
    """The server's first words."""

    ahead: float | None
    """seconds by which the server's clock is ahead of ours; None where it does not tell the time"""
    unsure: float
    """how many seconds that may be wrong by"""


@contextmanager
def patient(server: Server, clock: Clock, limit: float) -> Iterator[Http]:
    """Open a client that gives up soon and leaves no cookies behind.

    :param limit: seconds for all that is asked
    """
    given_up = clock.monotonic() + limit
    forgetful = replace(server, cookiefile=None)
    with Http(forgetful, progress=lambda: clock.monotonic() > given_up) as http:
        try:
            yield http
        except DeliveryError as error:
            if clock.monotonic() <= given_up or error.status:
                raise
            raise DeliveryError(
                f"{place(server.url)}: no answer within {limit:.0f} s",
                "is the server overloaded, or the network?",
            ) from error


def greet(http: Http, clock: Clock) -> Greeting:
    """Ask what everybody may, and compare the clocks.

    :raises DeliveryError: where no answer comes, or one that no Opencast gives
    """
    asked = clock.now()
    response = http.get(f"{http.server.url.rstrip('/')}/info/health", allow=_ANY_ANSWER)
    answered = clock.now()
    try:
        theirs = parsedate_to_datetime(response.headers.get("date", "")).timestamp()
    except ValueError:
        return Greeting(None, 0.0)
    # The header leaves out what is less than a second.
    return Greeting(theirs + 0.5 - (asked + answered) / 2, 0.5 + (answered - asked) / 2)


def log_in(http: Http) -> Identity:
    """Log in and return whom the server takes us for.

    :raises DeliveryError: where it does not accept user name and password, or cannot be asked
    """
    # Who one is everybody may ask; only what is guarded asks for the password, and with Digest it has to.
    try:
        url = f"{http.server.url.rstrip('/')}/services/available.json"
        http.get(url, params={"serviceType": ServiceType.INGEST})
    except DeliveryError as error:
        if error.status != _FORBIDDEN:
            raise
    return whoami(http)


def reach(http: Http, address: str) -> None:
    """Connect to a service, whatever it answers: another node may have it, with a name that we do not know.

    :raises DeliveryError: where nobody answers
    """
    try:
        http.get(address, allow=_ANY_ANSWER)
    except DeliveryError as error:
        if not error.status:
            raise


def is_known(http: Http, address: str, name: str) -> bool:
    """Tell whether an agent of this name has registered.

    :param address: of the capture-admin service
    :raises DeliveryError: where it cannot be asked
    """
    url = f"{address}/agents/{quote(name, safe='')}.json"
    return http.get(url, allow=(_NOT_FOUND,)).status != _NOT_FOUND
