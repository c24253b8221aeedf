"""``/api/livebox/v1``: status, control, start and stop, exactly as the interface was published."""

from typing import Any

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from pyca.core.control import HIDDEN, Control
from pyca.core.live import LiveReport
from pyca.core.secrecy import mask
from pyca.live.service import operator
from pyca.live.service.targets import KEY_LOST, loses_key
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox import machine
from pyca.ui.livebox.answer import answer
from pyca.ui.livebox.body import read_body

blueprint = Blueprint("livebox", __name__, url_prefix=f"{LIVEBOX}/v1")

PRODUCT = "com.youtube.livebox"
VERSION = "1.0"
"""of the interface, not of the program"""


@blueprint.get("/status")
def status() -> Response:
    """Return who this box is and how it does.

    :raises StoreError: where the database cannot be read
    """
    here = context()
    with here.database.read() as session:
        return answer(_status(session))


@blueprint.get("/control")
def control() -> Response:
    """Return the parameters of the stream, the key hidden.

    :raises StoreError: where the database cannot be read
    """
    here = context()
    with here.database.read() as session:
        return answer(shown(operator.control(session, here.settings)))


@blueprint.post("/control")
def change_control() -> Response:
    """Change parameters, all that are sent or none, and return them all.

    :raises ParameterError: naming the first that cannot be
    """
    here, values = context(), read_body()
    with here.database.read() as session:
        before = operator.control(session, here.settings)
    data = operator.change_control(here.database, here.settings, here.clock, values)
    # The published data have no such value, and so nobody is sent it while all is well.
    lost = loses_key(before.name, data.name, values)
    return answer(shown(data) | ({"reason": KEY_LOST} if lost else {}))


@blueprint.put("/start")
def start() -> Response:
    """Start to stream, and return the status.

    :raises StateError: where that is not possible now
    """
    here = context()
    operator.start(here.database, here.settings, here.clock)
    return status()


@blueprint.put("/stop")
def stop() -> Response:
    """Stop to stream, and return the status.

    :raises StateError: where that is not possible now
    """
    here = context()
    operator.stop(here.database, here.settings, here.clock)
    return status()


def shown(data: Control) -> dict[str, Any]:
    """Return control data as it is told: nobody reads the key."""
    return {
        "name": HIDDEN if data.name else "",
        "url": mask(data.url),
        "resolution": data.resolution,
        "bitrate": data.bitrate,
        "audio": data.audio,
        "fps": data.fps,
        "quality": data.quality,
    }


def _status(session: Session) -> dict[str, Any]:
    here = context()
    told: LiveReport = operator.status(session, here.settings, here.clock)
    found: dict[str, Any] = {
        "product": PRODUCT,
        "version": VERSION,
        "name": machine.name(here.settings),
        "id": machine.identity(),
        "status": str(told.state),
        "cpu": round(told.cpu, 1),
        "disk": machine.used_percent(here.settings.live.directory),
        "net": told.sent,
    }
    # The published status has no such value, and so nobody is sent it while all is well.
    return found | ({"error": told.error} if told.error else {})
