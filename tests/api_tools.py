"""Helpers for the tests of the API: a program that asks, and resources as it sends them."""

import json
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pyca.config.settings import Ui

MEDIA_TYPE = "application/vnd.api+json"


@dataclass(frozen=True)
class Program:
    """Sends requests with the password, and documents as JSON:API wants them."""

    client: FlaskClient
    ui: Ui

    def ask(self, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            given.setdefault("Content-Type", MEDIA_TYPE)
        auth = (self.ui.username, self.ui.password)
        return self.client.open(path, method=method, data=data, headers=given, auth=auth)

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.ask("GET", path, **headers)

    def patch(self, uid: str, headers: dict[str, str] | None = None, **attributes: Any) -> TestResponse:
        body = {"data": [{"type": "event", "id": uid, "attributes": attributes}]}
        return self.ask("PATCH", f"/api/events/{uid}", body, **(headers or {}))

    def create(self, path: str = "/api/events", **attributes: Any) -> TestResponse:
        return self.ask("POST", path, {"data": {"type": "event", "attributes": attributes}})


def document(answer: TestResponse, status: int = 200) -> Any:
    """Return the document of an answer, which has to be one of JSON:API."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == MEDIA_TYPE
    assert "Accept" in answer.headers["Vary"]
    found = json.loads(answer.data)
    assert found["jsonapi"] == {"version": "1.1"}
    return found


def problems(answer: TestResponse, status: int) -> list[dict[str, Any]]:
    """Return what is wrong according to an answer."""
    told: list[dict[str, Any]] = document(answer, status)["errors"]
    assert told and all(problem["status"] and problem["title"] for problem in told)
    return told
