"""``/api`` and ``/api/name``: what there is, and which agent this is."""

from flask import Response, url_for

from pyca import __version__
from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters
from pyca.ui.context import context

blueprint = api_blueprint("api_about", __name__)

RESOURCES = (
    "name",
    "events",
    "schedule",
    "uploads",
    "previews",
    "inputs",
    "services",
    "metrics",
    "alarms",
    "logs",
    "stream",
    "docs",
    "openapi.yaml",
)
"""What ``/api`` points to; each is an address below it."""


@blueprint.get("")
def entry() -> Response:
    """Return where everything else is."""
    read_parameters(Rules())
    own = url_for("api_about.entry")
    links = {"self": own} | {name.partition(".")[0]: f"{own}/{name}" for name in RESOURCES}
    links["livebox"] = url_for("livebox.status")
    return answer(meta={"name": context().settings.agent.name, "version": __version__}, links=links)


@blueprint.get("/name")
def name() -> Response:
    """Return the agent's name."""
    read_parameters(Rules())
    return answer(meta={"name": context().settings.agent.name})
