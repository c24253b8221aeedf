"""``/touch``: the stream on a small screen at the box, to be used with a finger and read from afar.

The page needs nothing but the interface under ``/api/livebox/v1``, and so works in the application
that the streamer serves by itself as well.
"""

from flask import Blueprint, current_app, g, render_template, url_for

from pyca.ui.access.rights import Visitor
from pyca.ui.api.area import LIVEBOX

blueprint = Blueprint("touch", __name__)

PAGES = {"live.show": "All settings", "now.show": "First page"}
"""Where one gets from here, the first that there is, and what that is called."""


@blueprint.get("/touch")
def show() -> str:
    """Show the page."""
    who: Visitor | None = g.get("visitor")
    back = next(name for name in PAGES if name in current_app.view_functions)
    return render_template(
        "touch.html",
        interface=f"{LIVEBOX}/v1",
        may_operate=who is not None and who.may("operate"),
        back=url_for(back),
        back_name=PAGES[back],
    )
