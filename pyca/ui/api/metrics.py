"""``/api/metrics``: the machine in a few figures, as older clients know them."""

from dataclasses import asdict
from datetime import UTC, datetime

from flask import Response

from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters
from pyca.ui.context import context
from pyca.ui.view import disks
from pyca.ui.view.services import last_synchronised, statuses
from pyca.ui.view.usage import load, memory

blueprint = api_blueprint("api_metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """Return services, disk, memory, load and when the calendar was read last.

    :raises StoreError: where the database cannot be read
    """
    read_parameters(Rules())
    here = context()
    with here.database.read() as session:
        states = statuses(session, here.clock.now(), here.settings.extra_services)
        synchronised = last_synchronised(session, here.settings)
    disk = disks.of_recordings(here.settings)
    figures = {
        "services": [{"name": one.name, "status": str(one.state)} for one in states],
        "disk_usage_in_bytes": {"total": disk.total, "used": disk.used, "free": disk.free} if disk else None,
        "memory_usage_in_bytes": asdict(memory()),
        "load": load(),
        "upstream": {"last_synchronized": _iso(synchronised)},
    }
    return answer(meta=figures)


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
