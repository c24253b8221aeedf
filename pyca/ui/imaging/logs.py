"""``/api/v1/logs``: the newest log messages of the server and of each instance."""

from flask import Blueprint, Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.imaging.envelope import BASE, fine
from pyca.ui.imaging.room import room

blueprint = Blueprint("logs", __name__)


@blueprint.get(f"{BASE}/logs")
@needs(Scope.ADMIN)
def server() -> Response:
    """Return the server's messages, each as time, logger, level and message."""
    return fine("Server logs.", logs=room().servant.logs())


@blueprint.get(f"{BASE}/logs/txt")
@needs(Scope.ADMIN)
def server_text() -> Response:
    """Return the same as one text."""
    return fine("Server logs.", logs=_text(room().servant.logs()))


@blueprint.get(f"{BASE}/logs/instance/<name>")
@needs(Scope.ADMIN)
def instance(name: str) -> Response:
    """Return the messages of an instance."""
    return fine(f"Logs of instance {name}.", logs=room().servant.instance_logs(name))


@blueprint.get(f"{BASE}/logs/instance/<name>/txt")
@needs(Scope.ADMIN)
def instance_text(name: str) -> Response:
    """Return the same as one text."""
    return fine(f"Logs of instance {name}.", logs=_text(room().servant.instance_logs(name)))


def _text(lines: list[list[str]]) -> str:
    return "\n".join(" ".join(line) for line in lines)
