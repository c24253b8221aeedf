"""``/recordings/<uid>/tracks/<n>``: the media files, to be played and saved."""

import os
import re
import threading
from datetime import UTC, datetime
from typing import BinaryIO

from flask import Blueprint, current_app, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.datastructures import ContentRange
from werkzeug.exceptions import NotFound, RequestedRangeNotSatisfiable
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from pyca.core.errors import MediaError, UsageError
from pyca.core.recording import Track
from pyca.media.ffmpeg import find_tools
from pyca.media.passing import PassingCopy
from pyca.store import recordings
from pyca.ui.context import context
from pyca.ui.view.playback import Playback, open_file, own_file, playback_of

blueprint = Blueprint("tracks", __name__)

COPIES = 2
"""Files copied for players at once; each occupies one of the server's few threads."""
PIECE = 1024 * 1024
"""Bytes that a player gets at a time. It asks for more when it needs more, so that one which is paused keeps
no thread of the server waiting."""
_KEY = "pyca-copies"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_GONE = "This file is not on this machine any more, or does not belong to the recording."


@blueprint.record_once
def _set_up(state: BlueprintSetupState) -> None:
    state.app.extensions[_KEY] = threading.BoundedSemaphore(COPIES)


@blueprint.get("/recordings/<path:uid>/tracks/<int:number>", merge_slashes=False)
def file(uid: str, number: int) -> Response:
    """Return a track's file, whole or the part that is asked for; with ``?download`` to be saved."""
    track, playback = _find(uid, number)
    download = "download" in request.args
    try:
        opened = open_file(track.path)
    except (OSError, ValueError) as error:
        raise NotFound(_GONE) from error
    try:
        return _whole_or_part(opened, track, playback, download=download)
    except BaseException:
        opened.close()
        raise


@blueprint.get("/recordings/<path:uid>/tracks/<int:number>/play", merge_slashes=False)
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
    free: threading.BoundedSemaphore = current_app.extensions[_KEY]
    if not free.acquire(blocking=False):
        return _busy()
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


def _busy() -> Response:
    text = f"{COPIES} recordings are being converted for players already, and this one would be the next."
    page = render_template(
        "error.html",
        heading="Too many players",
        text=text,
        remedy="Close another player, or download the file.",
    )
    return Response(page, 503, mimetype="text/html", headers={"Retry-After": "60"})


def _name(track: Track) -> str:
    """Return the file's name as it is proposed for saving: plain characters, one word."""
    return _UNSAFE.sub("_", track.path.name).lstrip(".") or "track"
