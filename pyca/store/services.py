"""Heartbeats: which service lives, and what it does."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psutil
from sqlalchemy import select
from sqlalchemy.orm import Session

from pyca.core.states import EXTRA_SERVICES, ServiceName, ServiceState
from pyca.store.tables import ServiceRow

STALE_SECONDS = 90.0
"""A service that was silent for so long counts as dead, whatever its process does."""


_ALL = select(ServiceRow.__table__)


@dataclass(frozen=True)
class ServiceStatus:
    """What is known about a service now."""

    name: str
    state: ServiceState
    text: str = ""
    pid: int = 0
    started: float | None = None
    heartbeat: float | None = None
    died: bool = False
    """True where it stopped without being asked to"""


def beat(session: Session, name: ServiceName, state: ServiceState, text: str, now: float) -> None:
    """Store that this process lives and what it does."""
    process = psutil.Process()
    row = session.get(ServiceRow, str(name))
    started = row.started if row and row.pid == process.pid else now
    session.merge(
        ServiceRow(
            name=str(name),
            state=str(state),
            pid=process.pid,
            pid_started=process.create_time(),
            started=started,
            heartbeat=now,
            text=text,
        )
    )


def statuses(session: Session, now: float, extra: Collection[str] = ()) -> list[ServiceStatus]:
    """Return all services; one whose process is gone or silent is reported as stopped.

    :param extra: those of :data:`pyca.core.states.EXTRA_SERVICES` that are enabled; another one of these is
        among them only where it was ever started: most agents have none
    """
    # Rows as they come, no objects: this is asked for by every look at the page and at the figures.
    rows = {row.name: row for row in session.connection().execute(_ALL)}
    names = [name for name in ServiceName if name not in EXTRA_SERVICES or name in extra or name in rows]
    return [_status(name, rows.get(name), now) for name in names]


def _status(name: str, row: Any | None, now: float) -> ServiceStatus:
    if row is None:
        return ServiceStatus(name, ServiceState.STOPPED, "never started")
    state, text, died = ServiceState(row.state), row.text, False
    if state is not ServiceState.STOPPED and not _alive(row):
        state, text, died = ServiceState.STOPPED, "died", True
    elif state is not ServiceState.STOPPED and now - row.heartbeat > STALE_SECONDS:
        state, text = ServiceState.ERROR, f"silent for {now - row.heartbeat:.0f} s"
    return ServiceStatus(str(name), state, text, row.pid, row.started, row.heartbeat, died)


def _alive(row: Any) -> bool:
    try:
        return bool(abs(psutil.Process(row.pid).create_time() - row.pid_started) < 1.0)
    except psutil.Error:
        return False
