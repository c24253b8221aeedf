"""The document of the API tells of every address, and its answers are those that older programs get."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from pyca.core.event import Event
from pyca.store import events
from pyca.store.database import Database
from tests.described import routes
from tests.tools import FakeClock
from tests.ui.test_ui_openapi import DESCRIBED
from tests.ui_tools import JPEG, Person, S, fill, put

TEXT = (Path(__file__).parents[2] / "apidocs.rst").read_text("utf-8")
UID = "8f1c6a2e"
CURL = re.compile(r"``curl -u admin '?http://localhost:5000(/[^ '`]*)'?``")


def example(path: str) -> Any:
    """Return the answer that the document gives for an address."""
    behind = TEXT[TEXT.index(f"http://localhost:5000{path}") :]
    block = behind.partition("::\n\n")[2]
    return json.loads(block.partition("\n\n")[0])


def shape(value: Any) -> Any:
    """Return the names and types of a document; numbers are alike, and so is whatever a list holds."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return (
        "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__
    )


def covers(real: Any, told: Any) -> bool:
    """Tell whether a real answer has all that the document tells; it may have more."""
    if isinstance(told, dict):
        return isinstance(real, dict) and all(covers(real.get(name), each) for name, each in told.items())
    if isinstance(told, list):
        return isinstance(real, list) and bool(real) and covers(real[0], told[0])
    return bool(real == told)


@pytest.fixture
def busy(app: Flask, database: Database, clock: FakeClock, tmp_path: Path) -> None:
    fill(database, clock.now())
    put(database, UID, S.FINISHED_RECORDING, clock.now())
    (tmp_path / "previews" / "camera.jpg").write_bytes(JPEG)


def test_every_route_is_told(app: Flask) -> None:
    told = re.findall(r"^``(/[^`]*)`` +(\w+) ", TEXT, re.MULTILINE)
    found = {(path.replace("<", "{").replace(">", "}"), method) for path, method in told}
    assert found == set(routes(app, DESCRIBED))


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", ["/api/name", "/api/previews", "/api/services", f"/api/events/{UID}"])
def test_old_answers_are_as_documented(person: Person, path: str) -> None:
    assert covers(shape(person.get(path).get_json()), shape(example(path)))


@pytest.mark.usefixtures("busy")
def test_the_figures_are_as_documented(person: Person) -> None:
    real, told = person.get("/api/metrics").get_json(), example("/api/metrics")
    told["meta"]["upstream"]["last_synchronized"] = None
    assert covers(shape(real), shape(told))


@pytest.mark.usefixtures("busy")
@pytest.mark.parametrize("path", CURL.findall(TEXT))
def test_the_examples_work(person: Person, path: str) -> None:
    answer = person.get(path)
    expected = 404 if path.startswith("/api/logs") else 200  # this agent keeps no log
    assert (answer.status_code, answer.mimetype) == (expected, "application/vnd.api+json")


def test_the_examples_that_change_something_work(
    person: Person, database: Database, clock: FakeClock
) -> None:
    put(database, UID, S.FINISHED_RECORDING, clock.now())
    bodies = re.findall(r"-X (\w+) .*\\\n +-d '(.*)' \\\n +http://localhost:5000(\S+)", TEXT)
    assert [method for method, _, _ in bodies] == ["PATCH", "POST"]
    auth = (person.ui.username, person.ui.password)
    for method, body, path in bodies:
        answer = person.client.open(
            path, method=method, data=body, content_type="application/vnd.api+json", auth=auth
        )
        assert answer.status_code == 200, answer.text


def test_recording_at_once_is_answered_as_ever(person: Person, database: Database) -> None:
    body = {"data": [{"type": "event", "attributes": {"title": "Talk", "creator": "Ada", "duration": 60}}]}
    answer = person.client.post(
        "/api/schedule",
        data=json.dumps(body),
        content_type="application/vnd.api+json",
        auth=(person.ui.username, person.ui.password),
    )
    ((found),) = answer.get_json()["data"]
    assert (answer.status_code, found["attributes"]["title"]) == (200, "Talk")
    with database.read() as session:
        stored = events.get(session, found["id"])
    assert isinstance(stored, Event) and stored.creator == "Ada"
