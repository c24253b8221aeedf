"""What the agent as a whole does, out of what its services do."""

from collections.abc import Collection, Iterable

from pyca.core.states import AgentState, EventState, ServiceName, ServiceState
from pyca.store.services import ServiceStatus


def derive(
    statuses: Iterable[ServiceStatus], states: Collection[EventState], *, settled: bool
) -> AgentState | None:
    """Return the state to report, None where it is too early to tell.

    An agent whose recorder died is in error, one whose recorder was never started or was stopped on purpose
    is offline: neither will record anything, whatever else goes on. Capturing counts more than uploading.

    :param states: the states of all recordings that there are now
    :param settled: False for the first moments, in which the recorder may not have started yet
    """
    by_name = {status.name: status for status in statuses}
    capture, ingest = by_name[ServiceName.CAPTURE], by_name[ServiceName.INGEST]
    if capture.state is ServiceState.STOPPED:
        if not settled:
            return None
        return AgentState.ERROR if capture.died else AgentState.OFFLINE
    if EventState.RECORDING in states:
        return AgentState.CAPTURING
    if EventState.UPLOADING in states and ingest.state is not ServiceState.STOPPED:
        return AgentState.UPLOADING
    return AgentState.ERROR if capture.state is ServiceState.ERROR else AgentState.IDLE
