"""``/api/livebox/v1``: what the published interface has not: the source, blinding, all figures, presets."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response

from pyca.core.live import Source
from pyca.core.secrecy import mask
from pyca.live.send.presets import PRESETS
from pyca.live.service import operator
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox.answer import answer
from pyca.ui.livebox.body import read_body

_WORDS = {"true": True, "on": True, "1": True, "false": False, "off": False, "0": False, "": False}
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


@blueprint.get("/presets")
def presets() -> Response:
    """Return the addresses and rules of the big platforms; “url” understands their names."""
    return answer({"presets": [asdict(one) for one in PRESETS.values()]})


@blueprint.get("/source")
def source() -> Response:
    """Return where pictures come from, and who encodes them.

    :raises StoreError: where the database cannot be read
    """
    here = context()
    with here.database.read() as session:
        return answer(_shown(operator.setup(session, here.settings).source))


@blueprint.post("/source")
def change_source() -> Response:
    """Change where pictures come from, all that is sent or nothing, and return what counts now.

    :raises ParameterError: naming the first value that cannot be
    """
    here = context()
    values = {name: _word(name, value) for name, value in read_body().items()}
    return answer(_shown(operator.change_source(here.database, here.settings, here.clock, values)))


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


def _shown(source: Source) -> dict[str, Any]:
    """Return a source as it is told: the address of a camera may hold a password."""
    return asdict(source) | {"input": mask(source.input)}


def _word(name: str, value: Any) -> Any:
    """Return a value; forms, which know texts alone, say “true” and “false” in words."""
    if name in ("hflip", "vflip") and isinstance(value, str):
        return _WORDS.get(value.strip().lower(), value)
    return value
