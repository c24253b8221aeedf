"""Whether the streamer can be heard: one answer for the interface, the page, the figures and the orders."""

from collections.abc import Iterable

from pyca.core.live import LiveReport, LiveState
from pyca.core.states import ServiceName, ServiceState
from pyca.store.services import STALE_SECONDS, ServiceStatus

SILENT_SECONDS = 15.0
"""A report of a stream that is older tells nothing any more: whoever wrote it is gone, or hangs."""


def runs(states: Iterable[ServiceStatus], now: float) -> bool:
    """Tell whether the live service lives.

    :param states: of all services, from :func:`pyca.store.services.statuses`
    :param now: seconds since 1970 UTC
    """
    return any(one.name == ServiceName.LIVE and lives(one, now) for one in states)


def lives(one: ServiceStatus, now: float) -> bool:
    """Tell whether a service lives: it was not stopped, did not die, and was heard of lately."""
    return one.state is not ServiceState.STOPPED and now - (one.heartbeat or 0.0) <= STALE_SECONDS


def is_silent(report: LiveReport, now: float) -> bool:
    """Tell whether a report speaks of a stream of which nothing was heard for too long."""
    return report.state is not LiveState.IDLE and now - report.at > SILENT_SECONDS
