import json
import time
from collections.abc import Callable

import pytest
from opencast_server import FakeOpencast, faults

from pyca.core.errors import DeliveryError
from pyca.core.states import AgentState, RecordingState
from pyca.opencast import agent
from pyca.opencast.http import Http


@pytest.fixture
def admin(server: FakeOpencast) -> str:
    return server.url + "/capture-admin"


def test_states_and_address_arrive(server: FakeOpencast, http: Http, admin: str) -> None:
    name = "Hörsaal 2, Süd / links"
    agent.set_state(http, admin, name, AgentState.IDLE, "http://10.0.0.1:5000")
    agent.set_state(http, admin, name, AgentState.IDLE)  # 200 with an empty body: nothing changed
    agent.set_state(http, admin, name, AgentState.CAPTURING)
    known = server.agents[name]
    assert (known.states, known.address) == (["idle", "idle", "capturing"], "http://10.0.0.1:5000")
    assert "%2F" in server.calls[0].path


def test_the_configuration_is_what_the_server_reads(
    server: FakeOpencast, http: Http, admin: str, fixture: Callable[[str], bytes]
) -> None:
    flavors = {
        "camera": ["presenter/source"],
        "screen": ["presentation/source"],
        "audio": ["presenter/source"],
    }
    values = agent.configuration(flavors, "Europe/Berlin")
    assert values == json.loads(fixture("agent_configuration.json"))
    agent.set_configuration(http, admin, "room", values)
    assert server.agents["room"].configuration == values
    assert server.calls[0].fields["configuration"].startswith("{")
    assert "capture.device.timezone" not in agent.configuration({}, "")


def test_a_recording_unknown_there_is_no_error(server: FakeOpencast, http: Http, admin: str) -> None:
    now = time.time()
    server.schedule("a;(b):c", "x", now, now + 60)
    assert agent.set_recording_state(http, admin, "a;(b):c", RecordingState.CAPTURING) is True
    assert agent.set_recording_state(http, admin, "ad-hoc", RecordingState.CAPTURING) is False
    assert server.recordings == {"a;(b):c": ["capturing"]}
    server.faults.add("/recordings", faults.status(500))
    with pytest.raises(DeliveryError):
        agent.set_recording_state(http, admin, "a;(b):c", RecordingState.UPLOADING)


def test_the_self_test_sees_user_and_roles(server: FakeOpencast, http: Http) -> None:
    me = agent.whoami(http)
    assert (me.username, me.may_record) == ("admin", True)
    server.roles = ["ROLE_USER"]
    assert not agent.whoami(http).may_record


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense"])
def test_a_self_test_against_something_else(server: FakeOpencast, http: Http, body: bytes) -> None:
    server.faults.add("/info/", faults.body(body, "application/json"))
    with pytest.raises(DeliveryError, match="Opencast"):
        agent.whoami(http)
