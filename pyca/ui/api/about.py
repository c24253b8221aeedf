"""``/api/name``: which agent this is."""

from flask import Blueprint, Response

from pyca.ui.api.document import answer
from pyca.ui.context import context

blueprint = Blueprint("api_about", __name__, url_prefix="/api")


@blueprint.get("/name")
def name() -> Response:
    """Return the agent's name."""
    return answer(meta={"name": context().settings.agent.name})
