"""The description of the pipeline server tells of every address, and of none that is not there."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from pyca.config.settings import Agent, Settings
from pyca.store.database import Database
from pyca.store.upgrade import ensure
from pyca.ui.pipeline.description import description
from tests.described import Stand, check_parts, check_rights, operations, routes
from tests.fake_pipelines import some
from tests.pipeline_desk import make_app
from tests.tools import FakeClock

DOCUMENT: dict[str, Any] = yaml.safe_load(description())
DESCRIBED = ("/api", "/base", "/metrics", "/health")


schema = schemathesis.openapi.from_dict(DOCUMENT)
schema.app = SERVER = Stand()


@pytest.fixture(scope="module", autouse=True)
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Flask]:
    folder: Path = tmp_path_factory.mktemp("described")
    made = Settings(agent=Agent(name="lab", database=f"sqlite:///{folder}/pyca.db"))
    database = Database(made.agent.database)
    ensure(database)
    SERVER.app = make_app(made, database, FakeClock(), some(), scripts=folder)
    yield SERVER.app
    SERVER.app = None
    database.dispose()


def test_every_pipeline_route_is_described_and_nothing_else(served: Flask) -> None:
    assert set(operations(DOCUMENT)) == set(routes(served, DESCRIBED)) - {("/healthz", "GET")}


def test_the_rights_are_those_of_the_server(served: Flask) -> None:
    check_rights(DOCUMENT, served, DESCRIBED)


def test_the_description_is_valid() -> None:
    schema.validate()


def test_every_part_of_the_description_is_used() -> None:
    check_parts(DOCUMENT, description().decode())


def test_the_description_is_served(served: Flask) -> None:
    answer = served.test_client().get("/api/v1/openapi.yaml")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/yaml", description())


@schema.exclude(path_regex="mjpeg|healthz|background.*image_bytes").parametrize()
@hypothesis_settings(
    max_examples=6, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
@pytest.mark.filterwarnings("ignore")
def test_every_pipeline_answer_is_as_described(case: Case) -> None:
    case.call_and_validate(checks=[not_a_server_error, response_schema_conformance, status_code_conformance])
