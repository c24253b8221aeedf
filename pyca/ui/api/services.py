"""``/api/services``: what each service does, and what its process uses."""

from dataclasses import asdict
from typing import Any

from flask import Response

from pyca.core.states import ServiceState
from pyca.runtime.process import usage
from pyca.store.services import ServiceStatus
from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters, slim
from pyca.ui.context import context
from pyca.ui.view.services import statuses

blueprint = api_blueprint("api_services", __name__)

RULES = Rules(
    fields={"service": ("state", "text", "died", "pid", "started", "heartbeat", "heartbeat_age", "process")}
)


@blueprint.get("/services")
def listing() -> Response:
    """Return all services.

    :raises StoreError: where the database cannot be read
    """
    here, asked = context(), read_parameters(RULES)
    now = here.clock.now()
    with here.database.read() as session:
        found = statuses(session, now, here.settings.extra_services)
    states = {one.name: str(one.state) for one in found}
    return answer([slim(_now(one, now), asked) for one in found], meta={"services": states})


def resource(one: ServiceStatus) -> dict[str, Any]:
    """Return a service as the API tells it."""
    attributes = {
        "state": str(one.state),
        "text": one.text,
        "died": one.died,
        "pid": one.pid or None,
        "started": one.started,
        "heartbeat": one.heartbeat,
    }
    return {"type": "service", "id": one.name, "attributes": attributes}


def _now(one: ServiceStatus, now: float) -> dict[str, Any]:
    """Return a service with the age of its heartbeat and what its process has used so far."""
    used = usage(one.pid) if one.pid and one.state is not ServiceState.STOPPED else None
    told = resource(one)
    told["attributes"] |= {
        "heartbeat_age": None if one.heartbeat is None else now - one.heartbeat,
        "process": asdict(used) if used else None,
    }
    return told
