"""Plan, change and cancel the events of this agent."""

from dataclasses import replace
from datetime import datetime, time
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.event import Event, Origin
from pyca.core.live import LiveEvents, is_marked
from pyca.core.naming import LONGEST_TITLE
from pyca.schedule import local as plans
from pyca.schedule.slots import TakenError
from pyca.store import events
from pyca.ui.access.rights import needs, visitor
from pyca.ui.context import context
from pyca.ui.pages.forms import uid_of
from pyca.ui.pages.schedule import facts
from pyca.ui.view.days import local, next_hour, read_day, show_week
from pyca.ui.view.digest import digest
from pyca.ui.view.wish import Checked, Wish, check, wish_of_event, wish_of_form
from pyca.ui.words import clock, when

blueprint = Blueprint("planning", __name__)

MORNING = time(9)
"""When an event begins on another day than today, until somebody says otherwise."""

Answer = str | tuple[str, int] | Response


@blueprint.get("/schedule/add")
@needs(Scope.OPERATE)
def ask_add() -> str:
    """Show the form for a new event, on the day that the address names."""
    here = context()
    today = local(here.clock.now(), here.zone).date()
    day = read_day(request.args.get("day", ""), today)
    start = next_hour(here.clock.now(), here.zone) if day == today else datetime.combine(day, MORNING)
    inputs = tuple(here.settings.inputs)
    wish = Wish(date=f"{start:%Y-%m-%d}", time=f"{start:%H:%M}", inputs=inputs)
    return _form(wish, Checked())


@blueprint.post("/schedule/add")
def add() -> Answer:
    """Plan an event."""
    here = context()
    wish = wish_of_form(request.form)
    found = check(wish, here.zone, here.clock.now(), tuple(here.settings.inputs))
    if not found.errors:
        try:
            event = plans.plan(
                here.database,
                here.clock,
                here.settings,
                found.title,
                found.start,
                found.end,
                inputs=found.inputs,
                creator=found.creator or visitor().name,
                description=found.description,
                live=_marks() and wish.live,
            )
            return _done("add", event)
        except UsageError as error:
            _explain(error, found)
    return _form(wish, found), 422


@blueprint.get("/schedule/change")
@needs(Scope.OPERATE)
def ask_change() -> str:
    """Show the form with an event of this agent."""
    event = _own(uid_of(request.args))
    here = context()
    return _form(wish_of_event(event, here.zone, tuple(here.settings.inputs)), Checked(), event)


@blueprint.post("/schedule/change")
def change() -> Answer:
    """Change an event of this agent."""
    here = context()
    event = _own(uid_of(request.form))
    wish = wish_of_form(request.form)
    found = check(wish, here.zone, here.clock.now(), tuple(here.settings.inputs))
    if request.form.get("seen", state_of(event)) != state_of(event):
        found.errors["form"] = (
            f"Somebody has changed this event meanwhile: it is “{event.title}” now, "
            f"{when(event.start, here.clock.now(), here.zone)} – {clock(event.end, here.zone)}. "
            "Save once more to put what stands here in its place."
        )
    if not found.errors:
        try:
            changed = plans.change(
                here.database,
                here.clock,
                here.settings,
                event.uid,
                title=found.title,
                start=found.start,
                end=found.end,
                inputs=found.inputs,
                creator=found.creator,
                description=found.description,
                live=wish.live if _marks() else is_marked(event.workflow_parameters),
            )
            return _done("change", changed)
        except UsageError as error:
            _explain(error, found)
    return _form(wish, found, event), 422


@blueprint.get("/schedule/cancel")
@needs(Scope.OPERATE)
def ask_cancel() -> str:
    """Ask whether an event shall be taken from the schedule."""
    event = _own(uid_of(request.args))
    return render_template("schedule_cancel.html", event=event, **facts(event))


@blueprint.post("/schedule/cancel")
def cancel() -> Response:
    """Take an event from the schedule."""
    event = _own(uid_of(request.form))
    plans.cancel(context().database, event.uid)
    return _done("cancel", event)


def _form(wish: Wish, found: Checked, event: Event | None = None) -> str:
    here = context()
    known = tuple(here.settings.inputs)
    # Inputs that the configuration does not name any more cannot be ticked.
    wish = replace(wish, inputs=tuple(name for name in wish.inputs if name in known))
    return render_template(
        "schedule_form.html",
        wish=wish,
        found=found,
        event=event,
        names=known,
        longest_title=LONGEST_TITLE,
        marks=_marks(),
        zone=here.settings.agent.timezone,
        seen=state_of(event) if event else "",
        back=url_for("schedule.one", uid=event.uid) if event else url_for("schedule.show"),
    )


def _marks() -> bool:
    """Tell whether a mark decides which events are streamed."""
    return LiveEvents(context().settings.live.events) is LiveEvents.MARKED


def state_of(event: Event) -> str:
    """Return a digest of what a form shows of an event, so that a form of yesterday is known as such."""
    shown = (event.title, event.start, event.end, event.inputs, event.creator, event.description)
    return digest((*shown, is_marked(event.workflow_parameters)))


def _explain(error: UsageError, found: Checked) -> None:
    """Put a refusal beside the field that can help."""
    if not isinstance(error, TakenError):
        found.errors["form"] = str(error)
        return
    here = context()
    now = here.clock.now()
    names = ", ".join(
        f"“{event.title}” ({when(event.start, now, here.zone)} – {clock(event.end, here.zone)})"
        for event in error.events
    )
    limit = here.settings.capture.max_parallel
    found.errors["time"] = (
        f"This time is taken: {names}. This agent records {limit} event{'s' if limit > 1 else ''} at once "
        "([capture] max_parallel). Choose another time or another length."
    )


def _done(action: str, event: Event) -> Response:
    week = show_week(local(event.start, context().zone).date())
    return redirect(f"{url_for('schedule.show')}?{urlencode({'week': week, 'done': action})}", code=303)


def _own(uid: str) -> Event:
    """Return the planned event that a request names.

    :raises UsageError: where it belongs to a server
    """
    with context().database.read() as session:
        event = events.get(session, uid)
    if event is None:
        raise NotFound("There is no such event; it was cancelled, or it is over.")
    if event.origin is not Origin.LOCAL:
        place = facts(event)["place"]
        raise UsageError(f"“{event.title}” comes from {place} and cannot be changed here.", "change it there")
    return event
