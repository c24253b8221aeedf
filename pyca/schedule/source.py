"""The seam between the schedule and where events come from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pyca.core.event import Event, Origin

FULL_SECONDS = 3600.0
"""After so long even an unchanged calendar is read in full, as the look-ahead has moved on."""

Known = Callable[[], Mapping[str, str]]
"""Looks up id → fingerprint of the stored events. Asked only where a calendar has changed."""


@dataclass(frozen=True)
class LeftOut:
    """An event that is listed but not (yet) for the schedule; remembered, so that it is parsed once."""

    fingerprint: str
    wanted: float
    """from when on it belongs in the schedule, seconds since 1970 UTC"""


@dataclass(frozen=True)
class Mark:
    """What a source saw last; it is handed back at the next fetch once its events are stored safely."""

    tag: str
    """what names this version of the calendar, as the other side sent it"""
    digest: str
    """of the calendar's bytes"""
    until: float
    """from this moment on “unchanged” is not good enough, seconds since 1970 UTC"""
    left_out: Mapping[str, LeftOut] = field(default_factory=dict)


@dataclass(frozen=True)
class Fetched:
    """A calendar as it is now."""

    mark: Mark
    present: Mapping[str, Event | None] | None
    """all events, None for one whose fingerprint is known; None instead of all where nothing has changed"""


class Source(Protocol):
    """Where events come from."""

    @property
    def origin(self) -> Origin:
        """The origin of its events; it never touches others."""
        ...

    @property
    def name(self) -> str:
        """Its name among the things outside (:mod:`pyca.store.upstream`)."""
        ...

    def fetch(self, known: Known, mark: Mark | None) -> Fetched:
        """Return the calendar.

        :param mark: what the last stored fetch returned; None asks for everything
        :raises CalendarError: where what came is no calendar
        :raises DeliveryError: where nothing came
        """
        ...

    def close(self) -> None:
        """Let go of connections; the source is not used afterwards."""
        ...
