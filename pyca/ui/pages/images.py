"""``/img/<n>``: preview pictures by number. No path ever comes from the address."""

from datetime import UTC, datetime

from flask import Blueprint, Response, request
from werkzeug.exceptions import NotFound

from pyca.ui.context import context

blueprint = Blueprint("images", __name__)


@blueprint.get("/img/<int:number>")
def image(number: int) -> Response:
    """Return a preview picture, or 304 where the browser has it."""
    picture = context().previews.picture(number)
    if picture is None:
        raise NotFound("There is no picture of this input yet.")
    response = Response(picture.data, mimetype=picture.mimetype)
    response.set_etag(picture.tag)
    response.last_modified = datetime.fromtimestamp(picture.modified, UTC)
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response
