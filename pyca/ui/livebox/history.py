"""``/api/livebox/v1/sessions``: what was streamed, its figures and its log."""

import math
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy.orm import Session as Transaction
from werkzeug.exceptions import BadRequest, NotFound

from pyca.core.live import Session
from pyca.store import stream_sessions
from pyca.ui.api.area import LIVEBOX
from pyca.ui.context import context
from pyca.ui.livebox.answer import answer

blueprint = Blueprint("livebox_sessions", __name__, url_prefix=f"{LIVEBOX}/v1/sessions")

MOST_SESSIONS = 100
MOST_SAMPLES = 5000
FEWEST_SAMPLES = 100
"""A page has room for all destinations at one moment, so that each page brings something new."""
_LARGEST = 2**53
_LATEST = 1e12
"""seconds since 1970, a moment that nobody will see"""
_NUMBER = re.compile(r"\d{1,20}(?:\.\d{1,400})?(?:[eE][+-]?\d{1,4})?", re.ASCII)


@blueprint.get("")
def listing() -> Response:
    """Return the latest sessions, newest first; ``before`` of the answer leads to older ones.

    :raises StoreError: where the database cannot be read
    """
    asked = _asked("limit", "before")
    limit = _whole(asked, "limit", 20, 1, MOST_SESSIONS)
    before = _whole(asked, "before", 0, 1, _LARGEST) if "before" in asked else None
    with context().database.read() as session:
        found = stream_sessions.listed(session, limit=limit + 1, before=before)
    page = found[:limit]
    return answer(
        {"sessions": [asdict(one) for one in page], "before": page[-1].id if len(found) > limit else None}
    )


@blueprint.get("/<int:number>")
def show(number: int) -> Response:
    """Return one session.

    :raises NotFound: where there is none
    """
    _asked()
    with context().database.read() as session:
        return answer(asdict(_existing(session, number)))


@blueprint.get("/<int:number>/samples")
def samples(number: int) -> Response:
    """Return the figures of a session, oldest first; ``since`` of the answer leads to what comes next.

    :raises NotFound: where there is none
    """
    asked = _asked("since", "until", "limit")
    since = _moment(asked, "since") or 0.0
    limit = _whole(asked, "limit", MOST_SAMPLES, FEWEST_SAMPLES, MOST_SAMPLES)
    with context().database.read() as session:
        _existing(session, number)
        until = _moment(asked, "until")
        found = stream_sessions.samples(session, number, since=since, until=until, limit=limit + 1)
    if len(found) > limit:
        # What belongs to one moment stays together: the next page begins with the following one.
        found = [one for one in found if one.at < found[-1].at]
    after = math.nextafter(found[-1].at, math.inf) if found else since
    return answer({"samples": [asdict(one) for one in found], "since": after})


@blueprint.get("/<int:number>/log")
def log(number: int) -> Response:
    """Return the log of a session, oldest first; ``after`` of the answer leads to what comes next.

    :raises NotFound: where there is none
    """
    asked = _asked("after")
    after = _whole(asked, "after", 0, 0, _LARGEST)
    with context().database.read() as session:
        _existing(session, number)
        found = stream_sessions.log(session, number, after=after)
    lines = [{"number": line_number} | asdict(line) for line_number, line in found]
    return answer({"lines": lines, "after": found[-1][0] if found else after})


def _existing(session: Transaction, number: int) -> Session:
    found = stream_sessions.get(session, number) if number <= _LARGEST else None
    if found is None:
        raise NotFound(f"There is no session {str(number)[:20]}.")
    return found


def _asked(*known: str) -> Mapping[str, str]:
    for name, values in request.args.lists():
        if name not in known:
            raise BadRequest(f"“{name[:100]}”: there is no such parameter here.")
        if len(values) > 1:
            raise BadRequest(f"“{name}”: it is given twice.")
    return request.args


def _whole(asked: Mapping[str, str], name: str, usual: int, least: int, most: int) -> int:
    given = asked.get(name, str(usual))
    if not (given.isascii() and given.isdigit() and len(given) < 20 and least <= int(given) <= most):
        raise BadRequest(f"“{name}”: it is a whole number from {least} to {most}.")
    return int(given)


def _moment(asked: Mapping[str, str], name: str) -> float | None:
    given: Any = asked.get(name)
    if given is not None and (not _NUMBER.fullmatch(given) or float(given) > _LATEST):
        raise BadRequest(f"“{name}”: it is a moment in seconds since 1970 UTC.")
    return None if given is None else float(given)
