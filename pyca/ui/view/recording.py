"""One recording with all that is known about it."""

from dataclasses import dataclass, replace

from pyca.core.alarm import Alarm
from pyca.core.recording import Part, Track, runs
from pyca.core.states import PAUSABLE, EventState
from pyca.store import alarms, recordings, uploads
from pyca.ui.context import Context
from pyca.ui.view.digest import digest
from pyca.ui.view.overview import Past, past
from pyca.ui.view.playback import Playback, own_files, playback_of

ALARMS = 30


@dataclass(frozen=True)
class Attempt:
    """One run of a capture command, and how long nothing was recorded before it."""

    part: Part
    gap: float | None
    """seconds; None for the first one of its input"""


@dataclass(frozen=True)
class Shown:
    """A track and how it can be played."""

    track: Track
    playback: Playback


@dataclass(frozen=True)
class Detail:
    """What the page about one recording shows."""

    now: float
    item: Past
    attempts: tuple[Attempt, ...]
    tracks: tuple[Shown, ...]
    alarms: tuple[Alarm, ...]
    by_hand: float | None = None
    """the end that somebody chose, seconds since 1970 UTC"""

    @property
    def tag(self) -> str:
        """A digest of what is visible; it changes at least every minute."""
        return digest(replace(self, now=self.now // 60))

    @property
    def over(self) -> bool:
        """True where nothing is recorded of it any more."""
        state = self.item.recording.state
        return state is not EventState.RECORDING

    @property
    def missing(self) -> float | None:
        """The wanted seconds that were not recorded; None where that is not known yet."""
        if not self.over or self.item.length is None:
            return None
        event = self.item.recording.event
        end = event.end if self.by_hand is None else self.by_hand
        return max(end - event.start - self.item.length, 0.0)

    @property
    def may_pause(self) -> bool:
        """True where the delivery can be held back."""
        return self.item.recording.state in PAUSABLE and not self.item.files_gone

    @property
    def may_resume(self) -> bool:
        """True where the delivery is held back and can go on."""
        return self.item.recording.state is EventState.PAUSED_AFTER_RECORDING and not self.item.files_gone

    @property
    def may_delete(self) -> bool:
        """True where nothing is written or read for it now."""
        recording = self.item.recording
        return not runs(recording, self.now, self.by_hand) and recording.state is not EventState.UPLOADING


def gather(context: Context, uid: str) -> Detail | None:
    """Look at one recording, its files among it; None where there is none.

    :raises StoreError: where the database cannot be read
    """
    with context.database.read() as session:
        found = recordings.get(session, uid)
        if found is None:
            return None
        by_hand = recordings.end_by_hand(session, uid)
        deliveries = uploads.many(session, [uid])
        parts = recordings.parts(session, uid)
        troubles = alarms.of_event(session, uid, ALARMS)
    if by_hand is not None and found.state is EventState.RECORDING:
        found = replace(found, event=found.event.changed(end=by_hand))
    own = {track.id for track in own_files(found, context.settings)}
    return Detail(
        now=context.clock.now(),
        item=past(found, deliveries),
        attempts=tuple(_attempts(parts)),
        tracks=tuple(Shown(track, playback_of(track if track.id in own else None)) for track in found.tracks),
        alarms=tuple(troubles),
        by_hand=by_hand,
    )


def _attempts(parts: list[Part]) -> list[Attempt]:
    ended: dict[str, float | None] = {}
    found = []
    for part in parts:
        before = ended.get(part.input)
        found.append(Attempt(part, None if before is None else max(part.started - before, 0.0)))
        ended[part.input] = part.ended
    return found
