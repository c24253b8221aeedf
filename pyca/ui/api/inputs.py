"""``/api/inputs``: the cameras, screens and microphones of this agent, and what they record now."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import Response, url_for

from pyca.core.recording import Recording
from pyca.core.states import EventState
from pyca.store import recordings
from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters, slim
from pyca.ui.context import Context, context
from pyca.ui.view import levels
from pyca.ui.view.levels import Level

blueprint = api_blueprint("api_inputs", __name__)

RULES = Rules(fields={"input": ("name", "flavors", "recording", "level", "previews", "events")})


@blueprint.get("/inputs")
def listing() -> Response:
    """Return all inputs in the order of the configuration.

    :raises StoreError: where the database cannot be read
    """
    here, asked = context(), read_parameters(RULES)
    with here.database.read() as session:
        running = recordings.listing(session, states=[EventState.RECORDING], oldest_first=True)
    heard = levels.read(here.settings, here.clock.now())
    found = (_resource(here, name, running, heard.get(name)) for name in here.settings.named_inputs)
    return answer([slim(one, asked) for one in found])


def _resource(here: Context, name: str, running: Sequence[Recording], heard: Level | None) -> dict[str, Any]:
    own = [one.uid for one in running if not one.event.inputs or name in one.event.inputs]
    label = name if here.settings.inputs else ""
    pictures = [file.number for file in here.previews.files if not label or file.label == label]
    numbers = [str(number) for number in pictures if here.previews.modified(number) is not None]
    return {
        "type": "input",
        "id": name,
        "attributes": {
            "name": name,
            "flavors": list(here.settings.named_inputs[name].flavors),
            "recording": bool(own),
            "level": asdict(heard) if heard else None,
        },
        "relationships": {
            "events": {"data": [{"type": "event", "id": uid} for uid in own]},
            "previews": {
                "data": [{"type": "preview", "id": number} for number in numbers],
                "links": {"related": url_for("api_previews.listing")},
            },
        },
    }
