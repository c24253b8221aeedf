"""Everything the first screen says, gathered in one look at the database.

No query here grows with history: each is bounded and answered from an index.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from pyca.core.alarm import AlarmKind
from pyca.core.event import Event
from pyca.core.live import LiveReport
from pyca.core.recording import Recording, Upload, UploadStep, data_rate, length_of
from pyca.core.states import EventState
from pyca.store import alarms as stored
from pyca.store import events, recordings, uploads, upstream
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream
from pyca.ui.context import Context
from pyca.ui.view import alarms, disks, levels
from pyca.ui.view.alarms import Alarm
from pyca.ui.view.digest import digest
from pyca.ui.view.disks import Disk
from pyca.ui.view.live_words import streamed
from pyca.ui.view.services import calendars, last_read, statuses
from pyca.ui.view.sources import Source, gather_sources

RECENT = 8
NEXT = 6
FAILED = 20


@dataclass(frozen=True)
class Past:
    """A recording that is over, and its delivery."""

    recording: Recording
    upload: Upload | None
    length: float | None
    """recorded seconds"""
    size: int
    """bytes of all tracks"""

    @property
    def seconds_left(self) -> float | None:
        """How long the upload will still take; None where that cannot be told."""
        if not self.upload or self.upload.rate <= 0 or self.upload.bytes_total <= 0:
            return None
        return max(self.upload.bytes_total - self.upload.bytes_sent, 0) / self.upload.rate

    @property
    def may_retry(self) -> bool:
        """True where an operator can start the delivery again."""
        return self.recording.state is EventState.FAILED_UPLOADING and not self.files_gone

    @property
    def files_gone(self) -> bool:
        """True where the files are not on this machine any more."""
        return self.upload is not None and self.upload.files_gone

    @property
    def ambiguous(self) -> bool:
        """True where the server may have taken the recording without saying so."""
        return self.upload is not None and self.upload.step is UploadStep.AMBIGUOUS


@dataclass(frozen=True)
class Overview:
    """The first screen."""

    now: float
    running: tuple[Recording, ...]
    coming: tuple[Event, ...]
    past: tuple[Past, ...]
    services: tuple[ServiceStatus, ...]
    disk: Disk | None
    server: Upstream
    alarms: tuple[Alarm, ...]
    sources: tuple[Source, ...] = ()
    """what can be seen and heard"""
    calendar_read: float | None = None
    """when a calendar was read last, None where there is none"""
    stream: LiveReport = LiveReport()
    """what is streamed, without figures that change all the time"""

    @property
    def tag(self) -> str:
        """A digest of what is visible; it changes at least every minute, as do words such as “in 5 min”."""
        minute = self.now // 60
        disk = self.disk and replace(self.disk, used=0, free=self.disk.free // 10**8, seconds_left=None)
        beats = tuple(replace(one, heartbeat=(one.heartbeat or 0.0) // 60) for one in self.services)
        read = self.calendar_read and self.calendar_read // 60
        keys = [source.key for source in self.sources]
        seen = replace(self, now=minute, disk=disk, services=beats, calendar_read=read, sources=())
        return digest((seen, keys))


def gather(context: Context) -> Overview:
    """Look at the database, the disk and the previews.

    :raises StoreError: where the database cannot be read
    """
    now, settings = context.clock.now(), context.settings
    with context.database.read() as session:
        running = recordings.running(session)
        coming = events.upcoming(session, limit=NEXT)
        recent, failed = _past(session, len(running))
        deliveries = uploads.many(session, [one.uid for one in recent])
        states = statuses(session, now, settings.extra_services)
        server = upstream.get(session, "server")
        outside = [upstream.get(session, name) for name in calendars(settings)]
        active = stored.active(session, now)
        stream = streamed(session, states, now)
        titles = recordings.titles(session, {alarm.subject for alarm in active if alarm.subject})
    disk = disks.of_recordings(settings, data_rate(recent))
    seen = {
        AlarmKind.DISK: list(alarms.from_disk(disk, settings.capture.minimum_free)),
        AlarmKind.CALENDAR: [alarm for calendar in outside for alarm in alarms.from_outside(calendar)],
        AlarmKind.UPLOAD: list(alarms.from_recordings(failed, deliveries)),
    }
    found = alarms.by_weight(
        [
            *alarms.from_services(states, now),
            *(alarm for each in seen.values() for alarm in each),
            *alarms.from_store(active, titles, {kind for kind, each in seen.items() if each}),
            *alarms.from_settings(settings.warnings),
        ]
    )
    return Overview(
        now=now,
        running=tuple(running),
        coming=tuple(coming),
        past=tuple(past(one, deliveries) for one in recent),
        sources=gather_sources(context.previews, levels.read(settings, now), now),
        services=tuple(states),
        disk=disk,
        server=server,
        alarms=tuple(found),
        calendar_read=last_read(outside),
        stream=stream,
    )


def past(recording: Recording, deliveries: Mapping[str, Upload]) -> Past:
    """Return a recording with its delivery and its figures."""
    size = sum(track.size for track in recording.tracks)
    return Past(recording, deliveries.get(recording.uid), length_of(recording), size)


def _past(session: Session, running: int) -> tuple[Sequence[Recording], Sequence[Recording]]:
    """Return the last recordings with those whose delivery failed, and the latter alone.

    :param running: how many run, which are among the last ones
    """
    # A list of states would make the database sort all that ever was recorded.
    found = recordings.listing(session, limit=RECENT + running)
    recent = [one for one in found if one.state is not EventState.RECORDING][:RECENT]
    failed = recordings.listing(session, states=[EventState.FAILED_UPLOADING], limit=FAILED)
    shown = {one.uid for one in recent}
    return [*recent, *(one for one in failed if one.uid not in shown)], failed
