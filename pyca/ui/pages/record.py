"""Record, stop, extend. Each has a page that asks in words, so that all works without a script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.errors import UsageError
from pyca.core.recording import Recording
from pyca.core.states import EventState
from pyca.schedule import local
from pyca.store import recordings
from pyca.ui.access.rights import visitor
from pyca.ui.context import context
from pyca.ui.pages.forms import done, number, uid_of

blueprint = Blueprint("record", __name__)

EXTENSION = 15 * 60.0
"""Seconds by which one press extends."""
LONGEST = 24 * 60
"""Minutes; a recording made by hand that is longer is a slip of the finger."""
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Wish:
    """What the form “record now” asks for."""

    title: str = ""
    minutes: str = "60"
    inputs: tuple[str, ...] = ()


@blueprint.get("/record")
def show() -> str:
    """Show the form for a recording that begins now."""
    return _record_form(Wish(inputs=tuple(context().settings.inputs)))


@blueprint.post("/record")
def start() -> tuple[str, int] | Response:
    """Begin a recording now."""
    here, form = context(), request.form
    wish = Wish(form.get("title", ""), form.get("minutes", ""), tuple(form.getlist("inputs")))
    try:
        local.record_now(
            here.database,
            here.clock,
            here.settings,
            title=_title(wish.title),
            duration=_seconds(wish.minutes),
            inputs=_inputs(wish.inputs, tuple(here.settings.inputs)),
            creator=visitor().name,
        )
    except UsageError as error:
        return _record_form(wish, str(error)), 422
    return done("record")


@blueprint.get("/stop")
def ask_stop() -> str:
    """Ask whether a recording shall end now."""
    return render_template("stop.html", recording=_running(request.args), now=context().clock.now())


@blueprint.post("/stop")
def stop() -> Response:
    """End a recording now and keep it."""
    recording = _running(request.form)
    local.stop(context().database, context().clock, recording.uid)
    return done("stop")


@blueprint.get("/extend")
def ask_extend() -> str:
    """Ask whether a recording shall go on for longer."""
    recording = _running(request.args)
    end = recording.event.end + EXTENSION
    return render_template("extend.html", recording=recording, end=end, now=context().clock.now())


@blueprint.post("/extend")
def extend() -> Response:
    """Let a recording go on until the end that the form names, so that pressing twice extends once."""
    recording = _running(request.form)
    end = number(request.form.get("end", ""))
    if end is None or end > recording.event.end + EXTENSION + 1:
        raise UsageError("This is no end for the recording.", "open the page again and repeat what you did")
    here = context()
    local.extend(here.database, here.clock, here.settings, recording.uid, end)
    return done("extend")


def _record_form(wish: Wish, error: str = "") -> str:
    return render_template("record.html", wish=wish, error=error, names=tuple(context().settings.inputs))


def _title(text: str) -> str:
    # Control characters have no place in a title, and PostgreSQL refuses NUL.
    title = " ".join("".join(char if char.isprintable() else " " for char in text).split())
    if not title:
        raise UsageError("A recording needs a title.")
    if len(title) > LONGEST_TITLE:
        raise UsageError(f"The title is too long: {len(title)} characters, {LONGEST_TITLE} are allowed.")
    return title


def _seconds(minutes: str) -> float:
    found = number(minutes)
    if found is None or not 1 <= found <= LONGEST:
        raise UsageError(f"The length has to be a number of minutes from 1 to {LONGEST}.")
    return found * 60


def _inputs(wanted: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    """Return the inputs to record; empty means all, as everywhere."""
    if len(known) < 2:
        return ()
    chosen = tuple(name for name in known if name in wanted)
    if not chosen:
        raise UsageError("Choose at least one input.")
    return () if len(chosen) == len(known) else chosen


def _running(values: Mapping[str, str]) -> Recording:
    """Return the running recording that a request names, with the end that holds now.

    :raises UsageError: where it is over; a page may be older than the recording
    """
    uid = uid_of(values)
    with context().database.read() as session:
        found = recordings.get(session, uid)
        ends = recordings.operator_ends(session)
    if found is None:
        raise NotFound
    if found.state is not EventState.RECORDING:
        raise UsageError(f"“{found.event.title}” is not being recorded any more.")
    return replace(found, event=found.event.changed(end=ends.get(uid, found.event.end)))
