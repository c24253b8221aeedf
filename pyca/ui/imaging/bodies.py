"""How much may be sent to the camera and pipeline servers; more is refused before it is read."""

import json
from collections.abc import Mapping

from waitress.utilities import Error

from pyca.ui.access.door import Door
from pyca.ui.connections import Reader
from pyca.ui.imaging.access import CORS, LocalDoor, WideDoor
from pyca.ui.imaging.envelope import MEDIA_TYPE
from pyca.ui.livebox.local import SIGNS_OF_A_PROXY

LONGEST_JSON = 1_000_000
"""Bytes of a configuration or a script."""
LONGEST_ARRAY = 210_000_000
"""Bytes of an image: 4096 × 4096 of 16 bits, also as old clients may send it, with six bytes for a zero."""
LONGEST_LISTS = 32_000_000
"""Bytes of an image as lists of numbers in JSON: 2048 × 2048 of 16 bits."""
LONGEST_LIBRARY = 50_000_000
"""Bytes of a library of user scripts."""
_LARGE = (
    ("PUT", "/api/v1/cam/background/", LONGEST_ARRAY),
    ("PUT", "/api/v1/pipeline/background/", LONGEST_ARRAY),
    ("PUT", "/api/v1/pipeline/lib/", LONGEST_LIBRARY),
    ("POST", "/api/v1/pipeline/background", LONGEST_LISTS),
)
_STRANGER = "Log in first: what holds more than {most} bytes is read of those alone who say who they are."
_TOO_MUCH = "What was sent holds more than is read here: {most} bytes at most."


def most_of(method: str, path: str) -> int:
    """Return how many bytes a request may send."""
    found = (most for verb, begin, most in _LARGE if method == verb and path.startswith(begin))
    return next(found, LONGEST_JSON)


class RefusedError(Error):  # type: ignore[misc]
    """A refusal by the server itself, in the words of the interface."""

    def __init__(self, code: int, reason: str, body: str) -> None:
        super().__init__(body)
        self.code, self.reason = code, reason

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        """Return status, headers and body."""
        text = json.dumps({"state": "error", "status": self.body}, ensure_ascii=False)
        headers = [("Content-Type", MEDIA_TYPE), *CORS.items()]
        return f"{self.code} {self.reason}", headers, text.encode("utf-8", "replace")


class Parser(Reader):
    """Reads requests, and stops where one grows too large."""

    error: Error | None = None

    def is_welcome(self) -> bool:
        """Tell whether whoever sends this may send a large body; those who may at all are known later."""
        return True

    def received(self, data: bytes) -> int:
        """Take a part of a request; returns how much of it belonged to it."""
        taken: int = super().received(data)
        most = most_of(self.command, self.path) if self.headers_finished else LONGEST_ARRAY
        if self._grown() > most:
            self.error = RefusedError(413, "Request Entity Too Large", _TOO_MUCH.format(most=most))
        elif self._grown() > LONGEST_JSON and self.headers_finished and not self.is_welcome():
            self.error = RefusedError(401, "Unauthorized", _STRANGER.format(most=LONGEST_JSON))
        elif self.error is not None and not isinstance(self.error, RefusedError):
            self.error = RefusedError(self.error.code, self.error.reason, str(self.error.body))
        if self.error is not None:
            self.completed = True
            self.expect_continue = False  # nobody shall send the rest
        return taken

    def _grown(self) -> int:
        """Return how many bytes there are, or will be."""
        grown: int = max(self.content_length, self.body_bytes_received)
        return grown


class NetworkParser(Parser):
    """Reads large bodies only of those who say who they are; whether that is true is found out later."""

    def is_welcome(self) -> bool:
        """Tell whether a request has credentials, or the cookie of a login."""
        return "AUTHORIZATION" in self.headers or "pyca=" in self.headers.get("COOKIE", "")


class LocalParser(NetworkParser):
    """Reads large bodies also of everybody on this machine; what a proxy passes on may come from anywhere."""

    def is_welcome(self) -> bool:
        """Tell whether a request comes from this machine, or has credentials."""
        signs = {sign.upper().replace("-", "_") for sign in SIGNS_OF_A_PROXY}
        is_passed_on = self.version == "1.0" or not signs.isdisjoint(self.headers)
        return not is_passed_on or super().is_welcome()


def parser_for(kind: type[Door]) -> type[Parser]:
    """Return what reads the requests of those who come in by a door."""
    known: Mapping[type[Door], type[Parser]] = {WideDoor: Parser, LocalDoor: LocalParser}
    return known.get(kind, NetworkParser)
