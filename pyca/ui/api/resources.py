"""Events and what belongs to them as resources of JSON:API."""

import re
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from flask import has_request_context, request
from sqlalchemy import Row

from pyca.core.live import is_marked
from pyca.core.recording import Upload, UploadStep
from pyca.core.states import EventState
from pyca.store.event_pages import Listed
from pyca.ui.api.area import PREFIX

EVENT = (
    "uid",
    "title",
    "start",
    "end",
    "status",
    "data",
    "duration",
    "origin",
    "creator",
    "description",
    "location",
    "series",
    "inputs",
    "live",
    "started",
    "ended",
    "error",
    "tracks",
    "parts",
    "upload",
)
"""attributes and relationships of an event"""
UPLOAD = (
    "status",
    "target",
    "step",
    "bytes_sent",
    "bytes_total",
    "rate",
    "seconds_left",
    "attempts",
    "next_attempt",
    "error",
    "permanent",
    "ambiguous",
    "location",
    "event",
)
_PLAIN = re.compile("[A-Za-z0-9-]+")
TRACK = ("name", "flavor", "input", "part", "size", "duration", "streams")
PART = ("input", "number", "started", "ended", "outcome", "exit_code", "files", "flavors")


def event_of(one: Listed, base: str | None = None) -> dict[str, Any]:
    """Return an event; programs of older pyCA know the first attributes, up to ``data``.

    :param base: see :func:`address_of`
    """
    own = address_of(one.uid, base)
    resource: dict[str, Any] = {
        "type": "event",
        "id": one.uid,
        "attributes": {
            "uid": one.uid,
            "title": one.title,
            "start": _moment(one.start),
            "end": _moment(one.end),
            "status": one.state,
            "data": _calendar(one),
            "duration": _moment(one.end - one.start),
            "origin": one.origin,
            "creator": one.creator,
            "description": one.description,
            "location": one.location,
            "series": one.series,
            "inputs": one.inputs,
            "live": is_marked(one.workflow_parameters),
            "started": _moment(one.started),
            "ended": _moment(one.ended),
            "error": one.error,
        },
        "links": {"self": own},
    }
    if one.state != EventState.UPCOMING:
        names = ("tracks", "parts", "upload")
        resource["relationships"] = {name: {"links": {"related": f"{own}/{name}"}} for name in names}
    return resource


def upload_of(upload: Upload, state: str) -> dict[str, Any]:
    """Return a delivery.

    :param state: of its event
    """
    own = address_of(upload.uid)
    left = max(upload.bytes_total - upload.bytes_sent, 0)
    runs = upload.rate > 0 and upload.bytes_total > 0 and state == EventState.UPLOADING
    return {
        "type": "upload",
        "id": upload.uid,
        "attributes": {
            "status": state,
            "target": upload.target,
            "step": str(upload.step),
            "bytes_sent": upload.bytes_sent,
            "bytes_total": upload.bytes_total,
            "rate": upload.rate,
            "seconds_left": left / upload.rate if runs else None,
            "attempts": upload.attempts,
            "next_attempt": _moment(upload.next_attempt or None),
            "error": upload.error,
            "permanent": upload.permanent,
            "ambiguous": upload.step is UploadStep.AMBIGUOUS,
            "location": upload.location,
        },
        "relationships": {"event": {"data": {"type": "event", "id": upload.uid}, "links": {"related": own}}},
        "links": {"self": f"{own}/upload"},
    }


def track_of(row: Row[Any]) -> dict[str, Any]:
    """Return a file of a recording; where it lies on the machine is nobody's business."""
    values = {name: getattr(row, name) for name in TRACK if name != "name"}
    attributes = {"name": PurePath(row.path).name} | values
    return {"type": "track", "id": str(row.id), "attributes": attributes}


def part_of(row: Row[Any]) -> dict[str, Any]:
    """Return an attempt: one run of the capture command of one input."""
    attributes = {name: getattr(row, name) for name in PART}
    attributes["files"] = [PurePath(file).name for file in row.files]
    return {"type": "part", "id": str(row.id), "attributes": attributes}


def base_of() -> str:
    """Return what the addresses of all events begin with."""
    # A stream tells what changes outside of any request.
    root = request.script_root if has_request_context() else ""
    return f"{root}{PREFIX}/events"


def address_of(uid: str, base: str | None = None) -> str:
    """Return the address of an event.

    :param base: from :func:`base_of`, where many addresses are made
    """
    # Nearly all ids are plain, and a list has a thousand of them.
    word = uid if _PLAIN.fullmatch(uid) else quote(uid, safe="")
    return f"{base_of() if base is None else base}/{word}"


def _calendar(one: Listed) -> dict[str, Any]:
    """Return the event as its calendar tells it."""
    texts = {"description": one.description, "location": one.location, "organizer": one.creator}
    told: dict[str, Any] = {"uid": one.uid, "summary": one.title}
    told |= {"dtstart": _moment(one.start), "dtend": _moment(one.end)}
    told |= {name: text for name, text in texts.items() if text}
    if one.attachments:
        told["attach"] = [
            {
                "fmttype": each.get("mimetype"),
                "x-apple-filename": each.get("name"),
                "data": each.get("data"),
            }
            for each in one.attachments
        ]
    return told


def _moment(seconds: float | None) -> float | int | None:
    """Return seconds as older programs know them: whole numbers wherever they are."""
    if seconds is None:
        return None
    whole = int(seconds)
    return whole if whole == seconds else seconds
