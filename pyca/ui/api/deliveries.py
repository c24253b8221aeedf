"""What belongs to a recording: its files, its attempts and its delivery."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import Response
from sqlalchemy import Row
from sqlalchemy.orm import Session

from pyca.store import event_pages, uploads
from pyca.store.event_pages import Listed
from pyca.ui.api.document import answer
from pyca.ui.api.errors import not_found
from pyca.ui.api.events import find, missing, show_event
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, page_links, read_parameters, slim
from pyca.ui.api.resources import PART, TRACK, UPLOAD, part_of, track_of, upload_of
from pyca.ui.context import context

blueprint = api_blueprint("api_deliveries", __name__)


@blueprint.get("/events/<path:uid>/tracks")
def list_tracks(uid: str) -> Response:
    """Return the files of a recording."""
    return _belongings(uid, "track", TRACK, event_pages.tracks, track_of)


@blueprint.get("/events/<path:uid>/parts")
def list_parts(uid: str) -> Response:
    """Return the attempts of a recording: the runs of its capture commands."""
    return _belongings(uid, "part", PART, event_pages.parts, part_of)


@blueprint.get("/events/<path:uid>/upload")
def show_upload(uid: str) -> Response:
    """Return how far the delivery of a recording is."""
    event = _owner(uid, "upload")
    if event is None:
        return show_event(f"{uid}/upload")
    asked = read_parameters(Rules(fields={"upload": UPLOAD}))
    with context().database.read() as session:
        upload = uploads.get(session, uid)
    if upload is None:
        raise not_found("No upload", "The delivery of this event has not begun.")
    return answer(slim(upload_of(upload, event.state), asked))


@blueprint.get("/uploads")
def list_uploads() -> Response:
    """Return the deliveries that are under way or in trouble, the oldest recording first."""
    asked = read_parameters(Rules(fields={"upload": UPLOAD}, paged=True))
    with context().database.read() as session:
        found, total = event_pages.deliveries(session, asked.offset, asked.size)
    return answer(
        [slim(upload_of(upload, state), asked) for upload, state in found],
        meta={"total": total},
        links=page_links(asked, total),
    )


def _belongings(
    uid: str,
    kind: str,
    names: Sequence[str],
    look: Callable[[Session, str], Sequence[Row[Any]]],
    render: Callable[[Row[Any]], dict[str, Any]],
) -> Response:
    if _owner(uid, f"{kind}s") is None:
        return show_event(f"{uid}/{kind}s")
    asked = read_parameters(Rules(fields={kind: names}))
    with context().database.read() as session:
        rows = look(session, uid)
    return answer([slim(render(row), asked) for row in rows])


def _owner(uid: str, name: str) -> Listed | None:
    """Return the event whose belongings are asked for; None where the whole address is the id of another one.

    :raises ApiError: 404
    """
    found = find(uid)
    if found is None and find(f"{uid}/{name}") is None:
        raise missing()
    return found
