"""Thousands of odd requests, made of the description, and every answer is as described."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest
import schemathesis
import yaml
from flask import Flask
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    ignored_auth,
    positive_data_acceptance,
    unsupported_method,
)

from pyca.config import settings as config
from pyca.config.settings import Settings
from pyca.core.alarm import Alarm, AlarmKind
from pyca.core.event import Event
from pyca.core.live import LogLine, Profile, Sample
from pyca.core.states import EventState
from pyca.store import alarms, events, stream_sessions
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui import create_app
from pyca.ui.api.description import description
from tests.tools import FakeClock
from tests.ui_tools import JPEG, fill, put

SECRET = "a long secret of ours"
HEADERS = {"Authorization": "Basic " + b64encode(f"admin:{SECRET}".encode()).decode()}
EXAMPLE = "8f1c6a2e-0b52-4f3c-9c58-5d0f3a7a1f10"
"""the id that the examples of the description name"""


class Agent:
    """What the description is tried with; requests are made before there is a fixture."""

    app: Flask | None = None

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        assert self.app is not None
        return self.app(environ, start)


schema = schemathesis.openapi.from_dict(yaml.safe_load(description()))
schema.app = AGENT = Agent()


@pytest.fixture(scope="module", autouse=True)
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """An agent with a busy day."""
    folder: Path = tmp_path_factory.mktemp("described")
    (folder / "camera.jpg").write_bytes(JPEG)
    (folder / "log").write_text("2026-03-27 08:15:00 [INFO] it works\n")
    made = Settings(
        agent=config.Agent(name="hall-1", database=f"sqlite:///{folder}/pyca.db"),
        capture=config.Capture(directory=folder, preview_dir=folder),
        inputs={"camera": config.Input(command="x", preview=("{{previewdir}}/camera.jpg",))},
        logging=config.Logging(file=folder / "log"),
        ui=config.Ui(username="admin", password=SECRET),
    )
    database, clock = Database(made.agent.database), FakeClock()
    ensure(database)
    fill(database, clock.now())
    put(database, EXAMPLE, EventState.FINISHED_RECORDING, clock.now())
    soon = clock.now() + 9e6
    with database.write() as session:
        events.add(session, Event("a/b", "Slashes", soon, soon + 60))
        alarms.store(
            session, Alarm(AlarmKind.SILENCE, "no sound", clock.now() - 9, EXAMPLE, "camera", "capture")
        )
        number = stream_sessions.begin(session, clock.now(), Profile(), "test")
        stream_sessions.add_samples(session, number, [Sample(clock.now(), "main", 25.0, 8e5)], 9)
        stream_sessions.add_lines(session, number, [LogLine(clock.now(), "info", "it runs", "main")])
    AGENT.app = create_app(made, database, clock)
    yield
    AGENT.app = None
    database.dispose()


@schema.exclude(path="/api/stream").parametrize()
@settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@pytest.mark.filterwarnings("ignore")
def test_every_answer_is_as_described(case: Case) -> None:
    # That each address asks who is there is tested once, not with each of these requests.
    left_out = [ignored_auth]
    if case.method != "GET":
        # Whether an event can be planned or changed depends on the agent too, such as on its inputs.
        left_out.append(positive_data_acceptance)
    if case.path.startswith("/api/events/{uid}"):
        # What follows an id may be a part of it, so that any method may be meant for some event.
        left_out += [unsupported_method, allow_header_conformance]
    case.call_and_validate(headers=HEADERS, excluded_checks=left_out)
