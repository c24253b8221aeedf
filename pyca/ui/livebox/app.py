"""The application that the streamer serves itself: its interface, a folder of files, and a first page."""

from flask import Blueprint, Flask, render_template
from werkzeug.wrappers import Response

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.states import ServiceName
from pyca.store.database import Database
from pyca.ui.access.door import Door
from pyca.ui.api.area import LIVEBOX as LIVEBOX_PREFIX
from pyca.ui.application import furnish, zone_of
from pyca.ui.context import Context
from pyca.ui.faces import LIVEBOX
from pyca.ui.livebox import local, machine
from pyca.ui.livebox.answer import refusal
from pyca.ui.livebox.docroot import FilePath, docroot_blueprint, has_index, send
from pyca.ui.livebox.local import OpenDoor
from pyca.ui.outage import Outage
from pyca.ui.pages import login
from pyca.ui.view.previews import Previews


def create_live_app(settings: Settings, database: Database, clock: Clock, *, is_local: bool = True) -> Flask:
    """Make the application. It opens no connection and starts no thread.

    :param settings: ``[live] docroot`` and the users of ``[ui]`` among them
    :param database: with its tables in place
    :param is_local: True where it listens on loopback alone: then it is open to everybody on this machine,
        else it asks who is there as the page does
    """
    # Our own style sheets keep out of the way of the operator's files.
    app = Flask("pyca.ui", static_url_path="/-/static")
    app.url_map.converters["file"] = FilePath
    previews = Previews(())
    zone, outage = zone_of(settings), Outage(clock)
    here = Context(
        settings, database, clock, zone, previews, outage, service=ServiceName.LIVE, refuse=refusal
    )
    if is_local:
        local.register(app)
    door = (OpenDoor if is_local else Door)(settings, database, clock)
    blueprints = [*(face.blueprint for face in LIVEBOX), login.blueprint, _home(settings)]
    blueprints += [docroot_blueprint(settings.live.docroot)] if settings.live.docroot else []
    furnish(app, here, door, blueprints)
    return app


def _home(settings: Settings) -> Blueprint:
    """Return the first page: that of the operator's files, else one of ours."""
    # The first page has one name in all our applications: the templates that they share lead back to it.
    blueprint = Blueprint("now", __name__)
    root = settings.live.docroot

    @blueprint.get("/")
    def show() -> Response | str:
        """Show the first page."""
        if root is not None and has_index(root):
            return send(root, "")
        return render_template("livebox.html", name=machine.name(settings), prefix=LIVEBOX_PREFIX)

    return blueprint
