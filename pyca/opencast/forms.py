"""Multipart fields as curl takes them."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pycurl

_LONGEST_NAME = 75
"""Opencast cuts file names to this length."""


@dataclass(frozen=True)
class FilePart:
    """A file of a multipart form, streamed from disk.

    :param filename: the name told to the server; the path's own name, made ASCII and short, where empty
    """

    path: Path
    filename: str = ""
    mimetype: str = "application/octet-stream"


Field = str | FilePart


def add_field(form: pycurl.CurlMime, name: str, value: Field) -> None:
    """Append a field to a form.

    :raises pycurl.error: where its file cannot be read
    """
    if isinstance(value, str):
        form.add_field(name.encode("utf-8"), value.encode("utf-8"))
        return
    filename = value.filename or short_name(value.path)
    form.add_file(name, bytes(value.path), filename=filename, content_type=value.mimetype)


def size_of(fields: Sequence[tuple[str, Field]]) -> int:
    """Return the bytes of all files among the fields."""
    return sum(value.path.stat().st_size for _, value in fields if isinstance(value, FilePart))


def is_missing(path: Path) -> bool:
    """Return True for a file that does not exist, False where the disk only refuses to show it."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def short_name(path: Path) -> str:
    """Return a file name that every server keeps: ASCII, at most 75 characters, the extension kept."""
    folded = unicodedata.normalize("NFKD", path.name).encode("ascii", "ignore").decode()
    clean = "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in folded)
    stem, dot, extension = clean.rpartition(".")
    if not dot:
        return clean[:_LONGEST_NAME] or "file"
    extension = extension[:16]
    return f"{stem[: _LONGEST_NAME - len(extension) - 1] or 'file'}.{extension}"
