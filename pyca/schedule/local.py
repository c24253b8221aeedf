"""Events that people make on the box itself: planned, recorded at once, extended, stopped or cancelled."""

import uuid
from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.core.event import Event, Origin, check_times
from pyca.core.live import marked
from pyca.core.naming import tidy_title
from pyca.core.recording import Recording
from pyca.core.states import EventState, ServiceName
from pyca.runtime.bell import ring
from pyca.schedule.slots import check_room
from pyca.store import events, recordings
from pyca.store.database import Database


def plan(
    database: Database,
    clock: Clock,
    settings: Settings,
    title: str,
    start: float,
    end: float,
    *,
    inputs: Sequence[str] = (),
    creator: str = "",
    description: str = "",
    live: bool = False,
) -> Event:
    """Add an event to the schedule.

    :param inputs: names of the inputs to record, empty for all
    :param live: mark it to be streamed while it is recorded
    :raises UsageError: where its times are impossible, taken, or an input is unknown
    """
    check_times(start, end, clock.now())
    _check_inputs(settings, inputs)
    event = Event(
        uid=str(uuid.uuid4()),
        title=tidy_title(title) or "Untitled",
        start=start,
        end=end,
        origin=Origin.LOCAL,
        creator=creator,
        description=description,
        inputs=tuple(inputs),
        workflow_parameters=marked({}, live=live),
    )
    with database.write() as session:
        check_room(session, start, end, settings.capture.max_parallel)
        events.add(session, event)
    # The streamer first: it may have to let go of the camera.
    ring(database.scope, ServiceName.LIVE)
    ring(database.scope, ServiceName.CAPTURE)
    return event


def record_now(
    database: Database,
    clock: Clock,
    settings: Settings,
    title: str,
    duration: float,
    inputs: Sequence[str] = (),
    creator: str = "",
) -> Event:
    """Add an event that starts at once.

    :param duration: seconds
    :raises UsageError: where it collides with another event or an input is unknown
    """
    now = clock.now()
    return plan(
        database,
        clock,
        settings,
        title or "Recording",
        now,
        now + duration,
        inputs=inputs,
        creator=creator,
    )


def stop(database: Database, clock: Clock, uid: str) -> None:
    """End a running recording now and keep it; an event that still waits is cancelled.

    :raises UsageError: where there is no such event, or it is over, or it waits and belongs to a server
    """
    with database.write() as session:
        recording = recordings.get(session, uid)
        if recording is None:
            cancel_within(session, uid)
        elif recording.state is EventState.RECORDING:
            recordings.set_end(session, uid, clock.now())
        else:
            raise UsageError(f"“{recording.event.title}” has ended already", "nothing is left to cancel")
    ring(database.scope, ServiceName.CAPTURE)


def extend(database: Database, clock: Clock, settings: Settings, uid: str, end: float) -> None:
    """Move the end of a running recording or of a local event, later or earlier.

    :raises UsageError: where there is no such event, the end is impossible, or the time is taken
    """
    with database.write() as session:
        recording = recordings.get(session, uid)
        if recording:
            extend_within(session, clock.now(), settings, recording, end)
        else:
            change_within(session, clock.now(), settings, uid, end=end)
    ring(database.scope, ServiceName.CAPTURE)


def extend_within(session: Session, now: float, settings: Settings, recording: Recording, end: float) -> None:
    """Move the end of a running recording within a transaction; capture is to be woken afterwards.

    :raises UsageError: where the end is impossible, the time is taken, or it does not run any more
    """
    start = recording.event.start
    check_times(start, end, now)
    check_room(session, start, end, settings.capture.max_parallel, ignore=recording.uid)
    recordings.set_end(session, recording.uid, end)


def change(database: Database, clock: Clock, settings: Settings, uid: str, **changes: Any) -> Event:
    """Change a local event that has not begun.

    :param changes: fields of the event, and ``live``: whether it is marked to be streamed
    :raises UsageError: where there is none, it has begun or belongs to a server, its times are impossible or
        taken, or an input is unknown
    """
    with database.write() as session:
        changed = change_within(session, clock.now(), settings, uid, **changes)
    ring(database.scope, ServiceName.CAPTURE)
    return changed


def change_within(session: Session, now: float, settings: Settings, uid: str, **changes: Any) -> Event:
    """Do what :func:`change` does within a transaction; capture is to be woken afterwards."""
    event = _waiting(session, uid, "changed")
    _check_inputs(settings, changes.get("inputs", ()))
    if "title" in changes:
        changes["title"] = tidy_title(changes["title"]) or "Untitled"
    if "live" in changes:
        changes["workflow_parameters"] = marked(event.workflow_parameters, live=changes.pop("live"))
    wanted = event.changed(**changes)
    if (wanted.start, wanted.end) != (event.start, event.end):
        check_times(wanted.start, wanted.end, now)
        check_room(session, wanted.start, wanted.end, settings.capture.max_parallel, ignore=uid)
    events.update(session, wanted)
    return wanted


def cancel(database: Database, uid: str) -> Event:
    """Take a local event from the schedule; a recording that has begun meanwhile goes on.

    :return: what it was
    :raises UsageError: where there is none, it has begun or belongs to a server
    """
    with database.write() as session:
        event = cancel_within(session, uid)
    ring(database.scope, ServiceName.CAPTURE)
    return event


def cancel_within(session: Session, uid: str) -> Event:
    """Do what :func:`cancel` does within a transaction; capture is to be woken afterwards."""
    event = _waiting(session, uid, "cancelled")
    events.cancel(session, uid)
    return event


def _waiting(session: Session, uid: str, verb: str) -> Event:
    """Return a local event that has not begun.

    :raises UsageError: where there is none
    """
    event = events.get(session, uid, held=True)
    if recordings.get(session, uid) is not None:
        title = event.title if event else uid
        raise UsageError(f"“{title}” has begun and cannot be {verb} any more", "stop or extend its recording")
    if event is None:
        raise _unknown(uid)
    _check_local(event, verb)
    return event


def _check_local(event: Event, verb: str) -> None:
    if event.origin is Origin.LOCAL:
        return
    place = "Opencast" if event.origin is Origin.OPENCAST else "its calendar"
    raise UsageError(f"“{event.title}” comes from {place} and cannot be {verb} here", f"change it in {place}")


def _check_inputs(settings: Settings, inputs: Sequence[str]) -> None:
    unknown = [name for name in inputs if name not in settings.named_inputs]
    if unknown:
        have = ", ".join(settings.named_inputs)
        raise UsageError(f"no input is called “{', '.join(unknown)}”", f"configured inputs: {have}")


def _unknown(uid: str) -> UsageError:
    return UsageError(f"no event with the id “{uid}” is scheduled")
