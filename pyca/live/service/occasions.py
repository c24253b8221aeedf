"""Scheduled events and the stream: which are streamed, and when the recorder needs the camera."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from pyca.config.live import FEEDS
from pyca.config.settings import Settings
from pyca.core.event import Event
from pyca.core.live import LiveEvents, Setup, is_streamed
from pyca.live.service.rivals import same_device
from pyca.runtime.command import needs
from pyca.store import events, recordings

RELEASE = 8.0
"""Seconds before an event at which its camera is let go: a program that has to be killed takes six to end."""
HASTE = 2.0
"""Seconds before an event from which a program that still has the camera is killed at once."""
LATE = 15.0
"""Seconds after its start in which an event may still begin to be recorded."""
AHEAD = 120.0
"""Seconds for which the schedule is known while the database is away."""
_OVERTIME = 60.0
"""Seconds after its end from which a recording that still counts as running is one whose recorder is gone."""


@dataclass(frozen=True)
class Occasions:
    """What is being recorded, and what begins soon."""

    running: tuple[Event, ...] = ()
    coming: tuple[Event, ...] = ()

    def streamed(self, settings: Settings, now: float, stopped: float) -> Event | None:
        """Return the recording that is streamed by itself now.

        :param stopped: when somebody last said stop: it counts for what had begun by then
        """
        rule = LiveEvents(settings.live.events)
        for event in self._recorded(now):
            if is_streamed(rule, event) and event.start > stopped:
                return event
        return None

    def takes_camera(self, settings: Settings, setup: Setup, now: float, before: float = RELEASE) -> bool:
        """Tell whether a recorder has the camera or needs it soon, or passes on what it records.

        :param before: how many seconds are soon
        """
        near = (event for event in self.coming if event.start - before <= now < event.start + LATE)
        return any(_is_taken(settings, setup, event) for event in (*self._recorded(now), *near))

    def next_moment(self, now: float) -> float:
        """Return when a camera has to be let go next; far away where that is not known."""
        moments = (one.start - before for one in self.coming for before in (RELEASE, HASTE))
        return min((at for at in moments if at > now), default=float("inf"))

    def _recorded(self, now: float) -> Iterable[Event]:
        return (event for event in self.running if now < event.end + _OVERTIME)


def read(session: Session, now: float) -> Occasions:
    """Return what is being recorded and what begins soon."""
    running = tuple(one.event for one in recordings.running(session))
    near = events.upcoming(session, before=now + AHEAD)
    return Occasions(running, tuple(event for event in near if event.start + LATE > now))


def _is_taken(settings: Settings, setup: Setup, event: Event) -> bool:
    """Tell whether our own camera is left alone while an event is recorded."""
    commands = [one.command for one in settings.inputs_for(event.inputs).values()]
    alike = any(same_device(command, setup.source, setup.profile) for command in commands)
    return alike or passes_on(settings, event)


def passes_on(settings: Settings, event: Event) -> bool:
    """Tell whether a command that records this event may pass on what it records."""
    chosen = settings.inputs_for(event.inputs).values()
    return any(needs(source.command, word) for source in chosen for word in FEEDS)
