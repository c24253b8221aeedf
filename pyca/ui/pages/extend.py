"""Let a recording go on for longer: a few minutes, until a time of day, or until the next event."""

from datetime import UTC, datetime, timedelta

from flask import Blueprint, render_template, request
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.recording import Recording
from pyca.schedule import local
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.back import go_back
from pyca.ui.pages.forms import number
from pyca.ui.pages.record import running
from pyca.ui.view.room import Obstacle, next_obstacle
from pyca.ui.words import when

blueprint = Blueprint("extend", __name__)

STEPS = (5, 15, 30)
"""Minutes that one press adds."""
USUAL = 15
LONGEST = 24 * 3600.0
"""Seconds from now; a later end is a slip of the finger."""


@blueprint.get("/extend")
@needs(Scope.OPERATE)
def show() -> str:
    """Ask for how long a recording shall go on."""
    return _form(running(request.args))


@blueprint.post("/extend")
def extend() -> tuple[str, int] | Response:
    """Let a recording go on until the end that the form names, so that pressing twice extends once."""
    recording, here = running(request.form), context()
    try:
        end = _wanted(recording)
        _check_room(recording, end)
    except UsageError as error:
        return _form(recording, str(error)), 422
    local.extend(here.database, here.clock, here.settings, recording.uid, end)
    return go_back(request.form, recording.uid, "extend")


def _form(recording: Recording, error: str = "") -> str:
    now, end = context().clock.now(), recording.event.end
    obstacle = _obstacle(recording, end + LONGEST)
    choices = [(minutes, end + minutes * 60) for minutes in STEPS]
    possible = [choice for choice in choices if obstacle is None or choice[1] <= obstacle.start]
    usual = next((at for minutes, at in reversed(possible) if minutes <= USUAL), None)
    return render_template(
        "extend.html",
        recording=recording,
        choices=choices,
        usual=usual,
        obstacle=obstacle,
        room=obstacle.start - end if obstacle else None,
        error=error,
        now=now,
    )


def _wanted(recording: Recording) -> float:
    """Return the end that the form asks for.

    :raises UsageError: where it is none, or no extension
    """
    given = request.form.get("end", "")
    end = _of_clock(request.form.get("clock", "")) if given == "clock" else number(given)
    if end is None or end > context().clock.now() + LONGEST:
        raise UsageError("This is no end for the recording.", "choose one of those offered")
    if end < recording.event.end - 1:
        raise UsageError("It goes on for longer already.", "choose a later end, or stop it")
    return end


def _of_clock(text: str) -> float | None:
    """Return when it will be that time of day, such as “14:30”, for the next time."""
    here = context()
    now = datetime.fromtimestamp(here.clock.now(), UTC).astimezone(here.zone)
    try:
        wanted = datetime.strptime(text, "%H:%M").time()
    except ValueError:
        return None
    moment = datetime.combine(now.date(), wanted, now.tzinfo if here.zone is None else here.zone)
    if moment <= now:
        moment += timedelta(days=1)
    return moment.timestamp()


def _obstacle(recording: Recording, end: float) -> Obstacle | None:
    here = context()
    start = max(recording.event.start, here.clock.now())
    with here.database.read() as session:
        return next_obstacle(session, start, end, here.settings.capture.max_parallel, ignore=recording.uid)


def _check_room(recording: Recording, end: float) -> None:
    """Refuse an end that runs into what is planned.

    :raises UsageError: naming the event in the way and the latest end
    """
    here = context()
    found = _obstacle(recording, end)
    if found is not None:
        moment = when(found.start, here.clock.now(), here.zone)
        raise UsageError(f"It can go on until {moment} at most: then “{found.event.title}” begins.")
