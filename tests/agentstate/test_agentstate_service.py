"""The agentstate service against the fake server."""

import logging
import select
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from fake_opencast.reading import service as node
from opencast_server import FakeOpencast, faults

from pyca.agentstate.configuration import warn_of_names
from pyca.agentstate.service import AgentstateService
from pyca.config.settings import Agent, Input, Server, Settings
from pyca.core.clock import SystemClock
from pyca.core.event import Event, Origin
from pyca.core.recording import Upload
from pyca.core.states import EventState, RecordingState, ServiceName, ServiceState
from pyca.runtime.bell import Bell
from pyca.runtime.pulse import Pulse
from pyca.store import outbox, recordings, services, uploads, upstream
from pyca.store.database import Database
from pyca.store.tables import OutboxRow
from tests.tools import FakeClock

pytestmark = pytest.mark.system

R = RecordingState


@dataclass
class Bench:
    """An agent in the room “hall 1” and its server."""

    server: FakeOpencast
    database: Database
    clock: FakeClock
    pulse: Pulse
    settings: Settings

    def service(self) -> AgentstateService:
        return AgentstateService(self.settings, self.database, self.clock, self.pulse)

    def post(self, uid: str, state: RecordingState) -> None:
        with self.database.write() as session:
            session.add(OutboxRow(uid=uid, state=str(state), created=self.clock.now()))

    def waiting(self) -> int:
        with self.database.read() as session:
            return outbox.count(session)

    def beat(self, state: ServiceState = ServiceState.IDLE) -> None:
        with self.database.write() as session:
            services.beat(session, ServiceName.CAPTURE, state, "", self.clock.now())

    def states(self) -> list[str]:
        return self.server.agents["hall 1"].states


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock, database: Database, pulse: Pulse) -> Iterator[Bench]:
    with FakeOpencast(tmp_path / "server") as server:
        settings = Settings(
            agent=Agent(name="hall 1", address="http://box/", timezone="Europe/Berlin"),
            inputs={"camera": Input(), "screen": Input(flavors=("presentation/source",))},
            server=Server(
                url=server.url, auth_method="basic", username="admin", password="opencast",
                connect_timeout=60, stall_timeout=60,
            ),
        )  # fmt: skip
        made = Bench(server, database, clock, pulse, settings)
        made.beat()
        yield made


def test_configuration_goes_before_the_first_state(bench: Bench) -> None:
    service = bench.service()
    service.tick()
    posts = [call.path for call in bench.server.called("POST", "/capture-admin")]
    assert posts == ["/capture-admin/agents/hall%201/configuration", "/capture-admin/agents/hall%201"]
    agent = bench.server.agents["hall 1"]
    assert (agent.states, agent.address) == (["idle"], "http://box/")
    assert agent.configuration == {
        "capture.device.names": "camera,screen",
        "capture.device.camera.flavor": "presenter/source",
        "capture.device.screen.flavor": "presentation/source",
        "capture.device.timezone": "Europe/Berlin",
    }
    assert "idle" in service.status()
    with bench.database.read() as session:
        assert upstream.get(session, "registration").value
        assert upstream.get(session, "server").checked == bench.clock.now()


def test_the_state_is_told_on_change_and_every_minute(bench: Bench) -> None:
    service = bench.service()
    service.tick()
    service.tick()
    assert bench.states() == ["idle"]
    with bench.database.write() as session:
        event = Event("local", "now", 0.0, 1.0)
        recordings.begin(session, event, Path("/nowhere"), 0.0)
    service.tick()
    assert bench.states() == ["idle", "capturing"]
    bench.clock.move(61)
    bench.beat(ServiceState.BUSY)
    service.tick()
    assert bench.states() == ["idle", "capturing", "capturing"]
    assert len(bench.server.called("POST", "/capture-admin/agents/hall%201/configuration")) == 1
    bench.clock.move(86400)
    bench.beat()
    service.tick()
    assert len(bench.server.called("POST", "/capture-admin/agents/hall%201/configuration")) == 2


def test_a_recorder_that_is_not_there_yet_is_no_error(bench: Bench) -> None:
    with bench.database.write() as session:
        services.beat(session, ServiceName.CAPTURE, ServiceState.STOPPED, "stopped", bench.clock.now())
    service = bench.service()
    assert service.tick() == bench.clock.now() + 1
    assert bench.states() == []
    bench.clock.move(25)
    service.tick()
    assert bench.states() == ["offline"]


def test_recording_states_are_told_in_order(bench: Bench) -> None:
    bench.server.schedule("e1", "Lecture", 0, 1)
    for state in (R.CAPTURING, R.CAPTURE_FINISHED, R.UPLOADING, R.UPLOAD_FINISHED):
        bench.post("e1", state)
    bench.service().tick()
    assert bench.server.recordings["e1"] == ["capturing", "capture_finished", "uploading", "upload_finished"]
    assert bench.waiting() == 0


def test_an_outage_keeps_the_order(bench: Bench) -> None:
    for uid in ("e1", "e2"):
        bench.server.schedule(uid, "Lecture", 0, 1)
    service = bench.service()
    service.tick()
    bench.post("e1", R.CAPTURING)
    bench.post("e2", R.CAPTURING)
    bench.post("e1", R.CAPTURE_FINISHED)
    bench.server.faults.add("/recordings/e2", faults.status(503))
    due = service.tick()
    assert bench.waiting() == 2
    assert due > bench.clock.now()
    assert "503" in service.status()
    service.tick()
    assert bench.waiting() == 2
    bench.clock.move(5)
    service.tick()
    assert bench.waiting() == 0
    assert bench.server.recordings == {"e1": ["capturing", "capture_finished"], "e2": ["capturing"]}
    with bench.database.read() as session:
        assert upstream.get(session, "server").failed is None


def test_a_node_that_was_retired_is_looked_up_anew(bench: Bench) -> None:
    retired = node("org.opencastproject.capture.admin", "http://127.0.0.1:1", "/capture-admin")
    bench.server.services = [retired]
    service = bench.service()
    service.tick()
    assert "cannot connect" in service.status()
    bench.server.services = None
    bench.clock.move(5)
    service.tick()
    assert bench.states() == ["idle"]


def test_events_that_the_server_does_not_know_are_dropped(bench: Bench) -> None:
    bench.post("unknown", R.CAPTURING)
    bench.service().tick()
    assert bench.waiting() == 0


def test_a_message_that_is_never_taken_blocks_nobody(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.server.schedule("e2", "Lecture", 0, 1)
    bench.post("e1", R.CAPTURING)
    bench.post("e2", R.CAPTURING)
    bench.server.faults.add("/recordings/e1", faults.status(400), times=None)
    bench.service().tick()
    assert bench.waiting() == 0
    assert bench.server.recordings == {"e2": ["capturing"]}
    assert "is dropped" in caplog.text


@pytest.mark.parametrize("status", [401, 403, 405, 413, 419])
def test_only_a_wrong_message_is_dropped(bench: Bench, status: int) -> None:
    bench.post("e1", R.CAPTURING)
    bench.server.faults.add("/recordings/e1", faults.status(status), times=None)
    bench.service().tick()
    assert bench.waiting() == 1


def test_a_wrong_password_drops_nothing(bench: Bench) -> None:
    service = bench.service()
    service.tick()
    bench.post("e1", R.CAPTURING)
    bench.server.faults.add("/capture-admin", faults.status(401), times=None)
    service.tick()
    assert bench.waiting() == 1


def test_a_running_recording_is_repeated(bench: Bench) -> None:
    bench.server.schedule("e1", "Lecture", 0, 1)
    with bench.database.write() as session:
        event = Event("e1", "Lecture", 0.0, 1.0, origin=Origin.OPENCAST)
        recordings.begin(session, event, Path("/nowhere"), 0.0)
    service = bench.service()
    service.tick()
    count = len(bench.server.recordings["e1"])
    bench.clock.move(61)
    service.tick()
    assert bench.server.recordings["e1"] == ["capturing"] * (count + 1)
    with bench.database.write() as session:
        recordings.set_state(session, "e1", EventState.FINISHED_RECORDING, 1.0)
    bench.clock.move(61)
    service.tick()
    bench.clock.move(61)
    service.tick()
    assert bench.server.recordings["e1"] == ["capturing"] * (count + 1) + ["capture_finished"]


@pytest.mark.parametrize("change", [{"backup_mode": True}, {}])
def test_nothing_is_sent_in_backup_mode_or_alone(bench: Bench, change: dict[str, bool]) -> None:
    server = bench.settings.server if change else Server()
    bench.settings = replace(bench.settings, agent=replace(bench.settings.agent, **change), server=server)  # type: ignore[arg-type]
    bench.post("e1", R.CAPTURING)
    service = bench.service()
    assert service.tick() == bench.clock.now() + 30
    bench.pulse.stop()
    service.close()
    assert bench.server.calls == []
    assert bench.waiting() == 0
    assert service.status() in ("backup mode: the server is told nothing", "no server is configured")


def test_a_stop_is_told_a_reload_is_not(bench: Bench) -> None:
    first, second = bench.service(), bench.service()
    first.tick()
    second.tick()
    first.close()
    assert "shutting_down" not in bench.states()
    bench.pulse.stop()
    second.close()
    assert bench.states()[-1] == "shutting_down"


@pytest.mark.parametrize("fault", [faults.redirect(), faults.html(), faults.drop()])
def test_a_stop_ends_whatever_the_server_does(bench: Bench, fault: faults.Action) -> None:
    bench.settings = replace(bench.settings, agent=replace(bench.settings.agent, update_frequency=5))
    service = bench.service()
    service.tick()
    bench.server.faults.add("/", fault, times=None)
    bench.clock.move(10)
    service.tick()
    assert service.status().startswith("server not reached")
    bench.pulse.stop()
    service.close()
    assert bench.states() == ["idle"]


def test_a_stop_does_not_wait_for_a_hanging_server(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.agentstate.service.FAREWELL_SECONDS", 0.5)
    service = AgentstateService(bench.settings, bench.database, SystemClock(), bench.pulse)
    service.tick()
    bench.server.faults.add("/", faults.hang(), times=None)
    bench.pulse.stop()
    service.close()
    assert "shutting_down" not in bench.states()


def test_a_user_without_the_role_is_warned_of_once(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.server.roles = ["ROLE_USER"]
    service = bench.service()
    service.tick()
    bench.clock.move(90000)
    service.tick()
    assert caplog.text.count("ROLE_CAPTURE_AGENT") == 1


def test_inputs_that_begin_alike_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    warn_of_names(Settings(inputs={"cam": Input(), "camera": Input(), "x": Input()}))
    assert "“cam” and “camera” begin alike" in caplog.text


def test_deliveries_that_wait_go_on_when_the_server_is_back(bench: Bench, tmp_path: Path) -> None:
    service = bench.service()
    service.tick()
    now = bench.clock.now()
    with bench.database.write() as session:
        for uid in ("waits", "stuck", "new"):
            recordings.begin(session, Event(uid, uid, now - 20, now - 10, Origin.LOCAL), tmp_path / uid, now)
            for state in (EventState.FINISHED_RECORDING, EventState.UPLOADING, EventState.FAILED_UPLOADING):
                if uid != "new" or state is EventState.FINISHED_RECORDING:
                    recordings.set_state(session, uid, state, now)
        later = now + 900
        uploads.save(session, Upload("waits", "opencast", attempts=9, next_attempt=later))
        uploads.save(session, Upload("stuck", "opencast", attempts=1, next_attempt=later, permanent=True))
        uploads.save(session, Upload("new", "opencast", next_attempt=later))  # its first delay is wanted
    bench.server.stop()
    bench.clock.move(61)
    service.tick()
    with bench.database.read() as session:
        assert uploads.due(session, bench.clock.now()) is None
    bench.server.start()
    bell = Bell(bench.database.scope, ServiceName.INGEST)
    bench.clock.move(5)
    service.tick()
    with bench.database.read() as session:
        moments = {
            uid: one.next_attempt for uid, one in uploads.many(session, ["waits", "stuck", "new"]).items()
        }
    assert moments == {"waits": bench.clock.now(), "stuck": later, "new": later}
    assert select.select([bell], [], [], 0)[0]
    bell.close()
