"""``/api/livebox/v1/destinations``: where the stream goes to, each started and stopped alone."""

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, url_for

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.control import HIDDEN
from pyca.core.live import Destination, LinkReport
from pyca.core.secrecy import mask
from pyca.live.service import operator, places
from pyca.live.service.places import UnknownDestinationError
from pyca.live.service.targets import KEY_LOST, loses_key
from pyca.store.database import Database
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox.answer import answer, refusal
from pyca.ui.livebox.body import read_body

blueprint = Blueprint("livebox_destinations", __name__, url_prefix=f"{LIVEBOX}/v1/destinations")
blueprint.register_error_handler(
    UnknownDestinationError, lambda error: refusal(404, error.message, error.remedy)
)

Order = Callable[[Database, Settings, Clock, str], None]


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
    made = places.add(here.database, here.settings, here.clock, read_body())
    response = answer(_one(made.id), 201)
    response.headers["Location"] = url_for("livebox_destinations.show", name=made.id)
    return response


@blueprint.get("/<name>")
def show(name: str) -> Response:
    """Return one destination and how it does.

    :raises UnknownDestinationError: where there is none
    """
    return answer(_one(name))


@blueprint.put("/<name>")
def change(name: str) -> Response:
    """Change a destination, all that is sent or nothing, and return it.

    :raises ParameterError: naming the first value that cannot be
    :raises UnknownDestinationError: where there is none
    """
    here = context()
    values = read_body()
    with here.database.read() as session:
        before = next((one for one in operator.listed(session, here.settings) if one.id == name), None)
    after = places.change(here.database, here.settings, here.clock, name, values)
    lost = before is not None and loses_key(before.key, after.key, values)
    return answer(_one(name) | ({"reason": KEY_LOST} if lost else {}))


@blueprint.delete("/<name>")
def remove(name: str) -> Response:
    """Forget a destination; the main one is emptied.

    :raises UnknownDestinationError: where there is none
    """
    here = context()
    places.remove(here.database, here.settings, here.clock, name)
    return Response(status=204)


@blueprint.put("/<name>/start")
def start(name: str) -> Response:
    """Send to one destination again, and return it; one that was given up is tried anew.

    :raises UnknownDestinationError: where there is none
    """
    return _ordered(places.start, name)


@blueprint.put("/<name>/stop")
def stop(name: str) -> Response:
    """Send to one destination no longer, and return it; all others are left alone.

    :raises UnknownDestinationError: where there is none
    """
    return _ordered(places.stop, name)


@blueprint.put("/<name>/restart")
def restart(name: str) -> Response:
    """Connect to one destination anew, and return it; all others are left alone.

    :raises UnknownDestinationError: where there is none
    :raises UsageError: where it is stopped
    """
    return _ordered(places.restart, name)


def _ordered(order: Order, name: str) -> Response:
    here = context()
    order(here.database, here.settings, here.clock, name)
    return answer(_one(name))


def _one(name: str) -> dict[str, Any]:
    found = next((one for one in _all() if one["id"] == name), None)
    if found is None:
        raise UnknownDestinationError(f"there is no destination “{name[:100]}”")
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
        "url": mask(one.url),
        "key": HIDDEN if one.key else "",
        "backup": mask(one.backup),
        "wanted": one.wanted,
    }
    return asdict(link) | wanted
