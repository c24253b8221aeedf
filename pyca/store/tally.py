"""What counts as recorded, lost, late and delivered.

Counting is the last thing in a transaction: it keeps the figure locked until the end. Who counts first and
then wants a recording would wait for whoever holds that and wants to count, without end.
"""

import math
from collections.abc import Collection

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from pyca.core.event import Event
from pyca.core.recording import Part, Recording, Upload, length_of
from pyca.core.states import EventState
from pyca.store import recordings
from pyca.store.figures import Figure, add
from pyca.store.tables import PartRow, RecordedEvent

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, math.inf)
"""Upper bounds of the lateness of starts, in seconds."""
COMMON = 3.0
"""Seconds by which a recording may be shorter than planned before they count as lost: commands take their
time to open a camera."""
RESULTS = {
    EventState.FINISHED_RECORDING: "complete",
    EventState.PARTIAL_RECORDING: "partial",
    EventState.FAILED_RECORDING: "failed",
}


def begin_part(session: Session, part: Part, due: float) -> int:
    """Store a part that was begun, and count it; of the first one of a recording how late it was.

    :param due: when the recording should have begun: the event's start, or the moment at which it became
        known where that was later
    :return: the part's id
    """
    first = not session.scalar(select(exists().where(PartRow.uid == part.uid)))
    row = recordings.add_part(session, part)
    add(session, Figure.PARTS)
    if part.number > 1:
        add(session, Figure.RESTARTS)
    # What was only found in its folder does not tell when it began.
    if first and part.started > 0:
        late = max(part.started - due, 0.0)
        add(session, Figure.LATENESS, label=bucket_name(next(top for top in BUCKETS if late <= top)))
        add(session, Figure.LATENESS_SUM, late)
    return row


def bucket_name(top: float) -> str:
    """Return an upper bound as Prometheus writes it."""
    return "+Inf" if math.isinf(top) else str(top)


def is_counted(session: Session, uid: str) -> bool:
    """Tell whether the end of a recording is counted already; to be asked before it is stored."""
    query = select(RecordedEvent.ended).where(RecordedEvent.uid == uid)
    return session.execute(query).scalar_one_or_none() is not None


def end_recording(session: Session, recording: Recording, planned: float, inputs: Collection[str]) -> None:
    """Count a recording that is over.

    :param recording: as it is stored
    :param planned: how many seconds it should have, by what the schedule and the operator wanted last
    :param inputs: what should have been recorded; the shortest one tells what is lost
    """
    add(session, Figure.EVENTS, label=RESULTS.get(recording.state, "partial"))
    lengths = {name: _length(recording, name, planned) for name in {*inputs, *_inputs(recording)}}
    add(session, Figure.RECORDED_SECONDS, max(lengths.values(), default=0.0))
    lost = planned - min(lengths.values(), default=0.0)
    if lost > COMMON:
        add(session, Figure.LOST_SECONDS, lost)


def miss_event(session: Session, event: Event) -> None:
    """Count an event that is over and of which nothing was recorded."""
    add(session, Figure.EVENTS, label=RESULTS[EventState.FAILED_RECORDING])
    add(session, Figure.LOST_SECONDS, event.duration)


def deliver_recording(session: Session, recording: Recording, before: Upload | None) -> None:
    """Count a recording that is delivered, once.

    :param before: what was known of its delivery until then
    """
    if before is None or not before.location:
        add(session, Figure.DELIVERED_SECONDS, length_of(recording) or 0.0)


def _inputs(recording: Recording) -> set[str]:
    return {track.input for track in recording.tracks}


def _length(recording: Recording, name: str, planned: float) -> float:
    """Return how much of an input there is; where nobody could look into its files they count as whole."""
    tracks = [track for track in recording.tracks if track.input == name]
    if any(track.duration is None for track in tracks):
        return planned
    by_flavor: dict[str, float] = {}
    for track in tracks:
        by_flavor[track.flavor] = by_flavor.get(track.flavor, 0.0) + (track.duration or 0.0)
    return min(by_flavor.values(), default=0.0)
