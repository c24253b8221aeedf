"""``/recordings/<uid>/tracks/<n>``: the media files, to be played and saved."""

import os
import re
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import BinaryIO

from flask import Blueprint, current_app, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import MediaError, UsageError
from pyca.core.recording import Track
from pyca.media.ffmpeg import find_tools
from pyca.media.passing import PassingCopy
from pyca.store import recordings
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.lent import LentFile
from pyca.ui.view.playback import Playback, open_file, own_file, playback_of

blueprint = Blueprint("tracks", __name__)

COPIES = 2
"""Files copied for players at once; each occupies one of the server's few threads."""
DOWNLOADS = 3
"""Files sent as a whole, or in large parts, at once: each may occupy a thread until it is over."""
PIECE = 1024 * 1024
"""Bytes that a player gets at a time. It asks for more when it needs more, so that one which is paused keeps
no thread of the server waiting."""
_KEY = "pyca-tracks"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_GONE = "This file is not on this machine any more, or does not belong to the recording."


@dataclass(frozen=True)
class _Free:
    """What may be begun yet. Whoever takes of it gives back."""

    copies: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(COPIES))
    downloads: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(DOWNLOADS)
    )


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[_KEY] = _Free()


@blueprint.get("/recordings/<path:uid>/tracks/<int:number>", merge_slashes=False)
@needs(Scope.OPERATE)
def file(uid: str, number: int) -> Response:
    """Return a track's file, whole or the part that is asked for; with ``?download`` to be saved."""
    track, playback = _find(uid, number)
    download = "download" in request.args
    try:
        opened = LentFile(open_file(track.path))
    except (OSError, ValueError) as error:
        raise NotFound(_GONE) from error
    try:
        return _limited(_whole_or_part(opened, track, playback, download=download), opened)
    except BaseException:
        opened.close()
        raise


@blueprint.get("/recordings/<path:uid>/tracks/<int:number>/play", merge_slashes=False)
@needs(Scope.OPERATE)
def play(uid: str, number: int) -> Response:
    """Return a track as browsers play it: in pieces, or copied into a container that they know."""
    track, playback = _find(uid, number)
    if playback.direct:
        return file(uid, number)
    if not playback.container:
        raise UsageError(f"{playback.why} It cannot be played here.", "download it and use another player")
    if request.method == "HEAD":
        return Response(mimetype=playback.played_type)
    return _copied(track, playback)


def _find(uid: str, number: int) -> tuple[Track, Playback]:
    with context().database.read() as session:
        recording = recordings.get(session, uid)
    if recording is None:
        raise NotFound("There is no such recording.")
    track = own_file(recording, context().settings, number)
    playback = playback_of(track)
    if track is None or not playback.present:
        raise NotFound(_GONE)
    return track, playback


def _whole_or_part(opened: BinaryIO, track: Track, playback: Playback, *, download: bool) -> Response:
    facts = track.path.stat()
    response = send_file(
        opened,
        request.environ,
        mimetype=playback.mimetype,
        as_attachment=download,
        download_name=_name(track),
        last_modified=datetime.fromtimestamp(facts.st_mtime, UTC),
        conditional=False,
    )
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Accept-Ranges"] = "bytes"
    response.set_etag(f"{facts.st_mtime_ns:x}-{facts.st_size:x}")
    response.content_length = facts.st_size
    _simplify(facts.st_size)
    try:
        return response.make_conditional(request, accept_ranges=True, complete_length=facts.st_size)
    except RequestedRangeNotSatisfiable:
        response.close()
        refused = Response("", 416, mimetype="text/plain")
        refused.headers["Content-Range"] = ContentRange("bytes", None, None, facts.st_size).to_header()
        return refused


def _limited(response: Response, opened: LentFile) -> Response:
    """Return a response, or a refusal where it would be one of too many that take long."""
    length = response.content_length or 0
    if request.method == "HEAD" or response.status_code not in (200, 206) or length <= PIECE:
        return response
    downloads = _free().downloads
    if not downloads.acquire(blocking=False):
        opened.close()
        return _busy(
            "Too many downloads",
            f"{DOWNLOADS} files are being downloaded already, and this one would be the next.",
            "Wait until one of them is complete. What was begun can be continued.",
        )
    # A server that sends the file by itself closes that, and not the response.
    opened.closing = downloads.release
    return response


def _simplify(size: int) -> None:
    """Take several ranges for none, as the standard allows, and a player's wish for all for a piece."""
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1:
        request.environ.pop("HTTP_RANGE", None)
        return
    found = asked.range_for_length(size)
    if found and found[1] - found[0] > PIECE and request.path.endswith("/play"):
        request.environ["HTTP_RANGE"] = f"bytes={found[0]}-{found[0] + PIECE - 1}"


def _copied(track: Track, playback: Playback) -> Response:
    free = _free().copies
    if not free.acquire(blocking=False):
        return _busy(
            "Too many players",
            f"{COPIES} recordings are being converted for players already, and this one would be the next.",
            "Close another player, or download the file.",
        )
    try:
        copy = PassingCopy(track.path, playback.container, find_tools(os.environ), free.release)
    except MediaError as error:
        free.release()
        raise UsageError(error.message, error.remedy) from error
    except BaseException:
        free.release()
        raise
    response = Response(copy, mimetype=playback.played_type, direct_passthrough=True)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Accept-Ranges"] = "none"
    return response


def _free() -> _Free:
    found: _Free = current_app.extensions[_KEY]
    return found


def _busy(heading: str, text: str, remedy: str) -> Response:
    page = render_template("error.html", heading=heading, text=text, remedy=remedy)
    return Response(page, 503, mimetype="text/html", headers={"Retry-After": "60"})


def _name(track: Track) -> str:
    """Return the file's name as it is proposed for saving: plain characters, one word."""
    return _UNSAFE.sub("_", track.path.name).lstrip(".") or "track"
