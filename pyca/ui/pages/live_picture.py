"""``/live/picture``: what goes out, as a picture."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request

from pyca.ui.context import context
from pyca.ui.view.previews import Previews, outgoing_files

blueprint = Blueprint("live_picture", __name__)


@blueprint.get("/live/picture")
def picture() -> Response:
    """Return the picture, 304 where the browser has it, 204 while there is none."""
    found = Previews(outgoing_files(context().settings)).picture(0)
    if found is None:
        # Nobody's mistake: it goes at the moment at which the stream ends or is begun anew.
        return Response(status=204, headers={"Cache-Control": "no-store"})
    response = Response(found.data, mimetype=found.mimetype)
    response.set_etag(found.tag)
    response.last_modified = datetime.fromtimestamp(found.modified, UTC)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
