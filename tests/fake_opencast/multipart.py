"""Multipart bodies of any size: fields in memory, the file straight to disk and through sha256."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

PIECE = 1 << 18
FORM_LIMIT = 1_500_000
"""Opencast's limit for urlencoded forms in bytes."""


@dataclass
class StoredFile:
    """A file as it arrived."""

    name: str
    path: Path
    size: int = 0
    sha256: str = ""
    mimetype: str = ""


class Reader:
    """Reads parts from a stream one after another, holding no more than a few pieces."""

    def __init__(self, stream: Any, boundary: bytes) -> None:
        self.stream = stream
        self.mark = b"\r\n--" + boundary
        self.buffer = b"\r\n"
        self._until(self.mark)

    def headers(self) -> dict[str, str] | None:
        """Return the next part's headers, None after the last part."""
        while len(self.buffer) < 2 and self._fill():
            pass
        if self.buffer.startswith(b"--"):
            return None
        block = self._until(b"\r\n\r\n").decode("utf-8")
        lines = [line.partition(":") for line in block.split("\r\n") if line.strip()]
        return {name.strip().lower(): value.strip() for name, _, value in lines}

    def value(self) -> str:
        """Return the present part's body as text."""
        return self._until(self.mark).decode("utf-8")

    def save(self, path: Path) -> tuple[int, str]:
        """Write the present part's body to disk; return its size and sha256."""
        digest, size = hashlib.sha256(), 0
        keep = len(self.mark) - 1
        with path.open("wb") as file:
            while (at := self.buffer.find(self.mark)) < 0:
                piece, self.buffer = self.buffer[:-keep], self.buffer[-keep:]
                file.write(piece)
                digest.update(piece)
                size += len(piece)
                if not self._fill():
                    raise ValueError("the multipart body ends early")
            file.write(self.buffer[:at])
            digest.update(self.buffer[:at])
            size += at
            self.buffer = self.buffer[at + len(self.mark) :]
        return size, digest.hexdigest()

    def _until(self, mark: bytes) -> bytes:
        while (at := self.buffer.find(mark)) < 0:
            if not self._fill():
                raise ValueError("the multipart body ends early")
        found, self.buffer = self.buffer[:at], self.buffer[at + len(mark) :]
        return found

    def _fill(self) -> bool:
        data = self.stream.read(PIECE)
        self.buffer += data
        return bool(data)


def reader(environ: dict[str, Any]) -> Reader | None:
    """Return a reader for a multipart request, None for any other."""
    match = re.search(r'multipart/form-data;.*boundary="?([^";]+)', environ["CONTENT_TYPE"])
    return Reader(environ["wsgi.input"], match[1].encode()) if match else None


def parameter(header: str, name: str) -> str | None:
    """Return such as the ``filename`` of a Content-Disposition."""
    match = re.search(rf'[; ]{name}="((?:[^"\\]|\\.)*)"', header)
    return match[1].replace('\\"', '"') if match else None


def form(environ: dict[str, Any]) -> dict[str, str]:
    """Return the fields of a form in either encoding; files are not wanted.

    :raises ValueError: where an urlencoded form is larger than the server's limit
    """
    parts = reader(environ)
    if parts is None:
        if int(environ["CONTENT_LENGTH"] or 0) > FORM_LIMIT:
            raise ValueError("form too large")
        return dict(parse_qsl(_read_all(environ["wsgi.input"]).decode("utf-8"), keep_blank_values=True))
    fields = {}
    while (headers := parts.headers()) is not None:
        name = parameter(headers.get("content-disposition", ""), "name") or ""
        fields[name] = parts.value()
    drain(environ["wsgi.input"])
    return fields


def drain(stream: Any) -> None:
    """Read the rest of a body, so that the connection can be used again."""
    while stream.read(PIECE):
        pass


def _read_all(stream: Any) -> bytes:
    pieces = []
    while piece := stream.read(PIECE):
        pieces.append(piece)
    return b"".join(pieces)
