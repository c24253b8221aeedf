"""``/api/previews``: the preview pictures that there are."""

from typing import Any

from flask import Response, url_for

from pyca.ui.api.document import answer
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Rules, read_parameters, slim
from pyca.ui.context import Context, context
from pyca.ui.view.previews import STALE_SECONDS, PreviewFile

blueprint = api_blueprint("api_previews", __name__)

RULES = Rules(fields={"preview": ("id", "label", "modified", "stale", "mimetype")})


@blueprint.get("/previews")
def listing() -> Response:
    """Return all previews of which the picture is there now."""
    here, asked = context(), read_parameters(RULES)
    found = (_resource(here, file) for file in here.previews.files)
    return answer([slim(one, asked) for one in found if one is not None])


def _resource(here: Context, file: PreviewFile) -> dict[str, Any] | None:
    picture = here.previews.picture(file.number)
    if picture is None:
        return None
    address = url_for("images.image", number=file.number)
    return {
        "type": "preview",
        "id": str(file.number),
        "attributes": {
            "id": file.number,
            "label": file.label,
            "modified": picture.modified,
            "stale": here.clock.now() - picture.modified > STALE_SECONDS,
            "mimetype": picture.mimetype,
        },
        "links": {"self": address, "img": address},
    }
