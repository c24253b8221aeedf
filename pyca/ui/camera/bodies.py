"""How much may be sent to the camera server; more is refused before it is read."""

import json

from waitress.utilities import Error

from pyca.ui.camera.access import CORS
from pyca.ui.camera.envelope import MEDIA_TYPE
from pyca.ui.connections import Reader

LONGEST_JSON = 1_000_000
"""Bytes of a configuration or a script."""
LONGEST_ARRAY = 200_000_000
"""Bytes of an image."""
_TOO_MUCH = "What was sent holds more than is read here: {most} bytes at most."


def most_of(method: str, path: str) -> int:
    """Return how many bytes a request may send."""
    is_array = method == "PUT" and path.startswith("/api/v1/cam/background/")
    return LONGEST_ARRAY if is_array else LONGEST_JSON


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

    def received(self, data: bytes) -> int:
        """Take a part of a request; returns how much of it belonged to it."""
        taken: int = super().received(data)
        most = most_of(self.command, self.path) if self.headers_finished else LONGEST_ARRAY
        if max(self.content_length, self.body_bytes_received) > most:
            self.error = RefusedError(413, "Request Entity Too Large", _TOO_MUCH.format(most=most))
        elif self.error is not None and not isinstance(self.error, RefusedError):
            self.error = RefusedError(self.error.code, self.error.reason, str(self.error.body))
        if self.error is not None:
            self.completed = True
            self.expect_continue = False  # nobody shall send the rest
        return taken
