"""What needs somebody's attention, in words."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pyca.core import alarm as stored
from pyca.core.alarm import SIGNAL_ALARMS, AlarmKind
from pyca.core.recording import Recording, Upload
from pyca.core.states import EventState, ServiceName, ServiceState
from pyca.core.units import show_size
from pyca.store.services import ServiceStatus
from pyca.store.upstream import Upstream
from pyca.ui.view.disks import Disk

RESTARTED = 30.0
"""Seconds after the last sign of life within which supervisor or systemd have started a service again."""


@dataclass(frozen=True)
class Alarm:
    """One thing that is wrong, or soon will be."""

    urgent: bool
    text: str
    detail: str = ""
    since: float | None = None
    """when it was noticed, where that is known"""
    help: str = ""
    """what somebody can do about it"""
    stops: bool = False
    """True where nothing can be recorded before it is mended"""
    harms: bool = False
    """True where something that is being recorded suffers"""
    passes: bool = False
    """True where it should be over in a moment"""


_MISSED: dict[str, str] = {
    ServiceName.LIVE: "The streamer is not running: nothing can be streamed.",
    ServiceName.CAMERA: "The camera server is not running: no camera can be seen.",
    ServiceName.PIPELINE: "The pipeline server is not running: no image is processed.",
}
"""What it costs that a service which not everybody wants is not there."""


def from_services(services: Sequence[ServiceStatus], now: float) -> Iterator[Alarm]:
    """Tell of services that died or are in trouble, and of a recorder that does not run.

    :param now: seconds since 1970 UTC; what lived a moment ago is being started again
    """
    for service in services:
        if service.died and service.heartbeat is not None and now - service.heartbeat < RESTARTED:
            yield Alarm(
                True,
                f"The service “{service.name}” has died.",
                "It is started again by itself; what is being recorded goes on.",
                help=f"Should this stay, start the service “{service.name}”.",
                passes=True,
            )
        elif service.name == ServiceName.CAPTURE and service.state is ServiceState.STOPPED:
            detail = "" if service.text == "never started" else f"The capture service {service.text}."
            text = "The recorder is not running: nothing will be recorded."
            yield Alarm(True, text, detail, help="Start the service “capture”.", stops=True)
        elif service.name in _MISSED and service.text == "never started":
            detail, remedy = "It is enabled, and was never started.", f"Start the service “{service.name}”."
            yield Alarm(True, _MISSED[service.name], detail, help=remedy)
        elif service.state is ServiceState.ERROR:
            yield Alarm(
                True,
                f"The service “{service.name}” is in trouble.",
                service.text,
                help="Its log says more. If it stays so, start it again.",
            )
        elif service.text == "died":
            yield Alarm(
                True,
                f"The service “{service.name}” died.",
                "It was not stopped by anybody.",
                help="Start it again; its log says why it ended.",
            )


def from_disk(disk: Disk | None, minimum_free: int) -> Iterator[Alarm]:
    """Tell of a disk that is full or away."""
    if disk is None:
        yield Alarm(
            True,
            "The disk for recordings cannot be read.",
            help="See whether it is mounted and its cable is in.",
            stops=True,
        )
    elif disk.low:
        need = f"Recordings need {show_size(minimum_free)}, free are {show_size(disk.free)}."
        yield Alarm(True, "The disk is nearly full.", need, help=HELP[AlarmKind.DISK])


def from_outside(calendar: Upstream) -> Iterator[Alarm]:
    """Tell of a calendar that cannot be read any more."""
    if calendar.failed is not None:
        detail = f"{calendar.error.rstrip('.')}. The schedule stays as it was last known."
        yield Alarm(True, "The calendar cannot be read.", detail, help=HELP[AlarmKind.CALENDAR])


def from_recordings(recordings: Sequence[Recording], deliveries: Mapping[str, Upload]) -> Iterator[Alarm]:
    """Tell of deliveries that failed; one whose files are gone cannot be mended any more."""
    gone = {uid for uid, upload in deliveries.items() if upload.files_gone}
    failed = [one for one in recordings if one.state is EventState.FAILED_UPLOADING and one.uid not in gone]
    if len(failed) == 1:
        yield Alarm(
            True, f"“{failed[0].event.title}” could not be uploaded.", "It is kept here.",
            help=HELP[AlarmKind.UPLOAD],
        )  # fmt: skip
    elif failed:
        yield Alarm(
            True, f"{len(failed)} uploads failed.", "They are kept here.", help=HELP[AlarmKind.UPLOAD]
        )


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
    AlarmKind.LIVE: "The stream is in trouble",
}
"""Each kind of alarm in words."""

SUFFERING = {*SIGNAL_ALARMS, AlarmKind.COMMAND, AlarmKind.NO_DATA, AlarmKind.GAP, AlarmKind.NOT_RECORDED}
"""Kinds that cost a recording while somebody could still help."""

HELP: dict[AlarmKind, str] = {
    AlarmKind.COMMAND: "It is started again by itself. If it keeps ending, check the device and its cable.",
    AlarmKind.NO_DATA: "Check that the device is switched on and its cable is in.",
    AlarmKind.SILENCE: "Check that the microphone is on, not muted, and its battery is full.",
    AlarmKind.CLIPPING: "Turn the microphone down, at the mixer or at its receiver.",
    AlarmKind.BLACK: "Check that the camera is on and its lens is free; wake the computer that is shown.",
    AlarmKind.FROZEN: "A slide that stands for long looks the same. Otherwise check the device.",
    AlarmKind.GAP: "Check that the device sends both, and start the recording again if it stays so.",
    AlarmKind.NOT_RECORDED: "It is tried again until its end. “Record now” begins another recording at once.",
    AlarmKind.DISK: "Delete recordings that have been delivered, or make room otherwise.",
    AlarmKind.DATABASE: "Recording goes on without it. Check the database and the disk that it is on.",
    AlarmKind.UPLOAD: "“Retry” at the recording uploads it again.",
    AlarmKind.CALENDAR: "Check the network, and the calendar’s address and password.",
    AlarmKind.LIVE: "It is tried again by itself. The page “Live” says more.",
}
"""What somebody can do about each kind of alarm."""


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
        yield Alarm(
            True,
            f"{KINDS[alarm.kind]}{where}.",
            f"{about}{alarm.text.rstrip('.')}.",
            alarm.since,
            help=HELP[alarm.kind],
            harms=alarm.kind in SUFFERING,
        )


def from_settings(warnings: Sequence[str]) -> Iterator[Alarm]:
    """Pass on what is legal in the configuration and still deserves attention."""
    for warning in warnings:
        yield Alarm(False, "Configuration", warning)


def by_weight(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return alarms in the order in which they should be seen: what costs a recording comes first."""
    return sorted(alarms, key=lambda one: (not one.urgent, not one.stops, not one.harms))
