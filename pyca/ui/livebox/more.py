"""``/api/livebox/v1``: what the published interface has not: the source, blinding, all figures, presets."""

from dataclasses import asdict

from flask import Blueprint, Response

from pyca.live import operator
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox.answer import answer
from pyca.ui.livebox.body import read_body

blueprint = Blueprint("livebox_more", __name__, url_prefix=f"{LIVEBOX}/v1")


@blueprint.get("/report")
def report() -> Response:
    """Return all that is known of how the streamer does, and what is wanted of it.

    :raises StoreError: where the database cannot be read
    """
    here = context()
    with here.database.read() as session:
        told = operator.status(session, here.settings, here.clock)
        wanted = operator.setup(session, here.settings)
    return answer(asdict(told) | {"wanted": wanted.wanted, "blind": wanted.blind, "now": here.clock.now()})


@blueprint.get("/source")
def source() -> Response:
    """Return where pictures come from, and who encodes them.

    :raises StoreError: where the database cannot be read
    """
    here = context()
    with here.database.read() as session:
        return answer(asdict(operator.setup(session, here.settings).source))


@blueprint.post("/source")
def change_source() -> Response:
    """Change where pictures come from, all that is sent or nothing, and return what counts now.

    :raises ParameterError: naming the first value that cannot be
    """
    here = context()
    return answer(asdict(operator.change_source(here.database, here.settings, here.clock, read_body())))


@blueprint.put("/blind")
def blind() -> Response:
    """Show the standby picture and send silence; recordings are left alone. Return the report."""
    here = context()
    operator.blind(here.database, here.clock, on=True)
    return report()


@blueprint.put("/unblind")
def unblind() -> Response:
    """Show what the camera sees again. Return the report."""
    here = context()
    operator.blind(here.database, here.clock, on=False)
    return report()
