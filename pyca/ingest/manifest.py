"""The description that lies beside archived files, for people and for programs.

``manifest.json`` is one JSON object in UTF-8; all times are ISO 8601 in UTC, sizes bytes, durations seconds::

    format      "pyca-recording"
    version     1; a reader must refuse a number that it does not know
    pyca        the pyCA version that wrote it
    archived    when the folder was completed
    event       uid, title, start, end (as planned), origin, creator, description, location, series
    recording   agent, started, ended (as it was), complete (false where a part is missing), error
    tracks      list of file (its name in this folder), flavor, input, part, size, duration, streams, sha256
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyca import __version__
from pyca.core.event import Event
from pyca.core.recording import Recording, Track

NAME = "manifest.json"
FORMAT = "pyca-recording"
VERSION = 1


def describe(recording: Recording, agent: str, files: Sequence[tuple[str, Track]], now: float) -> str:
    """Return the text of the manifest.

    :param files: name in the folder and track, for each file that is there
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "pyca": __version__,
        "archived": _iso(now),
        "event": _event(recording.event),
        "recording": {
            "agent": agent,
            "started": _iso(recording.started),
            "ended": _iso(recording.ended),
            "complete": not recording.error,
            "error": recording.error,
        },
        "tracks": [_track(name, track) for name, track in files],
    }
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def owner(folder: Path) -> str | None:
    """Return the id of the event whose complete recording a folder holds, None where it holds none."""
    try:
        content = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    event = content.get("event") if isinstance(content, dict) else None
    uid = event.get("uid") if isinstance(event, dict) else None
    return uid if isinstance(uid, str) else None


def _event(event: Event) -> dict[str, Any]:
    return {
        "uid": event.uid,
        "title": event.title,
        "start": _iso(event.start),
        "end": _iso(event.end),
        "origin": str(event.origin),
        "creator": event.creator,
        "description": event.description,
        "location": event.location,
        "series": event.series,
    }


def _track(name: str, track: Track) -> dict[str, Any]:
    return {
        "file": name,
        "flavor": track.flavor,
        "input": track.input,
        "part": track.part,
        "size": track.size,
        "duration": track.duration,
        "streams": list(track.streams),
        "sha256": track.checksum,
    }


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
