"""``/``: the first screen, its fragment for refreshing, and the same in brief as JSON."""

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request
from werkzeug.wrappers import Response as Answer

from pyca.ui.context import context
from pyca.ui.pages.back import NOTICES
from pyca.ui.pages.fragments import answer_fragment
from pyca.ui.view.live_words import PROGRAMS
from pyca.ui.view.overview import Overview, gather

blueprint = Blueprint("now", __name__)


@blueprint.get("/")
def show() -> str:
    """Show the first screen."""
    notice = NOTICES.get(request.args.get("done", ""), "")
    return render_template("index.html", notice=notice, **_values(gather(context())))


@blueprint.get("/status.html")
def fragment() -> Answer:
    """Return the changing part of the first screen, or 304 where nothing changed."""
    overview = gather(context())
    return answer_fragment(overview.tag, lambda: render_template("status.html", **_values(overview)))


@blueprint.get("/status.json")
def status() -> Response:
    """Return what goes on, for programs."""
    overview = gather(context())
    response = jsonify(brief(overview))
    response.set_etag(overview.tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def brief(overview: Overview) -> dict[str, Any]:
    """Return the first screen as plain values; moments in seconds since 1970 UTC, sizes in bytes."""
    return {
        "recording": [
            {"uid": one.uid, "title": one.event.title, "started": one.started, "end": one.event.end}
            for one in overview.running
        ],
        "next": [
            {"uid": event.uid, "title": event.title, "start": event.start, "end": event.end}
            for event in overview.coming
        ],
        "live": str(overview.stream.state),
        "services": {one.name: str(one.state) for one in overview.services},
        "disk_free": overview.disk.free if overview.disk else None,
        "alarms": [alarm.text for alarm in overview.alarms if alarm.urgent],
    }


def _values(overview: Overview) -> dict[str, Any]:
    settings = context().settings
    return {
        "view": overview,
        "settings": settings,
        "title": _title(overview),
        "refresh_rate": settings.ui.refresh_rate,
        "live_words": PROGRAMS,
    }


def _title(overview: Overview) -> str:
    """Return what the browser's tab says; a tab is narrow, so the state comes first."""
    if overview.running:
        return f"● {overview.running[0].event.title}"
    return "⚠ Attention" if any(alarm.urgent for alarm in overview.alarms) else "Ready"
