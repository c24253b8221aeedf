"""Recordings: events that have begun, their parts and tracks, and their states."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import CursorResult, delete, func, select, update
from sqlalchemy.orm import Session

from pyca.core.errors import UsageError
from pyca.core.event import Event, Origin
from pyca.core.recording import Part, Recording, Track
from pyca.core.states import REPORTED, EventState, Outcome, check_transition
from pyca.store import outbox
from pyca.store.events import columns_of, event_of
from pyca.store.tables import DeletedEvent, PartRow, RecordedEvent, TrackRow, UpcomingEvent

_OPEN = (str(EventState.RECORDING), str(EventState.FAILED_RECORDING))
"""States in which the recorder still tries; a failed recording is over only once it has ended."""


def begin(session: Session, event: Event, directory: Path, now: float) -> bool:
    """Claim an event for recording.

    :return: False where it has begun already, so another process records it or has done so
    """
    if session.get(RecordedEvent, event.uid):
        return False
    values = columns_of(event) | {"state": str(EventState.UPCOMING), "directory": str(directory)}
    session.add(RecordedEvent(**values))
    session.flush()
    set_state(session, event.uid, EventState.RECORDING, now)
    return True


def miss(session: Session, event: Event, directory: Path, now: float, reason: str) -> bool:
    """Note that an event could not be recorded at all.

    :return: False where something is known of its recording
    """
    if session.get(RecordedEvent, event.uid):
        return False
    values = columns_of(event) | {"state": str(EventState.UPCOMING), "directory": str(directory)}
    session.add(RecordedEvent(**values))
    session.flush()
    set_state(session, event.uid, EventState.FAILED_RECORDING, now, error=reason)
    return True


def set_state(session: Session, uid: str, state: EventState, now: float, *, error: str | None = None) -> None:
    """Move a recording to another state and note what the server has to be told, in one transaction.

    :param error: new error text; None keeps the old one
    :raises UsageError: where there is no such recording
    :raises TransitionError: where the state does not follow from the present one
    """
    row = _row(session, uid)
    if row.state != state:
        check_transition(EventState(row.state), state)
        _claim(session, row, state)
        if state is EventState.RECORDING and row.started is None:
            row.started = now
        if row.origin == Origin.OPENCAST and state in REPORTED:
            outbox.post(session, uid, REPORTED[state], now)
    if error is not None:
        row.error = error


def _claim(session: Session, row: RecordedEvent, state: EventState) -> None:
    """Change the state only where nobody else did so meanwhile."""
    result: CursorResult[Any] = session.execute(  # type: ignore[assignment]
        update(RecordedEvent)
        .where(RecordedEvent.uid == row.uid, RecordedEvent.state == row.state)
        .values(state=str(state))
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:
        raise UsageError(f"event “{row.uid}” was changed by another process meanwhile", "try again")
    session.refresh(row)


def follow(session: Session, event: Event) -> None:
    """Take over what the schedule says about a recording that is running."""
    row = _row(session, event.uid)
    for name, value in columns_of(event).items():
        setattr(row, name, value)


def set_apart(session: Session, uid: str, event: Event) -> None:
    """Give a running recording another event, so that its own one can be recorded again.

    :param event: what it is a recording of from now on
    """
    row = _row(session, uid)
    kept = {name: getattr(row, name) for name in ("state", "directory", "started", "ended", "error")}
    session.add(RecordedEvent(**columns_of(event), **kept))
    session.flush()
    for table in (PartRow, TrackRow):
        session.execute(update(table).where(table.uid == uid).values(uid=event.uid))
    session.expire(row)
    session.delete(row)


def set_end(session: Session, uid: str, end: float) -> None:
    """Fix the end by hand: in the past stops a running recording, later extends it.

    :raises UsageError: where the recording is not running
    """
    row = _row(session, uid)
    if row.state not in _OPEN or row.ended is not None:
        raise UsageError(f"“{row.title}” is not being recorded", "it is " + row.state)
    row.operator_end = end


def correct_times(session: Session, uid: str, start: float, end: float) -> None:
    """Note when the event of a recording that is over really was.

    :raises UsageError: where there is no such recording
    """
    row = _row(session, uid)
    row.start, row.end = start, end


def operator_ends(session: Session) -> dict[str, float]:
    """Return the hand-chosen ends of running recordings."""
    query = select(RecordedEvent.uid, RecordedEvent.operator_end).where(
        RecordedEvent.state.in_(_OPEN), RecordedEvent.ended.is_(None), RecordedEvent.operator_end.is_not(None)
    )
    return {uid: end for uid, end in session.execute(query) if end is not None}


def end_by_hand(session: Session, uid: str) -> float | None:
    """Return the end that somebody chose for a recording, running or over; None where nobody did."""
    found: float | None = session.scalar(select(RecordedEvent.operator_end).where(RecordedEvent.uid == uid))
    return found


def running(session: Session) -> list[Recording]:
    """Return what is being recorded, the oldest first, each with the end that holds now."""
    query = select(RecordedEvent).where(RecordedEvent.state == str(EventState.RECORDING))
    rows = list(session.scalars(query.order_by(RecordedEvent.start, RecordedEvent.uid)))
    ends = {row.uid: row.operator_end for row in rows if row.operator_end is not None}
    return [
        replace(one, event=one.event.changed(end=ends.get(one.uid, one.event.end)))
        for one in _recordings(session, rows)
    ]


def close(session: Session, uid: str, ended: float, tracks: Sequence[Track]) -> None:
    """Store when a recording ended and what it left behind."""
    row = _row(session, uid)
    row.ended = ended
    session.execute(delete(TrackRow).where(TrackRow.uid == uid))
    add_tracks(session, uid, tracks)


def add_tracks(session: Session, uid: str, tracks: Iterable[Track]) -> None:
    """Store files that a recording has left behind."""
    for track in tracks:
        session.add(
            TrackRow(
                uid=uid,
                path=str(track.path),
                flavor=track.flavor,
                input=track.input,
                part=track.part,
                size=track.size,
                duration=track.duration,
                streams=list(track.streams),
                checksum=track.checksum,
            )
        )


def set_checksum(session: Session, track: int, checksum: str) -> None:
    """Store the digest of a track."""
    session.execute(update(TrackRow).where(TrackRow.id == track).values(checksum=checksum))


def add_part(session: Session, part: Part) -> int:
    """Store that a capture command was started; returns the part's id."""
    row = PartRow(
        uid=part.uid,
        input=part.input,
        number=part.number,
        started=part.started,
        pid=part.pid,
        pid_started=part.pid_started,
        files=list(part.files),
        flavors=list(part.flavors),
    )
    session.add(row)
    session.flush()
    return row.id


def end_part(session: Session, part: int, ended: float, outcome: Outcome, exit_code: int | None) -> None:
    """Store how a capture command ended."""
    values = {"ended": ended, "outcome": str(outcome), "exit_code": exit_code}
    session.execute(update(PartRow).where(PartRow.id == part).values(**values))


def move_files(session: Session, uid: str, moved: Mapping[str, str]) -> None:
    """Note that files of earlier parts have new names.

    :param moved: old → new path
    """
    for row in session.scalars(select(PartRow).where(PartRow.uid == uid)):
        row.files = [moved.get(file, file) for file in row.files]


def parts(session: Session, uid: str) -> list[Part]:
    """Return the parts of a recording in the order in which they began."""
    query = select(PartRow).where(PartRow.uid == uid).order_by(PartRow.started, PartRow.id)
    return [_part(row) for row in session.scalars(query)]


def get(session: Session, uid: str, *, held: bool = False) -> Recording | None:
    """Return a recording with its tracks.

    :param held: nobody else changes it, nor gets it held, until this transaction ends
    """
    # SQLite has one writer anyway and no such clause.
    row = session.get(RecordedEvent, uid, with_for_update=held)
    return _recordings(session, [row])[0] if row else None


def many(session: Session, uids: Sequence[str]) -> list[Recording]:
    """Return these recordings with their tracks, in the order in which they are named."""
    rows = {row.uid: row for row in session.scalars(select(RecordedEvent).where(RecordedEvent.uid.in_(uids)))}
    return _recordings(session, [rows[uid] for uid in uids if uid in rows])


def titles(session: Session, uids: Iterable[str]) -> dict[str, str]:
    """Return id → title of these events, recorded or still to come."""
    wanted = list(uids)
    found: dict[str, str] = {}
    if not wanted:
        return found
    for table in (UpcomingEvent, RecordedEvent):
        query = select(table.uid, table.title).where(table.uid.in_(wanted))
        found.update((uid, title) for uid, title in session.execute(query))
    return found


def listing(
    session: Session,
    *,
    states: Iterable[EventState] | None = None,
    oldest_first: bool = False,
    limit: int | None = None,
    offset: int = 0,
) -> list[Recording]:
    """Return recordings, the newest first unless asked otherwise."""
    query = select(RecordedEvent)
    if states is not None:
        query = query.where(RecordedEvent.state.in_([str(state) for state in states]))
    order = RecordedEvent.start.asc() if oldest_first else RecordedEvent.start.desc()
    rows = session.scalars(query.order_by(order, RecordedEvent.uid).limit(limit).offset(offset))
    return _recordings(session, list(rows))


def count_by_state(session: Session) -> dict[EventState, int]:
    """Return how many recordings are in each state."""
    query = select(RecordedEvent.state, func.count()).group_by(RecordedEvent.state)
    return {EventState(state): number for state, number in session.execute(query)}


def delete_recording(session: Session, uid: str) -> None:
    """Forget a recording, its parts, tracks and upload; the files are the caller's business.

    A calendar that still lists the event does not bring it back, unless it is moved to another start.

    :raises UsageError: where it is still running or unknown
    """
    row = _row(session, uid)
    if row.state in (EventState.RECORDING, EventState.UPLOADING):
        raise UsageError(f"“{row.title}” is {row.state}", "stop it first")
    session.delete(row)
    scheduled = session.get(UpcomingEvent, uid)
    if scheduled is not None:
        session.delete(scheduled)
    if row.origin != Origin.LOCAL:
        listed = scheduled or row
        session.merge(DeletedEvent(uid=uid, start=listed.start, end=listed.end))


def shares_folder(session: Session, uid: str, directory: str) -> bool:
    """Tell whether another recording lies in the same folder as this one."""
    query = select(RecordedEvent.uid).where(RecordedEvent.directory == directory, RecordedEvent.uid != uid)
    return session.scalars(query.limit(1)).first() is not None


def _row(session: Session, uid: str) -> RecordedEvent:
    row = session.get(RecordedEvent, uid)
    if row is None:
        raise UsageError(f"there is no recording of an event with the id “{uid}”")
    return row


def _part(row: PartRow) -> Part:
    return Part(
        uid=row.uid,
        input=row.input,
        number=row.number,
        started=row.started,
        pid=row.pid,
        pid_started=row.pid_started,
        files=tuple(row.files),
        flavors=tuple(row.flavors),
        ended=row.ended,
        outcome=Outcome(row.outcome) if row.outcome else None,
        exit_code=row.exit_code,
        id=row.id,
    )


def _track(row: TrackRow) -> Track:
    return Track(
        path=Path(row.path),
        flavor=row.flavor,
        input=row.input,
        part=row.part,
        size=row.size,
        duration=row.duration,
        streams=tuple(row.streams),
        checksum=row.checksum,
        id=row.id,
    )


def _recordings(session: Session, rows: Sequence[RecordedEvent]) -> list[Recording]:
    tracks: dict[str, list[Track]] = {row.uid: [] for row in rows}
    if rows:
        query = select(TrackRow).where(TrackRow.uid.in_(list(tracks))).order_by(TrackRow.id)
        for track in session.scalars(query):
            tracks[track.uid].append(_track(track))
    return [
        Recording(
            event=event_of(row),
            state=EventState(row.state),
            directory=Path(row.directory),
            started=row.started,
            ended=row.ended,
            error=row.error,
            tracks=tuple(tracks[row.uid]),
        )
        for row in rows
    ]
