"""``/recordings``: what was recorded and what became of it, page by page, and each on its own page."""

from typing import Any

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.ui.context import context
from pyca.ui.pages.back import NOTICES
from pyca.ui.pages.fragments import answer_fragment
from pyca.ui.view import recording, recordings
from pyca.ui.view.recording import Detail
from pyca.ui.view.recordings import GROUPS, Filter, Listing, read_filter

blueprint = Blueprint("recordings", __name__)


@blueprint.get("/recordings")
def show() -> str:
    """Show a page of recordings."""
    wanted = read_filter(request.args)
    view = recordings.gather(context(), wanted)
    notice = NOTICES.get(request.args.get("done", ""), "")
    place: dict[str, Any] = {name: request.args[name] for name in ("older", "newer") if name in request.args}
    fragment = url_for("recordings.fragment", **wanted.address(), **place)
    return render_template("recordings.html", notice=notice, fragment=fragment, **_list(view, wanted))


@blueprint.get("/fragments/recordings")
def fragment() -> Response:
    """Return the changing part of a page of recordings, or 304 where nothing changed."""
    wanted = read_filter(request.args)
    view = recordings.gather(context(), wanted)
    return answer_fragment(view.tag, lambda: render_template("recordings_list.html", **_list(view, wanted)))


@blueprint.get("/recordings/<path:uid>", merge_slashes=False)
def one(uid: str) -> str:
    """Show one recording."""
    view = _detail(uid)
    notice = NOTICES.get(request.args.get("done", ""), "")
    fragment = url_for("recordings.fragment_of_one", uid=view.item.recording.uid)
    return render_template("recording.html", notice=notice, fragment=fragment, **_values(view))


@blueprint.get("/fragments/recordings/<path:uid>", merge_slashes=False)
def fragment_of_one(uid: str) -> Response:
    """Return the changing part of the page about one recording, or 304 where nothing changed."""
    view = _detail(uid)
    return answer_fragment(view.tag, lambda: render_template("recording_parts.html", **_values(view)))


def _detail(uid: str) -> Detail:
    found = recording.gather(context(), uid)
    if found is None:
        raise NotFound("There is no such recording; it was deleted, or has not begun.")
    return found


def _list(view: Listing, wanted: Filter) -> dict[str, object]:
    settings = context().settings
    return {
        "view": view,
        "wanted": wanted,
        "groups": GROUPS,
        "settings": settings,
        "refresh_rate": settings.ui.refresh_rate,
    }


def _values(view: Detail) -> dict[str, object]:
    settings = context().settings
    item = view.item
    return {
        "view": view,
        "item": item,
        "recording": item.recording,
        "upload": item.upload,
        "settings": settings,
        "refresh_rate": settings.ui.refresh_rate,
    }
