"""Destinations of the stream: add, change, remove, and each started and stopped alone."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.control import HIDDEN, ParameterError
from pyca.core.errors import UsageError
from pyca.core.live import MAIN, Destination
from pyca.core.secrecy import mask
from pyca.live.service import operator, places
from pyca.live.service.targets import loses_key
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.live_back import back_to_live
from pyca.ui.view.live_forms import Place, place_of_destination, place_of_form, platforms, values_of_place

blueprint = Blueprint("live_destinations", __name__, url_prefix="/live/destinations")

Answer = str | tuple[str, int] | Response


@blueprint.get("/add")
@needs(Scope.OPERATE)
def ask_add() -> str:
    """Show the form for a new destination."""
    return _form(Place())


@blueprint.post("/add")
def add() -> Answer:
    """Add a destination."""
    here, place = context(), place_of_form(request.form)
    try:
        places.add(here.database, here.settings, here.clock, values_of_place(place))
    except UsageError as error:
        return _form(place, error), 422
    return back_to_live("add")


@blueprint.get("/<name>/change")
@needs(Scope.OPERATE)
def ask_change(name: str) -> str:
    """Show the form with a destination, its key hidden."""
    one = _existing(name)
    return _form(place_of_destination(one), one=one)


@blueprint.post("/<name>/change")
def change(name: str) -> Answer:
    """Change a destination; an empty key stays what it is."""
    here, one = context(), _existing(name)
    place = place_of_form(request.form)
    try:
        values = values_of_place(place, one)
        after = places.change(here.database, here.settings, here.clock, name, values)
    except UsageError as error:
        return _form(place, error, one), 422
    return back_to_live("key-lost" if loses_key(one.key, after.key, values) else "change")


@blueprint.get("/<name>/remove")
@needs(Scope.OPERATE)
def ask_remove(name: str) -> str:
    """Ask whether a destination shall be forgotten."""
    one = _existing(name)
    called = one.label or mask(one.url) or "destination"
    return render_template("live_remove.html", one=one, name=called, back=url_for("live.show"))


@blueprint.post("/<name>/remove")
def remove(name: str) -> Response:
    """Forget a destination."""
    here = context()
    places.remove(here.database, here.settings, here.clock, name)
    return back_to_live("remove")


@blueprint.post("/<name>/start")
def start(name: str) -> Response:
    """Send to a destination again."""
    here = context()
    places.start(here.database, here.settings, here.clock, name)
    return back_to_live("start-one")


@blueprint.post("/<name>/stop")
def stop(name: str) -> Response:
    """Send to a destination no longer."""
    here = context()
    places.stop(here.database, here.settings, here.clock, name)
    return back_to_live("stop-one")


@blueprint.post("/<name>/restart")
def restart(name: str) -> Response:
    """Connect to a destination anew."""
    here = context()
    places.restart(here.database, here.settings, here.clock, name)
    return back_to_live("restart-one")


def _form(place: Place, error: UsageError | None = None, one: Destination | None = None) -> str:
    return render_template(
        "live_destination.html",
        place=place,
        wrong=_wrong(error),
        one=one,
        platforms=platforms(),
        has_key=one is not None and bool(one.key),
        main=MAIN,
        hidden=HIDDEN,
        back=url_for("live.show"),
    )


def _wrong(error: UsageError | None) -> dict[str, str]:
    """Return a mistake under the name of its field."""
    if error is None:
        return {}
    return {error.name if isinstance(error, ParameterError) else "form": str(error)}


def _existing(name: str) -> Destination:
    here = context()
    with here.database.read() as session:
        found = next((one for one in operator.listed(session, here.settings) if one.id == name), None)
    if found is None:
        raise NotFound("There is no such destination any more.")
    return found
