"""``/live/sessions``: what was streamed, and how it went."""

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound

from pyca.store import stream_sessions
from pyca.ui.context import context
from pyca.ui.view.live import labels_of
from pyca.ui.view.live_figures import SPANS, gather_health
from pyca.ui.view.live_words import bit_rate

blueprint = Blueprint("live_sessions", __name__, url_prefix="/live/sessions")

SIZE = 25
LINES = 200
"""of the log that are shown at once"""
_LARGEST = 2**53


@blueprint.get("")
def listing() -> str:
    """Show the sessions, newest first."""
    before = _before()
    with context().database.read() as session:
        found = stream_sessions.listed(session, limit=SIZE + 1, before=before)
    return render_template(
        "live_sessions.html",
        sessions=found[:SIZE],
        older=found[SIZE - 1].id if len(found) > SIZE else None,
        first=before is None,
        now=context().clock.now(),
    )


@blueprint.get("/<int:number>")
def one(number: int) -> str:
    """Show one session with its graphs and its log."""
    here, before = context(), _before()
    now = here.clock.now()
    with here.database.read() as session:
        found = stream_sessions.get(session, number) if number <= _LARGEST else None
        if found is None:
            raise NotFound("There is no such session. The oldest ones are forgotten in time.")
        labels = labels_of(session, here)
        health = gather_health(session, found, labels, "all", now, here.long_figures)
        told = stream_sessions.latest_lines(session, number, limit=LINES + 1, before=before)
    return render_template(
        "live_session.html",
        one=found,
        health=health,
        span="all",
        spans=SPANS,
        lines=[line for _, line in told[-LINES:]],
        older=told[-LINES][0] if len(told) > LINES else None,
        first=before is None,
        labels=labels,
        rate=bit_rate,
        now=now,
    )


def _before() -> int | None:
    """Return the number that what is shown stands before, None for the newest."""
    given = request.args.get("before", "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else None
