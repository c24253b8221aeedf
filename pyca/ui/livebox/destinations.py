"""``/api/livebox/v1/destinations``: where the stream goes to, each started and stopped alone."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, url_for

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.control import HIDDEN
from pyca.core.live import Destination, LinkReport
from pyca.live import operator
from pyca.live.operator import UnknownDestination
from pyca.store.database import Database
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox.answer import answer, refusal
from pyca.ui.livebox.body import read_body

blueprint = Blueprint("livebox_destinations", __name__, url_prefix=f"{LIVEBOX}/v1/destinations")
blueprint.register_error_handler(UnknownDestination, lambda error: refusal(404, error.message, error.remedy))

Order = Callable[[Database, Settings, Clock, str], None]
ORDERS: dict[str, Order] = {
    "start": operator.start_destination,
    "stop": operator.stop_destination,
    "restart": operator.restart_destination,
}


@blueprint.get("")
def listing() -> Response:
    """Return all destinations and how they do, the main one first.

    :raises StoreError: where the database cannot be read
    """
    return answer({"destinations": list(_all())})


@blueprint.post("")
def add() -> Response:
    """Add a destination and return it.

    :raises ParameterError: naming the first value that cannot be
    :raises UsageError: where there are too many
    """
    here = context()
    made = operator.add_destination(here.database, here.settings, here.clock, read_body())
    response = answer(_one(made.id), 201)
    response.headers["Location"] = url_for("livebox_destinations.show", name=made.id)
    return response


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """Return one destination and how it does.

    :raises UnknownDestination: where there is none
    """
    return answer(_one(name))


@blueprint.put("/<name>")
def change(name: str) -> Response:
    """Change a destination, all that is sent or nothing, and return it.

    :raises ParameterError: naming the first value that cannot be
    :raises UnknownDestination: where there is none
    """
    here = context()
    operator.change_destination(here.database, here.settings, here.clock, name, read_body())
    return answer(_one(name))


@blueprint.delete("/<name>")
def remove(name: str) -> Response:
    """Forget a destination; the main one is emptied.

    :raises UnknownDestination: where there is none
    """
    here = context()
    operator.remove_destination(here.database, here.settings, here.clock, name)
    return Response(status=204)


@blueprint.put("/<name>/<any(start, stop, restart):order>")
def order(name: str, order: str) -> Response:
    """Start, stop or restart one destination and return it; all others are left alone.

    :raises UnknownDestination: where there is none
    :raises UsageError: where that is not possible now
    """
    here = context()
    ORDERS[order](here.database, here.settings, here.clock, name)
    return answer(_one(name))


def _one(name: str) -> dict[str, Any]:
    found = next((one for one in _all() if one["id"] == name), None)
    if found is None:
        raise UnknownDestination(f"there is no destination “{name[:100]}”")
    return found


def _all() -> Iterable[dict[str, Any]]:
    here = context()
    with here.database.read() as session:
        report = operator.status(session, here.settings, here.clock)
        listed = operator.listed(session, here.settings)
    told = {link.id: link for link in report.links}
    return [_shown(one, told.get(one.id, LinkReport(one.id, one.label))) for one in listed]


def _shown(one: Destination, link: LinkReport) -> dict[str, Any]:
    """Return a destination as it is told: nobody reads its key."""
    wanted = {
        "id": one.id,
        "label": one.label,
        "url": one.url,
        "key": HIDDEN if one.key else "",
        "backup": one.backup,
        "wanted": one.wanted,
    }
    return asdict(link) | wanted
