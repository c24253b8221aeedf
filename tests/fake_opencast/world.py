"""Everything the fake server knows, and what it remembers for the tests."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fake_opencast.auth import Auth
from fake_opencast.calendars import Scheduled
from fake_opencast.faults import Faults
from fake_opencast.multipart import StoredFile

AGENT_STATES = {"idle", "shutting_down", "capturing", "uploading", "error", "unknown", "offline"}
PROLONGATION = 300.0
PROLONG_BELOW = 90.0
RECORDING_STATES = {
    "unknown",
    "capturing",
    "capture_finished",
    "capture_error",
    "manifest",
    "manifest_error",
    "manifest_finished",
    "compressing",
    "compressing_error",
    "uploading",
    "upload_finished",
    "upload_error",
}


@dataclass
class Call:
    """One request as it was answered; ``status`` 0 means that the connection was broken instead."""

    method: str
    path: str
    query: dict[str, str]
    status: int = 0
    user: str = ""
    scheme: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    file: StoredFile | None = None
    moment: float = field(default_factory=time.time)


@dataclass
class Agent:
    """A capture agent as registered."""

    name: str
    state: str = "unknown"
    address: str = ""
    configuration: dict[str, str] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)
    """every state it ever reported, in order"""


@dataclass
class Element:
    """A track, catalog or attachment of a media package."""

    id: str
    kind: str
    flavor: str
    tags: str
    file: StoredFile


@dataclass
class Workflow:
    """A workflow that an ingest call has started."""

    id: int
    package: str
    definition: str
    parameters: dict[str, str]
    elements: list[Element]
    active: bool = True


@dataclass
class World:
    """The server's state; tests read it and may write it."""

    root: Path
    now: Callable[[], float] = time.time
    auth: Auth = field(default_factory=Auth)
    faults: Faults = field(default_factory=Faults)
    calls: list[Call] = field(default_factory=list)
    events: dict[str, Scheduled] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    recordings: dict[str, list[str]] = field(default_factory=dict)
    """uid → the states reported for it, in order"""
    elements: dict[str, Element] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    discarded: list[str] = field(default_factory=list)
    workflows: list[Workflow] = field(default_factory=list)
    tags: dict[str, int] = field(default_factory=dict)
    quoted_etag: bool = False
    services: list[dict[str, object]] | None = None
    """what the service registry says; None lists one good node for each type that an agent needs"""
    roles: list[str] = field(default_factory=lambda: ["ROLE_CAPTURE_AGENT"])
    user_roles: dict[str, list[str]] = field(default_factory=dict)
    """roles of single users instead of those; only these users are held to what their roles allow"""
    ahead: float = 0.0
    """seconds by which the server's clock is ahead"""

    shows_package: Literal["ingested", "scheduled", "nothing", "forbidden"] = "scheduled"
    """what is answered to those who ask for an event's media package"""
    tag_lifetime: float = 0.0
    """seconds for which the tag of a schedule is remembered; the real server's default is 60"""
    remembered: dict[str, tuple[float, str]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def schedule(self, uid: str, title: str, start: float, end: float, **more: object) -> Scheduled:
        """Put an event on the schedule; keywords that are no field of an event are agent properties."""
        known = {
            key: more.pop(key) for key in ("agent", "series", "description", "attachments") if key in more
        }
        workflow = {"org.opencastproject.workflow.definition": "schedule-and-upload"}
        given = {key: str(value) for key, value in more.items()}
        event = Scheduled(uid, title, start, end, properties={**workflow, **given}, **known)  # type: ignore[arg-type]
        with self.lock:
            self.events[uid] = event
            self._touch(event.agent)
        return event

    def unschedule(self, uid: str) -> None:
        """Cancel an event: it simply vanishes."""
        with self.lock:
            self._touch(self.events.pop(uid).agent)

    def extend(self, uid: str, seconds: float = 300.0) -> None:
        """Move an event's end."""
        with self.lock:
            event = self.events[uid]
            event.end += seconds
            event.modified = self.now()
            self._touch(event.agent)

    def reassign(self, uid: str, agent: str) -> None:
        """Give an event to another agent."""
        with self.lock:
            event = self.events[uid]
            self._touch(event.agent)
            event.agent, event.modified = agent, self.now()
            self._touch(agent)

    def capture_now(self, agent: str) -> Scheduled:
        """Begin an event on an agent now, for five minutes at first."""
        uid, now = f"now-{len(self.events)}", self.now()
        event = self.schedule(uid, "Capture now event", now, now + PROLONGATION, agent=agent)
        event.now_capture = True
        return event

    def run_prolong_job(self) -> None:
        """Do what the server does each minute: prolong what was begun by hand and is nearly over."""
        for event in self._by_hand():
            if event.end - self.now() < PROLONG_BELOW:
                self.extend(event.uid, PROLONGATION)

    def stop_capture(self, agent: str) -> bool:
        """Stop what an agent records: only the catalog tells, the end of the event stays."""
        with self.lock:
            running = [event for event in self.events.values() if event.start <= self.now() < event.end]
            for event in running:
                if event.agent == agent:
                    event.temporal_end, event.modified = self.now(), self.now()
                    self._touch(agent)
                    return True
        return False

    def _by_hand(self) -> list[Scheduled]:
        events = self.events.values()
        return [event for event in events if event.now_capture and event.start <= self.now() < event.end]

    def etag(self, agent: str) -> str:
        """Return the raw tag: ``mod`` and the moment of the last edit in ms, as it was a while ago."""
        moment, tag = self.remembered.get(agent, (float("-inf"), ""))
        if self.now() - moment >= self.tag_lifetime:
            tag = f"mod{max(self.tags.get(agent, 0), self.tags.get('', 0))}"
            self.remembered[agent] = (self.now(), tag)
        return f'"{tag}"' if self.quoted_etag else tag

    def _touch(self, agent: str) -> None:
        self.tags[agent] = max(int(self.now() * 1000), max(self.tags.values(), default=0) + 1)

    def finish_workflows(self) -> None:
        """Let all running workflows end, so that an event may be ingested again."""
        for workflow in self.workflows:
            workflow.active = False

    def called(self, method: str, path: str) -> list[Call]:
        """Return the calls of a path (a prefix) so far."""
        return [call for call in self.calls if call.method == method and call.path.startswith(path)]
