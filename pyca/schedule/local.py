"""Events that people make on the box itself: planned, recorded at once, extended, stopped or cancelled."""

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.core.event import Event, Origin, check_times
from pyca.core.naming import tidy_title
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
) -> Event:
    """Add an event to the schedule.

    :param inputs: names of the inputs to record, empty for all
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
    )
    with database.write() as session:
        check_room(session, start, end, settings.capture.max_parallel)
        events.add(session, event)
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
            _cancel(session, uid)
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
        event = recording.event if recording else events.get(session, uid)
        if event is None:
            raise _unknown(uid)
        check_times(event.start, end, clock.now())
        check_room(session, event.start, end, settings.capture.max_parallel, ignore=uid)
        if recording:
            recordings.set_end(session, uid, end)
        else:
            _check_local(event, "changed")
            events.update(session, event.changed(end=end))
    ring(database.scope, ServiceName.CAPTURE)


def change(
    database: Database,
    clock: Clock,
    settings: Settings,
    uid: str,
    title: str,
    start: float,
    end: float,
    *,
    inputs: Sequence[str] = (),
    creator: str = "",
    description: str = "",
) -> Event:
    """Change a local event that has not begun.

    :param inputs: names of the inputs to record, empty for all
    :raises UsageError: where there is none, it has begun or belongs to a server, or its times are impossible
    """
    check_times(start, end, clock.now())
    _check_inputs(settings, inputs)
    with database.write() as session:
        event = _waiting(session, uid, "changed")
        check_room(session, start, end, settings.capture.max_parallel, ignore=uid)
        event = event.changed(
            title=tidy_title(title) or "Untitled",
            start=start,
            end=end,
            inputs=tuple(inputs),
            creator=creator,
            description=description,
        )
        events.update(session, event)
    ring(database.scope, ServiceName.CAPTURE)
    return event


def cancel(database: Database, uid: str) -> Event:
    """Take a local event from the schedule; a recording that has begun meanwhile goes on.

    :return: what it was
    :raises UsageError: where there is none, it has begun or belongs to a server
    """
    with database.write() as session:
        event = _waiting(session, uid, "cancelled")
        events.cancel(session, uid)
    ring(database.scope, ServiceName.CAPTURE)
    return event


def _waiting(session: Session, uid: str, verb: str) -> Event:
    """Return a local event that has not begun.

    :raises UsageError: where there is none
    """
    event = events.get(session, uid)
    if recordings.get(session, uid) is not None:
        title = event.title if event else uid
        raise UsageError(f"“{title}” has begun and cannot be {verb} any more", "stop or extend its recording")
    if event is None:
        raise _unknown(uid)
    _check_local(event, verb)
    return event


def _cancel(session: Session, uid: str) -> None:
    event = events.get(session, uid)
    if event is None:
        raise _unknown(uid)
    _check_local(event, "cancelled")
    events.cancel(session, uid)


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
