"""``/api/events``: read and delete events; recorded ones and those to come."""

import math
from dataclasses import replace

from flask import Response
from werkzeug.exceptions import Forbidden

from pyca.core.access import Scope
from pyca.core.event import Origin
from pyca.core.states import EventState
from pyca.ingest.deletion import delete
from pyca.schedule.local import cancel
from pyca.store import event_pages
from pyca.store.event_pages import Listed, Wanted
from pyca.ui.access.rights import visitor
from pyca.ui.api.document import answer, check_match
from pyca.ui.api.errors import ApiError, Problem, not_found
from pyca.ui.api.negotiation import api_blueprint
from pyca.ui.api.parameters import LARGEST_PAGE, Asked, Rules, flag, page_links, read_parameters, slim
from pyca.ui.api.resources import EVENT, base_of, event_of
from pyca.ui.context import context
from pyca.ui.view.recordings import LONGEST_SEARCH

blueprint = api_blueprint("api_events", __name__)

_ONE = Rules(fields={"event": EVENT})
_LIST = replace(
    _ONE,
    sorts=event_pages.SORTS,
    filters=("status", "from", "to", "title", "origin", "uid"),
    others=("limit",),
    paged=True,
)


@blueprint.get("/events")
@blueprint.get("/events/")
def list_events() -> Response:
    """Return events: those to come, the next one first, then recordings, the newest first."""
    asked = _limited(read_parameters(_LIST))
    wanted = _wanted(asked)
    with context().database.read() as session:
        found, total = event_pages.page(session, wanted, asked.sort, asked.offset, asked.size)
    base = base_of()
    return answer(
        [slim(event_of(one, base), asked) for one in found],
        meta={"total": total},
        links=page_links(asked, total),
    )


@blueprint.get("/events/<path:uid>")
def show_event(uid: str) -> Response:
    """Return one event, as a list of one: programs of older pyCA expect that."""
    asked = read_parameters(_ONE)
    return answer([slim(event_of(existing(uid)), asked)])


@blueprint.delete("/events/<path:uid>")
def delete_event(uid: str) -> Response:
    """Forget a recording, or cancel an event of this agent that is still to come."""
    here = context()
    files = flag(read_parameters(Rules(others=("hard",))), "hard")
    one = existing(uid)
    check_match([event_of(one)])
    if one.state != EventState.UPCOMING:
        who = visitor()
        if not who.scope.covers(Scope.ADMIN):
            has = f"“{who.name}” has “{who.scope}” here"
            raise Forbidden(f"Deleting recordings needs the right “{Scope.ADMIN}”; {has}.")
        delete(here.database, here.settings, here.clock, uid, files=files)
    else:
        cancel(here.database, uid)
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


def existing(uid: str) -> Listed:
    """Return an event.

    :raises ApiError: 404
    """
    found = find(uid)
    if found is None:
        raise missing()
    return found


def find(uid: str) -> Listed | None:
    """Return an event, None where there is none of this id."""
    if "\0" in uid:
        return None  # which no database stores, and PostgreSQL does not even look for
    with context().database.read() as session:
        return event_pages.one(session, uid)


def missing() -> ApiError:
    """Return the error that there is no such event; older clients know its title."""
    return not_found("No event with specified uid")


def _limited(asked: Asked) -> Asked:
    """Return what is asked with “limit” of older programs as the size of the page."""
    limit = asked.others.get("limit")
    if limit is None:
        return asked
    if not (limit.isascii() and limit.isdigit() and len(limit) < 5 and 1 <= int(limit) <= LARGEST_PAGE):
        raise _wrong("limit", f"It is a whole number from 1 to {LARGEST_PAGE}.")
    return replace(asked, size=int(limit))


def _wanted(asked: Asked) -> Wanted:
    """Return what the filters say.

    :raises ApiError: 400
    """
    given = asked.filters
    states = _words(given.get("status", ""))
    origins = _words(given.get("origin", ""))
    if not states <= set(EventState):
        raise _wrong("filter[status]", f"It is a list of {', '.join(EventState)}.")
    if not origins <= set(Origin):
        raise _wrong("filter[origin]", f"It is a list of {', '.join(Origin)}.")
    if len(given.get("title", "")) > LONGEST_SEARCH:
        raise _wrong("filter[title]", f"It is a text of at most {LONGEST_SEARCH} characters.")
    return Wanted(
        states=[EventState(word) for word in states],
        origins=sorted(origins),
        since=_moment("filter[from]", given.get("from")),
        until=_moment("filter[to]", given.get("to")),
        title=given.get("title", ""),
        uid=given.get("uid"),
    )


def _words(text: str) -> set[str]:
    return {word.strip() for word in text.split(",")} if text else set()


def _moment(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise _wrong(name, "It is a number of seconds since 1970 UTC.")
    return found


def _wrong(parameter: str, detail: str) -> ApiError:
    return ApiError(Problem(400, "Invalid parameter", detail, parameter=parameter))
