"""``/api/logs``: the newest lines of the log."""

from flask import Response

from pyca.core.access import Scope
from pyca.ui.access.rights import needs
from pyca.ui.api.document import answer
from pyca.ui.api.errors import ApiError, Problem, not_found
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import Asked, Rules, read_parameters, slim
from pyca.ui.context import context
from pyca.ui.view.loglines import Level, Line
from pyca.ui.view.logs import MOST_LINES, chosen, read
from pyca.ui.words import iso

blueprint = api_blueprint("api_logs", __name__)

RULES = Rules(fields={"logs": ("lines", "source", "trouble")}, filters=("level",), others=("limit",))
_LEVELS = tuple(str(level) for level in Level if level is not Level.UNKNOWN)


@blueprint.get("/logs")
@needs(Scope.ADMIN)
def show() -> Response:
    """Return the newest lines as one resource, in the order in which they were written.

    :raises ApiError: where there is no log that could be read: 404
    """
    here, asked = context(), read_parameters(RULES)
    limit, least = _limit(asked), _level(asked)
    log = read(here)
    if not log.source:
        raise not_found("No log", f"{log.trouble} {log.remedy}".strip())
    attributes = {
        "lines": [_text(line) for line in chosen(log.lines, least)][-limit:],
        "source": log.source,
        "trouble": log.trouble or None,
    }
    resource = {"type": "logs", "id": str(int(here.clock.now())), "attributes": attributes}
    return answer([slim(resource, asked)])


def _text(line: Line) -> str:
    """Return a line with what was taken apart; what nobody could tell is left out."""
    moment = iso(line.moment) if line.moment is not None else ""
    level = "" if line.level is Level.UNKNOWN else f"[{line.level.upper()}]"
    service = f"{line.service}:" if line.service else ""
    return " ".join(part for part in (moment, level, service, line.text) if part)


def _limit(asked: Asked) -> int:
    given = asked.others.get("limit", str(MOST_LINES))
    if not (given.isascii() and given.isdigit() and len(given) < 9 and 1 <= int(given) <= MOST_LINES):
        raise _invalid("limit", f"It is a whole number from 1 to {MOST_LINES}.")
    return int(given)


def _level(asked: Asked) -> Level:
    given = asked.filters.get("level", str(Level.DEBUG))
    if given not in _LEVELS:
        raise _invalid("filter[level]", f"It is one of {', '.join(_LEVELS)}.")
    return Level(given)


def _invalid(parameter: str, detail: str) -> ApiError:
    return ApiError(Problem(400, "Invalid parameter", detail, parameter=parameter))
