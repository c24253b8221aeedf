"""What needs somebody's attention, in words."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyca.core import alarm as stored
from pyca.core.alarm import AlarmKind
from pyca.core.recording import Recording, Upload
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.core.units import show_size
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream
from pyca.ui.view.disk import Disk


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong, or soon will be."""

    urgent: bool
    text: str
    detail: str = ""
    since: float | None = None
    """when it was noticed, where that is known"""


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


def from_recordings(recordings: Sequence[Recording], deliveries: Mapping[str, Upload]) -> Iterator[Alarm]:
    """Tell of deliveries that failed; one whose files are gone cannot be mended any more."""
    gone = {uid for uid, upload in deliveries.items() if upload.files_gone}
    failed = [one for one in recordings if one.state is EventState.FAILED_UPLOADING and one.uid not in gone]
    if len(failed) == 1:
        yield Alarm(True, f"“{failed[0].event.title}” could not be uploaded.", "It is kept here, see below.")
    elif failed:
        yield Alarm(True, f"{len(failed)} uploads failed.", "They are kept here, see below.")


KINDS: dict[AlarmKind, str] = {
    AlarmKind.COMMAND: "A capture command ended before its time",
    AlarmKind.NO_DATA: "Nothing is being written",
    AlarmKind.SILENCE: "No sound",
    AlarmKind.CLIPPING: "The sound is too loud",
    AlarmKind.BLACK: "The picture is black",
    AlarmKind.FROZEN: "The picture stands still",
    AlarmKind.GAP: "Sound and picture are apart",
    AlarmKind.NOT_RECORDED: "An event is not recorded",
    AlarmKind.DISK: "The disk",
    AlarmKind.DATABASE: "The database",
    AlarmKind.UPLOAD: "A recording is not delivered",
    AlarmKind.CALENDAR: "The calendar",
}
"""Each kind of alarm in words."""


def from_store(
    active: Sequence[stored.Alarm], titles: Mapping[str, str], covered: Collection[AlarmKind]
) -> Iterator[Alarm]:
    """Pass on what the services have noticed.

    :param titles: of the events that they concern
    :param covered: kinds that this page tells from what it sees itself, which is always of this moment
    """
    for alarm in active:
        if alarm.kind in covered:
            continue
        where = f" ({alarm.input})" if alarm.input else ""
        title = titles.get(alarm.subject, "")
        about = f"“{title}”: " if title else ""
        yield Alarm(True, f"{KINDS[alarm.kind]}{where}.", f"{about}{alarm.text.rstrip('.')}.", alarm.since)


def from_settings(warnings: Sequence[str]) -> Iterator[Alarm]:
    """Pass on what is legal in the configuration and still deserves attention."""
    for warning in warnings:
        yield Alarm(False, "Configuration", warning)
