"""``POST /api/events`` and ``POST /api/schedule``: plan an event, or record at once."""

from typing import Any

from flask import Response

from pyca.core.event import Event
from pyca.schedule.local import plan
from pyca.ui.access.rights import visitor
from pyca.ui.api import sent
from pyca.ui.api.document import answer
from pyca.ui.api.errors import ApiError, invalid
from pyca.ui.api.events import existing
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters
from pyca.ui.api.resources import address_of, event_of
from pyca.ui.api.sent import Sent
from pyca.ui.context import context

blueprint = api_blueprint("api_creation", __name__)


@blueprint.post("/events")
@blueprint.post("/events/")
def create() -> Response:
    """Plan an event; without a start it begins now."""
    read_parameters(Rules())
    readers = _readers() | {"start": sent.moment, "end": sent.moment, "description": sent.text}
    told = sent.read_resource("event", readers, wrong_type=409)
    sent.refuse_own_id(told)
    start, end = _span(told)
    event = _plan(told, start, end)
    response = answer(event_of(existing(event.uid)), status=201)
    response.headers["Location"] = address_of(event.uid)
    return response


@blueprint.post("/schedule")
def record_now() -> Response:
    """Record now for a while, as programs of older pyCA ask for it."""
    read_parameters(Rules())
    told = sent.read_resource("event", _readers())
    sent.refuse_own_id(told)
    sent.require(told, "duration")
    now = context().clock.now()
    event = _plan(told, now, now + told.attributes["duration"])
    return answer([event_of(existing(event.uid))])


def _readers() -> dict[str, Any]:
    inputs = sent.inputs(tuple(context().settings.named_inputs))
    texts = {"title": sent.line, "creator": sent.line}
    return texts | {"duration": sent.length, "inputs": inputs, "live": sent.choice}


def _span(told: Sent) -> tuple[float, float]:
    """Return start and end of a new event.

    :raises ApiError: where they are missing or cannot be
    """
    now, given = context().clock.now(), told.attributes
    start = given.get("start", now)
    if ("end" in given) == ("duration" in given):
        raise ApiError(invalid("Give either “end” or “duration”.", f"{told.place}/attributes"))
    end = given["end"] if "end" in given else start + given["duration"]
    if end <= start:
        raise told.wrong("end", "The end has to come after the start.")
    if end <= now:
        raise told.wrong("end" if "end" in given else "start", "The event would be over already.")
    return start, end


def _plan(told: Sent, start: float, end: float) -> Event:
    here, given = context(), told.attributes
    return plan(
        here.database,
        here.clock,
        here.settings,
        given.get("title") or "Recording",
        start,
        end,
        inputs=given.get("inputs", ()),
        creator=given.get("creator") or visitor().name,
        description=given.get("description", ""),
        live=given.get("live", False),
    )
