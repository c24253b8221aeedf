"""``/metrics``: figures for Prometheus, all from one look at the database and the disks."""

from flask import Blueprint, Response

from pyca.ui.context import context
from pyca.ui.metrics.sight import gather

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def show() -> Response:
    """Return all families as text.

    :raises StoreError: where the database cannot be read
    """
    # Loaded here: it takes megabytes, and most pages are never asked for this.
    from pyca.ui.metrics.collect import CONTENT_TYPE, text_of

    return Response(text_of(gather(context())), content_type=CONTENT_TYPE)
