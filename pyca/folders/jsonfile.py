"""JSON as people write it by hand: what is wrong is told with its line."""

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from pyca.core.errors import ImagingError, MachineError
from pyca.media.durable import sync_folder, write_durably
from pyca.runtime.files import read_regular

LARGEST = 1_000_000
"""bytes of a configuration; nobody needs more"""


def load(file: Path) -> Any:
    """Return what a file of JSON holds.

    :raises ImagingError: where it cannot be read, is no regular file, is too large, or is no JSON
    """
    try:
        text = read_regular(file, LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise MachineError(f"“{file}” cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ImagingError(f"“{file}” is no text in UTF-8: see byte {error.start}.") from error
    try:
        return json.loads(text, parse_constant=_refuse, object_pairs_hook=_once)
    except json.JSONDecodeError as error:
        line = text.splitlines()[error.lineno - 1 : error.lineno]
        comment = "//" in "".join(line) or "/*" in "".join(line) or "#" in "".join(line)
        raise ImagingError(
            f"“{file}” is no JSON: line {error.lineno}, column {error.colno}: {error.msg}.",
            "JSON has no comments." if comment else "",
        ) from error
    except ValueError as error:
        raise ImagingError(f"“{file}” is no JSON: {error}.") from error
    except RecursionError as error:
        raise ImagingError(f"“{file}” is no configuration: it is nested too deeply.") from error


def save(file: Path, value: Any) -> None:
    """Write a file of JSON, the whole of it or nothing.

    :raises ImagingError: where it cannot be written; the old file stays
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        # Half a letter can be written as JSON, but not as UTF-8.
        data = (json.dumps(value, indent=2, allow_nan=False) + "\n").encode("ascii")
    if len(data) > LARGEST:
        raise ImagingError(f"A configuration of {len(data)} bytes is too large, {LARGEST} are allowed.")
    try:
        write_durably(file, data)
    except OSError as error:
        remedy = "The file is as it was. Free some space, or let the server write to its folder."
        raise MachineError(f"“{file}” cannot be written: {error.strerror}.", remedy) from error


def move(before: Path, after: Path, value: Any) -> None:
    """Write a file of JSON under another name, and only then take the old one away.

    A link stays one: who keeps the file elsewhere goes on doing so.

    :param after: not there yet
    :raises ImagingError: where that is impossible; the old file stays, and there is no new one
    """
    try:
        if before.is_symlink():
            after.symlink_to(before.readlink())
        save(after, value)
        before.unlink()
        sync_folder(before.parent)
    except OSError as error:
        _take_back(before, after)
        raise MachineError(f"“{before}” cannot be renamed: {error.strerror}.") from error
    except ImagingError as error:
        _take_back(before, after)
        text = f"“{before}” cannot be renamed: {error.message}"
        # The system's own error tells whether the disk is full.
        raise type(error)(text, error.remedy) from (error.__cause__ or error)


def _take_back(before: Path, after: Path) -> None:
    """Remove the new file where the old one is still there."""
    if os.path.lexists(before):
        with suppress(OSError):
            after.unlink()


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key[:60]!r} is there twice")
        found[key] = value
    return found
