"""Helpers for the tests of the livebox: a streamer that only tells how it does, and those who ask."""

import json
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from pyca.core.live import LiveReport
from pyca.core.states import ServiceName, ServiceState
from pyca.store import live, services
from pyca.store.database import Database
from tests.tools import FakeClock

V1 = "/api/livebox/v1"
ADDRESS = "rtmp://127.0.0.1/live"


@dataclass(frozen=True)
class Streamer:
    """Tells the database what a streamer would; it sends nothing anywhere."""

    database: Database
    clock: FakeClock

    def tell(self, told: LiveReport, *, orders: int | None = None) -> None:
        """Tell how it does, having carried out all orders unless it is said how many."""
        with self.database.write() as session:
            services.beat(session, ServiceName.LIVE, ServiceState.IDLE, "stands in", self.clock.now())
            done = live.setup(session, live.Setup()).orders if orders is None else orders
            live.save_report(session, told, done)

    @property
    def is_wanted(self) -> bool:
        with self.database.read() as session:
            return live.setup(session, live.Setup()).wanted


class Reader(FlaskClient):
    """A client that reads each answer to its end, so that no file stays open."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        return super().open(*args, **({"buffered": True} | kwargs))


def reader(app: Flask) -> FlaskClient:
    """Return a client of an application that reads each answer to its end."""
    app.test_client_class = Reader
    return app.test_client()


@dataclass(frozen=True)
class Asker:
    """A program that asks a livebox."""

    client: FlaskClient
    auth: tuple[str, str] | None = None

    def ask(self, method: str, name: str, **sent: Any) -> TestResponse:
        return self.client.open(f"{V1}/{name}", method=method, auth=self.auth, **sent)

    def get(self, name: str) -> Any:
        return plain(self.ask("GET", name))

    def put(self, name: str, status: int = 200) -> Any:
        return plain(self.ask("PUT", name), status)

    def post(self, name: str, values: object, status: int = 200) -> Any:
        return plain(self.ask("POST", name, json=values), status)


def plain(answer: TestResponse, status: int = 200) -> Any:
    """Return the plain JSON of an answer; errors have a code and a reason and nothing else."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found = json.loads(answer.data)
    if status >= 400:
        assert list(found) == ["code", "reason"] and found["code"] == status and found["reason"]
    return found
