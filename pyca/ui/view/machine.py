"""Everything the page System says, gathered in one look."""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import psutil

from pyca.core.recording import data_rate
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.runtime import machine
from pyca.runtime.machine import Machine
from pyca.runtime.process import usage
from pyca.store import footprint, recordings, upgrade, upstream
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream
from pyca.ui.context import Context
from pyca.ui.view import disks
from pyca.ui.view.disks import DiskUse
from pyca.ui.view.processors import Reading
from pyca.ui.view.services import calendars, statuses

DUTIES: dict[str, str] = {
    ServiceName.SCHEDULE: "follows the calendar",
    ServiceName.CAPTURE: "records",
    ServiceName.INGEST: "delivers recordings",
    ServiceName.AGENTSTATE: "tells the server what this agent does",
    ServiceName.LIVE: "streams",
    ServiceName.CAMERA: "serves cameras",
    ServiceName.PIPELINE: "processes images",
    ServiceName.UI: "shows this page",
}
"""What each service is for."""
_MACHINE = "machine"
_RECENT = 8


@dataclass(frozen=True)
class Process:
    """What a service takes of the machine, its commands not included."""

    pid: int
    cpu: float
    """share of one processor"""
    memory: int
    """bytes"""
    commands: int = 0
    """programs that it runs, such as FFmpeg"""
    commands_cpu: float = 0.0
    commands_memory: int = 0


@dataclass(frozen=True)
class ServiceLine:
    """A service as it is shown."""

    status: ServiceStatus
    duty: str
    process: Process | None

    @property
    def hangs(self) -> bool:
        """True where its process is there and silent, so that a watchdog would start it anew."""
        return self.status.state is ServiceState.ERROR and self.status.text.startswith("silent for ")


@dataclass(frozen=True)
class DatabaseFacts:
    """The database."""

    kind: str
    place: str
    size: int | None
    schema: str


@dataclass(frozen=True)
class System:
    """The page System."""

    now: float
    services: tuple[ServiceLine, ...]
    machine: Machine
    cpu: float | None
    """share of all processors that was busy since the last look; None at the first one"""
    disks: tuple[DiskUse, ...]
    database: DatabaseFacts
    server: Upstream
    calendars: tuple[Upstream, ...]
    waiting: int
    """recordings that are not delivered yet and will be by themselves"""
    failed: int
    paused: int


def gather(context: Context) -> System:
    """Look at the database, the processes, the machine and its disks.

    :raises StoreError: where the database cannot be read
    """
    now, settings = context.clock.now(), context.settings
    with context.database.read() as session:
        states = [_own(one) for one in statuses(session, now, settings.extra_services)]
        server = upstream.get(session, "server")
        read = tuple(upstream.get(session, name) for name in calendars(settings))
        counts = recordings.count_by_state(session)
        recent = recordings.listing(session, states=_OVER, limit=_RECENT)
    seen = machine.look()
    processes, cpu = _processes(context, states, seen)
    return System(
        now=now,
        services=tuple(ServiceLine(one, DUTIES[one.name], processes.get(one.pid)) for one in states),
        machine=seen,
        cpu=cpu,
        disks=tuple(disks.each_once(settings, context.database, data_rate(recent))),
        database=_database(context),
        server=server,
        calendars=read,
        waiting=sum(counts.get(state, 0) for state in _WAITING),
        failed=counts.get(EventState.FAILED_UPLOADING, 0),
        paused=counts.get(EventState.PAUSED_AFTER_RECORDING, 0),
    )


_OVER = [state for state in EventState if state is not EventState.RECORDING]
_WAITING = (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING, EventState.UPLOADING)


def _own(status: ServiceStatus) -> ServiceStatus:
    """Return the status of a service; that of the page with the process that answers, whoever serves it."""
    return replace(status, text="", pid=os.getpid()) if status.name == ServiceName.UI else status


def _database(context: Context) -> DatabaseFacts:
    database = context.database
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}.get(database.url.get_backend_name(), "")
    schema = upgrade.version(database) or "none"
    return DatabaseFacts(kind, database.place, footprint.size(database), schema)


@dataclass(frozen=True)
class _Taken:
    """What one process has taken so far."""

    key: str
    reading: Reading
    memory: int


def _processes(
    context: Context, states: Sequence[ServiceStatus], seen: Machine
) -> tuple[Mapping[int, Process], float | None]:
    """Return the processes of the services by pid, and how busy the machine is."""
    alive = [one for one in states if one.pid and one.state is not ServiceState.STOPPED]
    own = {one.pid: taken for one in alive if (taken := _taken(one.pid))}
    commands = {one.pid: _commands(one.pid) for one in alive if one.name == ServiceName.CAPTURE}
    readings = {_MACHINE: Reading(seen.cpu_busy, seen.cpu_total)}
    for taken in (*own.values(), *(each for found in commands.values() for each in found)):
        readings[taken.key] = taken.reading
    first = context.processors.moment == float("-inf")
    shares = context.processors.share(context.clock, readings)
    found = {}
    for pid, taken in own.items():
        below = commands.get(pid, [])
        found[pid] = Process(
            pid,
            shares[taken.key],
            taken.memory,
            len(below),
            sum(shares[each.key] for each in below),
            sum(each.memory for each in below),
        )
    return found, None if first else shares[_MACHINE]


def _taken(pid: int) -> _Taken | None:
    try:
        started = psutil.Process(pid).create_time()
    except psutil.Error:
        return None
    used = usage(pid)
    if used is None:
        return None
    # The machine's own clock: the process was started by it.
    reading = Reading(used.cpu_seconds, max(time.time() - started, 0.001))
    return _Taken(f"{pid} {started}", reading, used.memory)


def _commands(pid: int) -> list[_Taken]:
    """Return the programs that a service runs."""
    try:
        children: Iterable[psutil.Process] = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return []
    return [taken for child in children if (taken := _taken(child.pid))]
