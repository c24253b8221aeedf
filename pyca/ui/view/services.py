"""The services as this page sees them, and when the calendar was read last."""

from collections.abc import Collection, Iterable
from dataclasses import replace

from sqlalchemy.orm import Session

from pyca.config.settings import Settings
from pyca.core.states import ServiceName, ServiceState
from pyca.store import services, upstream
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream


def statuses(session: Session, now: float, extra: Collection[str] = ()) -> list[ServiceStatus]:
    """Return all services; the page is running, whoever serves it.

    :param now: seconds since 1970 UTC
    :param extra: services that are enabled and that not everybody wants
    """
    found = services.statuses(session, now, extra)
    return [
        replace(one, state=ServiceState.IDLE, text="shows this page", heartbeat=now, died=False)
        if one.name == ServiceName.UI
        else one
        for one in found
    ]


def calendars(settings: Settings) -> list[str]:
    """Return the calendars in use; what is known of others is history."""
    return ["calendar"] * (not settings.standalone) + ["ics"] * bool(settings.agent.calendar)


def last_synchronised(session: Session, settings: Settings) -> float | None:
    """Return when a calendar was read last, in seconds since 1970 UTC; None where none ever was."""
    return last_read(upstream.get(session, name) for name in calendars(settings))


def last_read(known: Iterable[Upstream]) -> float | None:
    """Return when one of these was read last, in seconds since 1970 UTC; None where none ever was."""
    return max((one.checked for one in known if one.checked is not None), default=None)
