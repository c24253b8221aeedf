"""``/schedule``: a week or a day of events, planned and recorded, and each planned one on its own page."""

from datetime import date, timedelta
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.event import Event, Origin
from pyca.core.live import LiveEvents, is_streamed
from pyca.store import events, recordings
from pyca.ui.context import context
from pyca.ui.pages.fragments import answer_fragment
from pyca.ui.view.calendar import Schedule, conflict_of, gather
from pyca.ui.view.days import local, read_day, read_week, show_week

blueprint = Blueprint("schedule", __name__)

NOTICES = {
    "add": "The event is planned.",
    "change": "The event is changed.",
    "cancel": "The event is cancelled. It will not be recorded.",
}
"""What is said after an action; the address only names one of them."""

PLACES = {
    Origin.OPENCAST: "Opencast’s schedule",
    Origin.ICS: "the calendar that this agent reads",
    Origin.LOCAL: "this agent",
}
"""Where an event comes from, in words."""


@blueprint.get("/schedule")
def show() -> str:
    """Show a week, or the day that the address names."""
    notice = NOTICES.get(request.args.get("done", ""), "")
    view, values = _look()
    return render_template("schedule.html", notice=notice, view=view, **values)


@blueprint.get("/fragments/schedule")
def fragment() -> Response:
    """Return the changing part of the page, or 304 where nothing changed."""
    view, values = _look()
    return answer_fragment(view.tag, lambda: render_template("schedule_days.html", view=view, **values))


@blueprint.get("/schedule/events/<path:uid>", merge_slashes=False)
def one(uid: str) -> str | Response:
    """Show a planned event; one that has begun is a recording."""
    here = context()
    with here.database.read() as session:
        begun = recordings.get(session, uid)
        event = events.get(session, uid)
    if begun is not None:
        return redirect(url_for("recordings.one", uid=begun.uid), code=302)
    if event is None:
        raise NotFound("There is no such event; it was cancelled or deleted.")
    return render_template(
        "schedule_event.html", event=event, conflict=conflict_of(here, event), **facts(event)
    )


def facts(event: Event) -> dict[str, Any]:
    """Return what the pages about one event say besides the event."""
    here = context()
    day = local(event.start, here.zone).date()
    return {
        "streamed": is_streamed(LiveEvents(here.settings.live.events), event),
        "place": PLACES[event.origin],
        "changeable": event.origin is Origin.LOCAL,
        "back": url_for("schedule.show", week=show_week(day)),
        "now": here.clock.now(),
        "settings": here.settings,
    }


def _look() -> tuple[Schedule, dict[str, Any]]:
    """Return what the address asks for, and the ways to the days around it."""
    here = context()
    today = local(here.clock.now(), here.zone).date()
    by_day = "day" in request.args
    if by_day:
        first, number = read_day(request.args["day"], today), 1
    else:
        first, number = read_week(request.args.get("week", ""), today), 7
    view = gather(here, first, number)

    def link(shown: date, endpoint: str = "schedule.show") -> str:
        named: dict[str, Any] = {"day": shown.isoformat()} if by_day else {"week": show_week(shown)}
        return url_for(endpoint, **named)

    return view, {
        "first": first,
        "last": first + timedelta(days=number - 1),
        "by_day": by_day,
        "today": today,
        "earlier": link(first - timedelta(days=number)),
        "later": link(first + timedelta(days=number)),
        "present": link(today),
        "is_present": first <= today < first + timedelta(days=number),
        "fragment": link(first, "schedule.fragment"),
        "week": show_week(first),
        "settings": here.settings,
        "refresh_rate": here.settings.ui.refresh_rate,
    }
