"""``/api/name``: which agent this is."""

from flask import Response

from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.context import context

blueprint = api_blueprint("api_about", __name__)


@blueprint.get("/name")
def name() -> Response:
    """Return the agent's name."""
    return answer(meta={"name": context().settings.agent.name})
