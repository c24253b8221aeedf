"""The address under which everybody can watch: made, made anew, taken back."""

from flask import Blueprint
from werkzeug.wrappers import Response

from pyca.core.errors import UsageError
from pyca.live.service import operator
from pyca.ui.context import context
from pyca.ui.pages.live_back import back_to_live

blueprint = Blueprint("live_sharing", __name__, url_prefix="/live")


@blueprint.post("/share")
def share() -> Response:
    """Make the player public under a new address; an earlier one ends."""
    here = context()
    if not here.settings.live.hls:
        raise UsageError("There is no player page to share.", "switch on [live] hls in the configuration")
    with here.database.read() as session:
        before = operator.setup(session, here.settings).share
    operator.share(here.database, here.clock)
    here.shared.forget()
    return back_to_live("renew" if before else "share")


@blueprint.post("/unshare")
def unshare() -> Response:
    """Take the address back."""
    here = context()
    operator.unshare(here.database, here.clock)
    here.shared.forget()
    return back_to_live("unshare")
