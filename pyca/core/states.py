"""The states of events, services and agents, and which event state may follow which."""

from enum import StrEnum

from pyca.core.errors import TransitionError


class EventState(StrEnum):
    """Public states of an event, as shown on the page and in the API."""

    UPCOMING = "upcoming"
    RECORDING = "recording"
    FAILED_RECORDING = "failed recording"
    FINISHED_RECORDING = "finished recording"
    PARTIAL_RECORDING = "partial recording"
    PAUSED_AFTER_RECORDING = "paused after recording"
    UPLOADING = "uploading"
    FAILED_UPLOADING = "failed uploading"
    FINISHED_UPLOADING = "finished uploading"


S = EventState

TRANSITIONS: dict[EventState, frozenset[EventState]] = {
    S.UPCOMING: frozenset({S.RECORDING, S.FAILED_RECORDING}),
    S.RECORDING: frozenset({S.FINISHED_RECORDING, S.PARTIAL_RECORDING, S.FAILED_RECORDING}),
    # A failed recording goes on when its event is not over and the command starts after all.
    S.FAILED_RECORDING: frozenset({S.RECORDING, S.PARTIAL_RECORDING}),
    S.FINISHED_RECORDING: frozenset({S.UPLOADING, S.PAUSED_AFTER_RECORDING}),
    S.PARTIAL_RECORDING: frozenset({S.UPLOADING, S.PAUSED_AFTER_RECORDING, S.RECORDING}),
    # What was paused with an unclear end may turn out to have been delivered.
    S.PAUSED_AFTER_RECORDING: frozenset({S.UPLOADING, S.FINISHED_RECORDING, S.FINISHED_UPLOADING}),
    # An upload that was interrupted, by a stop or a crash, waits again like one that has not begun.
    S.UPLOADING: frozenset(
        {
            S.FINISHED_UPLOADING,
            S.FAILED_UPLOADING,
            S.PAUSED_AFTER_RECORDING,
            S.FINISHED_RECORDING,
            S.PARTIAL_RECORDING,
        }
    ),
    S.FAILED_UPLOADING: frozenset({S.UPLOADING, S.PAUSED_AFTER_RECORDING, S.FINISHED_UPLOADING}),
    # Somebody wants it delivered once more.
    S.FINISHED_UPLOADING: frozenset({S.UPLOADING, S.FINISHED_RECORDING}),
}
"""Legal successors of each state."""

DELIVERABLE = (S.FINISHED_RECORDING, S.PARTIAL_RECORDING, S.FAILED_UPLOADING)
"""States from which ingest may start or repeat a delivery by itself."""

PAUSABLE = (*DELIVERABLE, S.UPLOADING)
"""States in which a delivery can be held back."""


def check_transition(old: EventState, new: EventState) -> None:
    """Raise where ``new`` may not follow ``old``.

    :raises TransitionError: naming both states
    """
    if new not in TRANSITIONS[old]:
        raise TransitionError(f"an event that is “{old}” cannot become “{new}”")


class ServiceName(StrEnum):
    """The services; the name is also the CLI command, unit and role."""

    SCHEDULE = "schedule"
    CAPTURE = "capture"
    INGEST = "ingest"
    AGENTSTATE = "agentstate"
    LIVE = "live"
    CAMERA = "camera"
    PIPELINE = "pipeline"
    UI = "ui"


EXTRA_SERVICES = frozenset({ServiceName.LIVE, ServiceName.CAMERA, ServiceName.PIPELINE})
"""Services that an agent has only where somebody wants them."""


class ServiceState(StrEnum):
    """What a service does now."""

    STOPPED = "stopped"
    IDLE = "idle"
    BUSY = "busy"
    ERROR = "error"


class AgentState(StrEnum):
    """Agent states that Opencast accepts; any other value is answered with 400."""

    IDLE = "idle"
    CAPTURING = "capturing"
    UPLOADING = "uploading"
    ERROR = "error"
    SHUTTING_DOWN = "shutting_down"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


class RecordingState(StrEnum):
    """The recording states of Opencast that an agent reports."""

    CAPTURING = "capturing"
    CAPTURE_FINISHED = "capture_finished"
    CAPTURE_ERROR = "capture_error"
    UPLOADING = "uploading"
    UPLOAD_FINISHED = "upload_finished"
    UPLOAD_ERROR = "upload_error"


REPORTED: dict[EventState, RecordingState] = {
    S.RECORDING: RecordingState.CAPTURING,
    S.FINISHED_RECORDING: RecordingState.CAPTURE_FINISHED,
    S.PARTIAL_RECORDING: RecordingState.CAPTURE_FINISHED,
    S.FAILED_RECORDING: RecordingState.CAPTURE_ERROR,
    S.UPLOADING: RecordingState.UPLOADING,
    S.FINISHED_UPLOADING: RecordingState.UPLOAD_FINISHED,
    S.FAILED_UPLOADING: RecordingState.UPLOAD_ERROR,
}
"""What the server is told when an event enters a state."""


class Outcome(StrEnum):
    """How a child process ended."""

    FINISHED = "finished"
    """by itself, with the expected exit code"""
    STOPPED = "stopped"
    """because pyCA asked it to"""
    FAILED = "failed"
    """by itself, with another exit code, or it could not be started"""
    KILLED = "killed"
    """by a signal that pyCA did not send, or by pyCA's SIGKILL"""
