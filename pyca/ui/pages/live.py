"""``/live``: what is streamed to the world, and the big buttons."""

from flask import Blueprint, Response, jsonify, render_template, request, url_for
from werkzeug.wrappers import Response as Answer

from pyca.core.access import Scope
from pyca.core.secrecy import mask
from pyca.live.service import operator
from pyca.ui.access.peer import is_https
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.fragments import answer_fragment
from pyca.ui.pages.live_back import NOTICES, back_to_live
from pyca.ui.view.digest import digest
from pyca.ui.view.live import PICTURE_AGE, LiveView, gather
from pyca.ui.view.live_figures import SPANS
from pyca.ui.view.live_words import LINKS, PROGRAMS, bit_rate
from pyca.ui.view.previews import Previews, outgoing_files
from pyca.ui.view.sharing import public_address

blueprint = Blueprint("live", __name__, url_prefix="/live")

REFRESH = 2
"""Seconds between two looks at a stream, which tells as often how it does."""


@blueprint.get("")
def show() -> str:
    """Show the page."""
    view = gather(context(), request.args.get("span", ""))
    notice = NOTICES.get(request.args.get("done", ""), "")
    return render_template("live.html", notice=notice, refresh_rate=REFRESH, **_values(view))


@blueprint.get("/status.html")
def fragment() -> Answer:
    """Return the changing part of the page, or 304 where nothing changed."""
    view = gather(context(), request.args.get("span", ""))
    return answer_fragment(view.tag, lambda: render_template("live_status.html", **_values(view)))


@blueprint.get("/moving.json")
def moving() -> Response:
    """Return the age of the picture of what goes out, or 304 where there is no newer one."""
    here = context()
    modified = Previews(outgoing_files(here.settings)).modified(0)
    stale = modified is None or here.clock.now() - modified > PICTURE_AGE
    response = jsonify(previews=[{"number": 0, "modified": modified, "stale": stale}])
    response.set_etag(digest((modified, stale)))
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


@blueprint.post("/start")
def start() -> Answer:
    """Start to stream."""
    here = context()
    operator.start(here.database, here.settings, here.clock)
    return back_to_live("start")


@blueprint.get("/stop")
@needs(Scope.OPERATE)
def ask_stop() -> str:
    """Ask whether the stream shall end now."""
    view = gather(context())
    return render_template("live_stop.html", view=view, back=url_for("live.show"))


@blueprint.post("/stop")
def stop() -> Answer:
    """End the stream now."""
    here = context()
    operator.stop(here.database, here.settings, here.clock)
    return back_to_live("stop")


@blueprint.post("/blind")
def blind() -> Answer:
    """Show the standby picture, or what the camera sees again."""
    here = context()
    on = request.form.get("on") != "no"
    operator.blind(here.database, here.clock, on=on)
    return back_to_live("blind" if on else "unblind")


def _values(view: LiveView) -> dict[str, object]:
    settings = context().settings
    return {
        "view": view,
        "settings": settings,
        "title": _title(view),
        "spans": SPANS,
        "links": LINKS,
        "programs": PROGRAMS,
        "rate": bit_rate,
        "shown": mask,
        "shared": _shared(view),
    }


def _shared(view: LiveView) -> tuple[str, bool] | None:
    """Return the address for everybody and whether others can use it, None where there is none."""
    if not view.setup.share:
        return None
    scheme = "https" if is_https(request) else "http"
    asked = url_for("live_watch.shared", token=view.setup.share, _external=True, _scheme=scheme)
    return public_address(asked, context().settings)


def _title(view: LiveView) -> str:
    """Return what the browser's tab says; a tab is narrow, so the state comes first."""
    return {"air": "● On air", "problem": "⚠ Live"}.get(view.standing.kind, "Live")
