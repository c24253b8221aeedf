"""An answer, and what collects it while it arrives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO


@dataclass(frozen=True)
class Response:
    """The answer to a request. Header names are lower case, values untouched (an ETag keeps every byte)."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def text(self) -> str:
        """The body as UTF-8; bytes that are none are replaced."""
        return self.body.decode("utf-8", "replace")

    @property
    def html(self) -> bool:
        """True for a web page, which no API call of Opencast returns."""
        return self.headers.get("content-type", "").strip().lower().startswith("text/html")


class Receiver:
    """Takes header lines and body as curl hands them over; only the last answer of a dialogue remains."""

    def __init__(self) -> None:
        self.status = 0
        self.digest_challenge = False
        self._headers: dict[str, str] = {}
        self._body = BytesIO()

    def header(self, line: bytes) -> None:
        """Take one header line."""
        text = line.decode("latin-1").rstrip("\r\n")
        if text.startswith("HTTP/"):
            self.status = int(text.split(" ", 2)[1])
            self._headers.clear()
            return
        name, colon, value = text.partition(":")
        if colon:
            self._headers[name.strip().lower()] = value.strip(" \t")
            if name.lower() == "www-authenticate" and value.strip().lower().startswith("digest"):
                self.digest_challenge = True

    def write(self, data: bytes) -> None:
        """Take a piece of the body."""
        self._body.write(data)

    def response(self) -> Response:
        """Return what has arrived."""
        return Response(self.status, dict(self._headers), self._body.getvalue())
