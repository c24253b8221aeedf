"""What a service does with a configuration that is read again."""

import logging
from dataclasses import replace

import pytest

from pyca.cli.reading import reread
from pyca.config.settings import Agent, Settings
from pyca.core.errors import ConfigError


@pytest.fixture(autouse=True)
def log_of_the_test(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Leave the log messages to the test."""
    monkeypatch.setattr("pyca.runtime.logs.setup", lambda settings, **more: None)
    caplog.set_level(logging.INFO)


def test_only_new_risks_are_told(caplog: pytest.LogCaptureFixture) -> None:
    old = Settings(warnings=("an old risk",))
    read = replace(old, warnings=("an old risk", "a new risk"))
    found = reread(lambda: read, old, "capture")
    assert found == read
    assert caplog.messages == ["a new risk"]
    caplog.clear()
    assert reread(lambda: read, found, "capture") == read
    assert caplog.messages == []


def test_another_database_is_told_of_until_the_restart(caplog: pytest.LogCaptureFixture) -> None:
    old = Settings(agent=Agent(database="sqlite:///old.db"))
    read = Settings(agent=Agent(name="room", database="sqlite:///new.db"))
    found = reread(lambda: read, old, "capture")
    assert found
    assert (found.agent.name, found.agent.database) == ("room", "sqlite:///old.db")
    assert reread(lambda: read, found, "capture") == found
    assert caplog.messages == ["Another database is used only after a restart"] * 2
    caplog.clear()
    assert reread(lambda: old, found, "capture") == old
    assert caplog.messages == []


def test_a_wrong_configuration_is_told_in_full(caplog: pytest.LogCaptureFixture) -> None:
    def read() -> Settings:
        raise ConfigError(["first mistake", "second mistake"])

    assert reread(read, Settings(), "capture") is None
    assert caplog.messages[:2] == ["first mistake", "second mistake"]
    assert "was not changed" in caplog.messages[2]
