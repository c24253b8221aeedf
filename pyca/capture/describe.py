"""``event.json`` beside the files, so that a recording explains itself without the database."""

import json
from dataclasses import asdict
from pathlib import Path

from pyca.core.event import Event

NAME = "event.json"


def describe(folder: Path, event: Event) -> Path:
    """Write what the event is and return the file; replaced whole or not at all.

    Bringing it to the disk is the syncer's work: that may take long.

    :raises OSError: where the folder cannot be written
    """
    text = json.dumps(asdict(event), ensure_ascii=False, indent=2, default=str)
    temporary = folder / f".{NAME}.new"
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text + "\n")
    return temporary.replace(folder / NAME)


def owner_of(folder: Path) -> str:
    """Return the id of the event that a folder was described for; empty where nobody says so."""
    try:
        told = json.loads((folder / NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    uid = told.get("uid") if isinstance(told, dict) else None
    return uid if isinstance(uid, str) else ""
