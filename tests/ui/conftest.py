"""An agent with two inputs, its database, and people who open its page."""

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pyca.config.settings import Agent, Capture, Input, Settings, Ui
from pyca.store.database import Database
from pyca.ui import create_app
from tests.api_tools import Program
from tests.tools import FakeClock
from tests.ui_tools import PASSWORD, USER, Person


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "previews").mkdir()
    return Settings(
        agent=Agent(name="hall-1", timezone="Europe/Zurich", database=f"sqlite:///{tmp_path}/pyca.db"),
        capture=Capture(
            directory=tmp_path / "recordings",
            preview_dir=tmp_path / "previews",
            minimum_free=1000,
        ),
        inputs={
            "camera": Input(command="x", preview=("{{previewdir}}/camera.jpg",)),
            "screen": Input(command="x", preview=("{{previewdir}}/screen.png",)),
        },
        ui=Ui(username=USER, password=PASSWORD, port=0),
    )


@pytest.fixture
def app(settings: Settings, database: Database, clock: FakeClock) -> Flask:
    return create_app(settings, database, clock)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a password."""
    return app.test_client()


@pytest.fixture
def person(client: FlaskClient, settings: Settings) -> Person:
    """Somebody who knows the password and uses our forms."""
    return Person(client, settings.ui)


@pytest.fixture
def program(client: FlaskClient, settings: Settings) -> Program:
    """A program that knows the password and speaks JSON:API."""
    return Program(client, settings.ui)
