"""Follow one event from its start to its delivery, through the database like everybody else."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from pyca.cli.records import Known, look
from pyca.core.clock import Clock
from pyca.core.errors import StoreError, UsageError
from pyca.core.recording import UploadStep
from pyca.core.states import EventState
from pyca.core.units import show_duration, show_size

if TYPE_CHECKING:
    from pathlib import Path

    from pyca.store.database import Database

_POLL = 0.2
_TRIES = 20
"""Looks in a row that may find nothing: a database that was lost is filled again within seconds."""


class Phase(StrEnum):
    """What happens to the event now."""

    WAITING = "waiting"
    RECORDING = "recording"
    CLOSING = "checking"
    DELIVERING = "delivering"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Moment:
    """One look at the event.

    :param share: how much of this phase is done, 0 to 1; None where nobody can know
    """

    phase: Phase
    text: str
    share: float | None = None


Show = Callable[[Moment], None]

_PHASES = {
    EventState.UPCOMING: Phase.WAITING,
    EventState.RECORDING: Phase.RECORDING,
    EventState.FINISHED_RECORDING: Phase.DELIVERING,
    EventState.PARTIAL_RECORDING: Phase.DELIVERING,
    EventState.UPLOADING: Phase.DELIVERING,
    EventState.PAUSED_AFTER_RECORDING: Phase.DONE,
    EventState.FINISHED_UPLOADING: Phase.DONE,
    EventState.FAILED_UPLOADING: Phase.FAILED,
    EventState.FAILED_RECORDING: Phase.FAILED,
}


def follow(
    database: "Database",
    uid: str,
    clock: Clock,
    show: Show,
    check: Callable[[], None] = lambda: None,
    *,
    delivers: bool = True,
    stopped: bool = False,
) -> Known:
    """Show what happens to an event until it is delivered or has failed, and return what became of it.

    :param check: called at each look; raises where there is no point in going on
    :param delivers: False where recordings stay here, so that one is done once it is recorded
    :param stopped: True where somebody asked for its end: nothing that failed is tried again
    :raises UsageError: where somebody cancelled the event
    """
    while True:
        check()
        one = _look(database, uid)
        if one is None:
            raise UsageError("the event was cancelled")
        moment = assess(one, clock.now(), stopped=stopped)
        if moment.phase is Phase.DELIVERING and not delivers:
            moment = Moment(Phase.DONE, "kept on this machine")
        show(moment)
        if moment.phase in (Phase.DONE, Phase.FAILED):
            return one
        time.sleep(_POLL)


def _look(database: "Database", uid: str) -> Known | None:
    """Look at an event; a database that is away or was just made anew does not end the recording.

    :raises StoreError: where it stays away
    """
    for _ in range(_TRIES):
        try:
            if one := look(database, uid):
                return one
        except StoreError:
            database.dispose()
        time.sleep(_POLL)
    return look(database, uid)


def assess(one: Known, now: float, *, stopped: bool = False) -> Moment:
    """Return in words what happens to an event.

    :param stopped: True where somebody asked for its end
    """
    phase = _PHASES[one.state]
    over = stopped or now >= one.event.end
    # A failure is tried again while its time lasts, unless the recording was closed.
    closed = one.recording is not None and one.recording.ended is not None
    if one.state is EventState.FAILED_RECORDING and not (over or closed):
        phase = Phase.RECORDING
    if phase is Phase.RECORDING and over:
        phase = Phase.CLOSING
    match phase:
        case Phase.WAITING:
            return Moment(phase, f"starts in {max(one.event.start - now, 0):.1f} s")
        case Phase.RECORDING:
            return _recording(one, now)
        case Phase.DELIVERING:
            return _delivering(one)
        case Phase.CLOSING:
            return Moment(phase, "closing and checking the files")
        case Phase.FAILED:
            return Moment(phase, _reason(one))
        case Phase.DONE:
            return Moment(phase, one.upload.location if one.upload else "")


def _recording(one: Known, now: float) -> Moment:
    event = one.event
    share = min(max((now - event.start) / event.duration, 0.0), 1.0)
    folder = one.recording.directory if one.recording else None
    size = _size(folder) if folder else 0
    text = f"{show_duration(now - event.start)} of {show_duration(event.duration)}, {show_size(size)}"
    if one.state is EventState.FAILED_RECORDING:
        text += f"; {_reason(one)}"
    return Moment(Phase.RECORDING, text, share)


def _size(folder: "Path") -> int:
    """Return the bytes of the files in a folder; one may vanish while we look."""
    total = 0
    for file in folder.rglob("*"):
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue
    return total


def _delivering(one: Known) -> Moment:
    upload = one.upload
    if upload is None or upload.step is UploadStep.BEGIN or not upload.bytes_total:
        return Moment(Phase.DELIVERING, "begins")
    text = f"{show_size(upload.bytes_sent)} of {show_size(upload.bytes_total)}"
    return Moment(Phase.DELIVERING, text, min(upload.bytes_sent / upload.bytes_total, 1.0))


def _reason(one: Known) -> str:
    recording = one.recording.error if one.recording else ""
    return (one.upload.error if one.upload else "") or recording or "no reason is known"
