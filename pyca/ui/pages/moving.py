"""``/live.json``: what moves on the page, for its refresh once a second. It asks files alone."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from pyca.ui.context import Context, context
from pyca.ui.view import levels
from pyca.ui.view.digest import digest
from pyca.ui.view.previews import STALE_SECONDS

blueprint = Blueprint("moving", __name__)


@blueprint.get("/live.json")
def live() -> Response:
    """Return the age of each preview and the level of each input, or 304 where nothing moved."""
    around = context()
    now = around.clock.now()
    sounds = levels.read(around.settings, now)
    previews = _previews(around, now)
    # Its age alone is no news: whoever has a level can tell how old it has become meanwhile.
    tag = digest((previews, sorted(sounds.items())))
    response = jsonify(
        previews=previews,
        levels={
            name: {
                "rms": sound.rms,
                "peak": sound.peak,
                "age": round(max(now - sound.at, 0.0), 1),
                "stale": sound.stale,
            }
            for name, sound in sounds.items()
        },
    )
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _previews(around: Context, now: float) -> list[dict[str, Any]]:
    """Return the previews; seconds since 1970 UTC, None where there is no picture."""
    found = []
    for file in around.previews.files:
        modified = around.previews.modified(file.number)
        stale = modified is None or now - modified > STALE_SECONDS
        found.append({"number": file.number, "label": file.label, "modified": modified, "stale": stale})
    return found
