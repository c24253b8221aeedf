"""Requests to a server of ours by Python's own library, and what becomes of its answers."""

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request, build_opener

from pyca.core.errors import ImagingError

PREFIX = "/api/v1"
LIMITS = "an image may have 210 MB, a library 50 MB, a configuration or a script 1 MB"
_SHOWN = 200
"""characters of an answer that nobody expected"""

Parameters = Mapping[str, str | int | float | None]
"""what is None is left out"""


class RefusedError(ImagingError, ValueError):
    """The server says no, in these words, or nothing sensible. A ``ValueError``, as existing programs expect.

    :param message: the server's own, unchanged: programs compare it
    :param status: the HTTP status, 0 where the server was not asked
    :param advice: what the server says beside that, such as why or what helps; shown below a traceback
    """

    def __init__(self, message: str, remedy: str = "", *, status: int = 0, advice: str = "") -> None:
        super().__init__(message, remedy)
        self.status = status
        self.advice = advice
        if advice:
            self.add_note(advice)


class UnreachableError(ImagingError, ConnectionError):
    """Nobody answers at the address, or not in time."""


class TooMuchError(OSError):
    """The server ended the connection while it was sent something.

    :param size: bytes that it was sent
    """

    def __init__(self, size: int) -> None:
        super().__init__(f"ended the connection while it was sent {size} bytes")


@dataclass(frozen=True)
class Answer:
    """What came back.

    :param kind: the media type, such as ``image/png``
    """

    status: int
    kind: str
    body: bytes


class _Patient(http.client.HTTPConnection):
    """Reads the answer also where the server did not want all that was sent."""

    def request(self, method: str, url: str, body: Any = None, *more: Any, **options: Any) -> None:
        """Send a request."""
        try:
            super().request(method, url, body, *more, **options)
        except (BrokenPipeError, ConnectionResetError) as error:
            if body is None or self.sock is None:
                raise
            try:
                self._early = self.getresponse()
            except (OSError, http.client.HTTPException):
                raise TooMuchError(len(body)) from error

    def getresponse(self) -> http.client.HTTPResponse:
        """Return the answer."""
        early, self._early = self._early, None
        return early or super().getresponse()

    _early: http.client.HTTPResponse | None = None


class _PatientWithTls(_Patient, http.client.HTTPSConnection):
    pass


class _Handler(HTTPHandler):
    def http_open(self, req: Request) -> http.client.HTTPResponse:
        """Ask a server."""
        return self.do_open(_Patient, req)


class _HandlerWithTls(HTTPSHandler):
    def https_open(self, req: Request) -> http.client.HTTPResponse:
        """Ask a server."""
        return self.do_open(_PatientWithTls, req)


class Connection:
    """Asks one server. Safe to be used by several threads: nothing is kept between two requests.

    :param address: of the server, such as ``http://localhost:8888/``
    :param timeout: seconds of silence after which the server counts as away
    :param token: of an account, where the server wants one
    :raises RefusedError: where the address is none
    """

    def __init__(self, address: str, timeout: float, token: str | None) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise RefusedError(f"found “{address}”, expected an address such as http://localhost:8888/")
        if token is not None and not (token.isascii() and token.isprintable()):
            kind = "a line break" if {"\r", "\n"} & set(token) else "a character that no token has"
            raise RefusedError(f"the token has {kind}", "give it as “pyca user token” printed it")
        self.address = address
        self._base = address.rstrip("/") + PREFIX
        self._timeout = timeout
        self._token = token
        # The server is in the same network: proxies of the environment lead elsewhere.
        self._opener: OpenerDirector = build_opener(ProxyHandler({}), _Handler, _HandlerWithTls)

    def ask(
        self,
        method: str,
        *path: str,
        parameters: Parameters | None = None,
        body: bytes | None = None,
        kind: str = "application/json",
        slash: bool = False,
        timeout: float | None = None,
    ) -> Answer:
        """Send a request and return the answer, also one that is a refusal.

        :param path: its parts below ``/api/v1``
        :param kind: media type of the body
        :param slash: whether the path has one at its end
        :param timeout: seconds, in place of those of all requests
        :raises RefusedError: where a part of the path is no name
        :raises UnreachableError: where nobody answers
        """
        for part in path:
            _check_name(part)
        url = "/".join((self._base, *(quote(part, safe="") for part in path), *([""] if slash else [])))
        given = {name: value for name, value in (parameters or {}).items() if value is not None}
        request = Request(f"{url}?{urlencode(given)}" if given else url, data=body, method=method)
        if body is not None:
            request.add_header("Content-Type", kind)
        if self._token:
            # Another server, to which this one may lead, is not told.
            request.add_unredirected_header("Authorization", f"Bearer {self._token}")
        return self._sent(request, self._timeout if timeout is None else timeout)

    def field(self, name: str, method: str, *path: str, **more: Any) -> Any:
        """Send a request and return one field of the answer.

        :raises RefusedError: where the server refuses, or the answer does not have it
        :raises UnreachableError: where nobody answers
        """
        return self.fields((name,), method, *path, **more)[0]

    def fields(self, names: Sequence[str], method: str, *path: str, **more: Any) -> list[Any]:
        """Send a request and return some fields of the answer.

        :raises RefusedError: where the server refuses, or the answer does not have them
        :raises UnreachableError: where nobody answers
        """
        return self.picked(self.reply(method, *path, **more), *names)

    def picked(self, found: Mapping[str, Any], *names: str) -> list[Any]:
        """Return some fields of an answer.

        :raises RefusedError: where it does not have them
        """
        for name in names:
            if name not in found:
                raise RefusedError(f"the answer of {self._base} has no “{name}”")
        return [found[name] for name in names]

    def reply(self, method: str, *path: str, **more: Any) -> dict[str, Any]:
        """Send a request and return the whole answer, which is ``{"state": "ok", "status": …, …}``.

        :raises RefusedError: where the server refuses, or its answer is none of this kind
        :raises UnreachableError: where nobody answers
        """
        return self.checked(self.ask(method, *path, **more))

    def checked(self, answer: Answer) -> dict[str, Any]:
        """Return the fields of an answer.

        :raises RefusedError: where it is a refusal, or none of a camera or pipeline server
        """
        try:
            found = json.loads(answer.body)
        except ValueError:
            found = None
        if not isinstance(found, dict) or "state" not in found:
            begin = answer.body[:_SHOWN].decode("utf-8", "replace").strip()
            message = f"{self._base} answered with status {answer.status} and no JSON of such a server"
            raise RefusedError(f"{message}: {begin}" if begin else message, status=answer.status)
        if found["state"] != "ok":
            advice = str(found.get("remedy") or "")
            raise RefusedError(str(found.get("status", "")), status=answer.status, advice=advice)
        return found

    def _sent(self, request: Request, timeout: float) -> Answer:
        try:
            with self._opener.open(request, timeout=timeout) as response:
                return Answer(response.status, response.headers.get_content_type(), response.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.headers.get_content_type(), error.read())
        except (OSError, http.client.HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            if isinstance(cause, TooMuchError):
                raise UnreachableError(f"{self.address} {cause}", LIMITS) from error
            raise UnreachableError(
                f"{self.address} {_why(cause, timeout)}", "is the server running?"
            ) from error


def _why(cause: Any, timeout: float) -> str:
    if isinstance(cause, TimeoutError):
        return f"did not answer within {timeout:g} s"
    words = getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
    return f"does not answer: {words}"


def _check_name(name: object) -> None:
    """Refuse what cannot be a name, and would lead elsewhere.

    :raises RefusedError: saying why
    """
    if not isinstance(name, str) or not name.strip():
        raise RefusedError(f"found {name!r}, expected a name")
    if "/" in name:
        raise RefusedError(f"found “{name}”, expected a name, which has no “/”")
