"""``/api/alarms``: what needs somebody's attention, now or some time ago."""

import hashlib
from typing import Any

from flask import Response

from pyca.core.alarm import Alarm
from pyca.store import alarms
from pyca.ui.api.document import answer
from pyca.ui.api.errors import ApiError, Problem
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Asked, Rules, read_parameters, slim
from pyca.ui.context import context

blueprint = api_blueprint("api_alarms", __name__)

KEPT = 200
"""Alarms that are told at most, those that are over included."""

RULES = Rules(
    fields={"alarm": ("kind", "text", "active", "since", "ended", "input", "service", "event")},
    filters=("active",),
)


@blueprint.get("/alarms")
def listing() -> Response:
    """Return the newest alarms; ``filter[active]`` chooses those of now, or those that are over.

    :raises StoreError: where the database cannot be read
    """
    here, asked = context(), read_parameters(RULES)
    now, wanted = here.clock.now(), _wanted(asked)
    with here.database.read() as session:
        found = alarms.active(session, now) if wanted else alarms.history(session, KEPT)
    chosen = [one for one in found if wanted is None or is_active(one, now) is wanted]
    return answer([slim(resource(one, now), asked) for one in chosen])


def is_active(alarm: Alarm, now: float) -> bool:
    """Tell whether an alarm stands now; some end by themselves later."""
    return alarm.ended is None or alarm.ended > now


def resource(alarm: Alarm, now: float) -> dict[str, Any]:
    """Return an alarm as the API tells it.

    :param now: seconds since 1970 UTC
    """
    facts = (alarm.kind, alarm.subject, alarm.input, repr(alarm.since))
    about = {"type": "event", "id": alarm.subject} if alarm.subject else None
    return {
        "type": "alarm",
        "id": hashlib.sha256("\0".join(facts).encode("utf-8", "surrogatepass")).hexdigest()[:16],
        "attributes": {
            "kind": str(alarm.kind),
            "text": alarm.text,
            "active": is_active(alarm, now),
            "since": alarm.since,
            "ended": alarm.ended,
            "input": alarm.input or None,
            "service": alarm.service,
        },
        "relationships": {"event": {"data": about}},
    }


def _wanted(asked: Asked) -> bool | None:
    """Return which alarms are asked for, None for all.

    :raises ApiError: where it is neither true nor false
    """
    given = asked.filters.get("active")
    if given is not None and given not in ("true", "false"):
        detail = "It is “true” or “false”."
        raise ApiError(Problem(400, "Invalid parameter", detail, parameter="filter[active]"))
    return None if given is None else given == "true"
