"""Record and stop. Each has a page that asks in words, so that all works without a script."""

from collections.abc import Mapping
from dataclasses import replace

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.event import Event
from pyca.core.naming import LONGEST_TITLE
from pyca.core.recording import Recording
from pyca.core.states import EventState
from pyca.schedule import local
from pyca.store import events, recordings
from pyca.ui.access.rights import needs, visitor
from pyca.ui.context import context
from pyca.ui.pages.back import go_back
from pyca.ui.pages.forms import uid_of
from pyca.ui.view.room import Obstacle, next_obstacle
from pyca.ui.view.wish import LONGEST, Wish, read_inputs, read_minutes, read_title, wish_of_form
from pyca.ui.words import when

blueprint = Blueprint("record", __name__)

LENGTHS = (15, 30, 45, 60, 90)
"""Minutes that one press chooses."""
SHORTEST = 60.0
"""Seconds; “until the next event” is offered only where that is not at once."""


@blueprint.get("/record")
@needs(Scope.OPERATE)
def show() -> str:
    """Show the form for a recording that begins now."""
    return _form(Wish(length="60", minutes="120", inputs=tuple(context().settings.inputs)))


@blueprint.post("/record")
def start() -> tuple[str, int] | Response:
    """Begin a recording now."""
    here, wish = context(), wish_of_form(request.form)
    try:
        title, seconds = read_title(wish.title), _seconds(wish)
        inputs = read_inputs(wish.inputs, tuple(here.settings.inputs))
        _check_room(seconds)
        local.record_now(
            here.database,
            here.clock,
            here.settings,
            title=title,
            duration=seconds,
            inputs=inputs,
            creator=visitor().name,
        )
    except UsageError as error:
        return _form(wish, str(error)), 422
    return go_back(request.form, "", "record")


@blueprint.get("/stop")
@needs(Scope.OPERATE)
def ask_stop() -> str:
    """Ask whether a recording shall end now."""
    recording = running(request.args)
    return render_template(
        "stop.html", recording=recording, now=context().clock.now(), standalone=context().settings.standalone
    )


@blueprint.post("/stop")
def stop() -> Response:
    """End a recording now and keep it."""
    recording = running(request.form)
    local.stop(context().database, context().clock, recording.uid)
    return go_back(request.form, recording.uid, "stop")


def running(values: Mapping[str, str]) -> Recording:
    """Return the running recording that a request names, with the end that holds now.

    :raises UsageError: where it is over; a page may be older than the recording
    """
    uid = uid_of(values)
    with context().database.read() as session:
        found = recordings.get(session, uid)
        by_hand = recordings.end_by_hand(session, uid)
    if found is None:
        raise NotFound
    if found.state is not EventState.RECORDING:
        raise UsageError(f"“{found.event.title}” is not being recorded any more.")
    return found if by_hand is None else replace(found, event=found.event.changed(end=by_hand))


def _form(wish: Wish, error: str = "") -> str:
    here, now = context(), context().clock.now()
    return render_template(
        "record.html",
        wish=wish,
        error=error,
        lengths=LENGTHS,
        longest_title=LONGEST_TITLE,
        names=tuple(here.settings.inputs),
        following=_following(now),
        obstacle=_obstacle(now, LONGEST * 60.0),
        now=now,
    )


def _following(now: float) -> Event | None:
    """Return the next event, where there is time for a recording before it."""
    with context().database.read() as session:
        found = events.upcoming(session, limit=1, before=now + LONGEST * 60)
    return found[0] if found and found[0].start >= now + SHORTEST else None


def _obstacle(now: float, seconds: float) -> Obstacle | None:
    here = context()
    with here.database.read() as session:
        return next_obstacle(session, now, now + seconds, here.settings.capture.max_parallel)


def _check_room(seconds: float) -> None:
    """Refuse a length that runs into what is planned, and say which length would not.

    :raises UsageError: naming the event in the way
    """
    here, now = context(), context().clock.now()
    found = _obstacle(now, seconds)
    if found is None:
        return
    if found.start <= now:
        raise UsageError(f"“{found.event.title}” is being recorded, and no more at once is possible.")
    moment, free = when(found.start, now, here.zone), int((found.start - now) // 60)
    raise UsageError(
        f"At {moment} “{found.event.title}” begins; until then {free} min are free.",
        "choose a shorter time" if free else "wait until it is over",
    )


def _seconds(wish: Wish) -> float:
    if wish.length == "next":
        now = context().clock.now()
        following = _following(now)
        if following is None:
            raise UsageError("No event follows before which there is time.", "choose a length")
        return following.start - now
    return read_minutes(wish.minutes if wish.length in ("", "other") else wish.length) * 60
