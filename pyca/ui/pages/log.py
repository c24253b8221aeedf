"""``/log``: the log's older address."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs

blueprint = Blueprint("log", __name__)


@blueprint.get("/log")
@needs(Scope.ADMIN)
def show() -> Response:
    """Lead to where the log is now."""
    return redirect(
        url_for("system.log", level=request.args.get("level"), service=request.args.get("service"))
    )
