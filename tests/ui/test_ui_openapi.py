"""The description of the API tells of every address, and of none that is not there."""

from typing import Any

import pytest
import schemathesis
import yaml
from flask import Flask
from flask.testing import FlaskClient

from pyca.ui.access.rights import needed
from pyca.ui.api.description import description
from tests.described import operations, routes
from tests.ui_tools import Person

DESCRIBED = ("/api", "/img", "/metrics", "/health", "/status.json")
DOCUMENT: dict[str, Any] = yaml.safe_load(description())


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    assert set(operations(DOCUMENT)) == set(routes(app, DESCRIBED))


def test_the_rights_are_those_of_the_program(app: Flask) -> None:
    found = {}
    for key, endpoint in routes(app, DESCRIBED).items():
        scope = needed(app.view_functions[endpoint], key[1])
        found[key] = [] if scope is None else [{name: [str(scope)]} for name in ("basic", "token", "login")]
    assert {
        key: one.get("security", DOCUMENT["security"]) for key, one in operations(DOCUMENT).items()
    } == found


def test_it_is_valid_openapi() -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(DOCUMENT).validate()


def test_a_mistake_in_it_would_be_noticed() -> None:
    broken = DOCUMENT | {"paths": {"/api": {"get": {"responses": {"200": {"summary": "no description"}}}}}}
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_every_part_of_it_is_used() -> None:
    text = description().decode()
    unused = [
        f"{kind}/{name}"
        for kind in ("parameters", "responses", "schemas", "headers")
        for name in DOCUMENT["components"][kind]
        if f'"#/components/{kind}/{name}"' not in text
    ]
    assert not unused


def test_it_is_served_once(person: Person) -> None:
    answer = person.get("/api/openapi.yaml")
    assert (answer.status_code, answer.mimetype, answer.data) == (200, "application/yaml", description())
    assert person.get("/api/openapi.yaml", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert person.client.get("/api/openapi.yaml").status_code == 401


@pytest.mark.parametrize(("path", "method"), operations(DOCUMENT))
def test_strangers_learn_nothing(client: FlaskClient, path: str, method: str) -> None:
    place = path.replace("{uid}", "e1").replace("{number}", "0")
    answer = client.open(place, method=method)
    public = operations(DOCUMENT)[path, method].get("security") == []
    assert answer.status_code == (200 if public else 401)
    assert str(answer.status_code) in operations(DOCUMENT)[path, method]["responses"]


def test_every_operation_is_on_the_page(person: Person) -> None:
    text = person.get("/api/docs").text
    for (path, method), operation in operations(DOCUMENT).items():
        assert f'id="{operation["operationId"]}"' in text
        assert f">{method}</span> <code>{path}</code>" in text
    assert text.count("<h1") == 1 and " style=" not in text
    assert "curl --user NAME http://localhost:5000/api/name" in text


def test_the_page_tells_usual_errors_once_and_folds_the_answers(person: Person) -> None:
    text = person.get("/api/docs").text
    assert text.count("Too many wrong passwords came from this address.") == 1
    assert text.count('<a href="#usual-errors">401, 429, 503</a>') > 5
    assert "<strong>429</strong>" not in text.split("<article", 1)[1]
    articles = text.split("<article")[1:]
    assert len(articles) == len(operations(DOCUMENT))
    for article in articles:
        before, folded = article.split('<details class="answers">')
        assert "<strong>200</strong>" not in before and "<strong>2" in folded


def test_the_page_is_for_people(person: Person) -> None:
    stranger = person.client.get("/api/docs", headers={"Accept": "text/html"})
    assert (stranger.status_code, stranger.headers["Location"]) == (303, "/login?next=/api/docs")
    assert (
        person.client.post("/api/docs", auth=(person.ui.username, person.ui.password)).mimetype == "text/html"
    )


def test_the_entry_points_to_every_list(person: Person) -> None:
    links = person.get("/api").get_json()["links"]
    lists = {path for path, method in operations(DOCUMENT) if path.startswith("/api") and "{" not in path}
    assert links.pop("livebox") == "/api/livebox/v1/status"
    assert set(links.values()) == {path for path in lists if not path.startswith("/api/livebox/")}
    assert person.get(links["openapi"]).status_code == 200
