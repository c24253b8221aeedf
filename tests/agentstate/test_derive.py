"""The agent's state out of what its services do."""

import pytest

from pyca.agentstate.derive import derive
from pyca.core.states import AgentState, EventState, ServiceName, ServiceState
from pyca.store.services import ServiceStatus

S, A, E = ServiceState, AgentState, EventState


@pytest.mark.parametrize(
    ("capture", "died", "ingest", "states", "expected"),
    [
        (S.IDLE, False, S.IDLE, [E.FINISHED_UPLOADING], A.IDLE),
        (S.BUSY, False, S.BUSY, [E.RECORDING, E.UPLOADING], A.CAPTURING),
        (S.IDLE, False, S.BUSY, [E.UPLOADING, E.FAILED_RECORDING], A.UPLOADING),
        (S.IDLE, False, S.STOPPED, [E.UPLOADING], A.IDLE),
        (S.ERROR, False, S.IDLE, [], A.ERROR),
        (S.ERROR, False, S.IDLE, [E.RECORDING], A.CAPTURING),
        (S.ERROR, False, S.BUSY, [E.UPLOADING], A.UPLOADING),
        (S.STOPPED, True, S.BUSY, [E.RECORDING, E.UPLOADING], A.ERROR),
        (S.STOPPED, False, S.IDLE, [], A.OFFLINE),
    ],
)
def test_what_the_agent_does(
    capture: ServiceState, died: bool, ingest: ServiceState, states: list[EventState], expected: AgentState
) -> None:
    statuses = [
        ServiceStatus(ServiceName.CAPTURE, capture, died=died),
        ServiceStatus(ServiceName.INGEST, ingest),
    ]
    assert derive(statuses, states, settled=True) is expected
    if capture is S.STOPPED:
        assert derive(statuses, states, settled=False) is None
