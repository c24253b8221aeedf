"""What needs somebody's attention, in words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyca.core.recording import Recording
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.core.units import show_size
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream
from pyca.ui.disk import Disk


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong, or soon will be."""

    urgent: bool
    text: str
    detail: str = ""


def from_services(services: Sequence[ServiceStatus]) -> Iterator[Alarm]:
    """Tell of services that died or are in trouble, and of a recorder that does not run."""
    for service in services:
        if service.name == ServiceName.CAPTURE and service.state is ServiceState.STOPPED:
            detail = "" if service.text == "never started" else f"The capture service {service.text}."
            yield Alarm(True, "The recorder is not running: nothing will be recorded.", detail)
        elif service.state is ServiceState.ERROR:
            yield Alarm(True, f"The service “{service.name}” is in trouble.", service.text)
        elif service.text == "died":
            yield Alarm(True, f"The service “{service.name}” died.", "It was not stopped by anybody.")


def from_disk(disk: Disk | None, minimum_free: int) -> Iterator[Alarm]:
    """Tell of a disk that is full or away."""
    if disk is None:
        yield Alarm(True, "The disk for recordings cannot be read.")
    elif disk.low:
        need = f"Recordings need {show_size(minimum_free)}, free are {show_size(disk.free)}."
        yield Alarm(True, "The disk is nearly full.", need)


def from_outside(calendar: Upstream) -> Iterator[Alarm]:
    """Tell of a calendar that cannot be read any more."""
    if calendar.failed is not None:
        detail = f"{calendar.error.rstrip('.')}. The schedule stays as it was last known."
        yield Alarm(True, "The calendar cannot be read.", detail)


def from_recordings(recordings: Sequence[Recording]) -> Iterator[Alarm]:
    """Tell of deliveries that failed."""
    failed = [item for item in recordings if item.state is EventState.FAILED_UPLOADING]
    if len(failed) == 1:
        yield Alarm(True, f"“{failed[0].event.title}” could not be uploaded.", "It is kept here, see below.")
    elif failed:
        yield Alarm(True, f"{len(failed)} uploads failed.", "They are kept here, see below.")


def from_settings(warnings: Sequence[str]) -> Iterator[Alarm]:
    """Pass on what is legal in the configuration and still deserves attention."""
    for warning in warnings:
        yield Alarm(False, "Configuration", warning)
