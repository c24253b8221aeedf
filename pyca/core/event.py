"""An event: something that shall be recorded between two moments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from pyca.core.errors import UsageError


class Origin(StrEnum):
    """Where an event comes from; a schedule source only ever touches its own events."""

    OPENCAST = "opencast"
    ICS = "ics"
    LOCAL = "local"


@dataclass(frozen=True)
class Attachment:
    """A file that came with the event, such as a Dublin Core catalog."""

    name: str
    mimetype: str
    data: str


@dataclass(frozen=True)
class Event:
    """A planned recording. All times are seconds since 1970 UTC."""

    uid: str
    title: str
    start: float
    end: float
    origin: Origin = Origin.LOCAL
    creator: str = ""
    description: str = ""
    location: str = ""
    series: str = ""
    inputs: tuple[str, ...] = ()
    """names of the inputs to record; empty means all"""
    workflow: str = ""
    workflow_parameters: Mapping[str, str] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    """all agent properties as the server sent them"""
    attachments: tuple[Attachment, ...] = ()
    fingerprint: str = ""
    """digest of the calendar text that this event was read from"""

    @property
    def duration(self) -> float:
        """Planned length in seconds."""
        return self.end - self.start

    def apart(self, name: str) -> "Event":
        """Return the event that what was recorded of this one belongs to when it moves away.

        :param name: tells it from others of this event; the same name gives the same id
        """
        return replace(self, uid=str(uuid5(NAMESPACE_OID, f"{self.uid} {name}")), origin=Origin.LOCAL)

    def changed(self, **changes: Any) -> "Event":
        """Return a copy with some fields replaced."""
        return replace(self, **changes)


def check_times(start: float, end: float, now: float) -> None:
    """Refuse times that cannot be recorded.

    :raises UsageError: where the length is not positive or the end is over
    """
    if end <= start:
        raise UsageError(f"the event would last {end - start:.0f} s", "give an end after its start")
    if end <= now:
        raise UsageError("the event would be over already", "give an end in the future")
