"""``/health`` and ``/healthz``: does the process answer, and can it work?"""

from flask import Blueprint, Response, jsonify

from pyca.core.errors import StoreError
from pyca.store.tables import SCHEMA
from pyca.store.upgrade import version
from pyca.ui.access.rights import public
from pyca.ui.context import context

blueprint = Blueprint("health", __name__)


@blueprint.get("/health/live")
@blueprint.get("/healthz")
@public
def live() -> Response:
    """Say that the process answers; nothing else is looked at."""
    return jsonify(status="ok")


@blueprint.get("/health/ready")
@public
def ready() -> Response:
    """Say whether the page can work: is the database there, and has it the schema of this program?"""
    checks = _checks()
    fine = all(checks.values())
    words = {name: "ok" if passed else "failed" for name, passed in checks.items()}
    response = jsonify(status="ok" if fine else "failed", checks=words)
    response.status_code = 200 if fine else 503
    return response


def _checks() -> dict[str, bool]:
    try:
        found = version(context().database)
    except StoreError as error:
        # The answer is public, so the reason goes to the log alone.
        context().outage.found(error)
        return {"database": False, "schema": False}
    context().outage.found(None)
    return {"database": True, "schema": found == SCHEMA}
