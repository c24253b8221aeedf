"""What the services log about their configuration, and what they mask."""

import dataclasses
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.cli import reading
from pyca.config.settings import Agent, Logging, Server, Settings, Ui
from pyca.runtime import keptlog


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    level = logging.getLogger().level
    yield tmp_path / "pyca.log"
    for handler in [one for one in logging.getLogger().handlers if (one.name or "").startswith("pyca-")]:
        logging.getLogger().removeHandler(handler)
        handler.close()
    logging.getLogger().setLevel(level)


def settings(log: Path, *warnings: str, password: str = "CHANGE_ME") -> Settings:
    return Settings(
        agent=Agent(name="hall", database="postgresql://pyca:pyca@host/pyca"),
        server=Server(username="recorder-7", password=password),
        ui=Ui(password="Admin"),
        logging=Logging(stderr=False, file=log),
        warnings=warnings,
    )


@pytest.mark.parametrize("password", ["event", "Password", "opencast", "recorder-7", "admin"])
def test_a_password_that_is_a_word_does_not_mask_messages(log: Path, password: str) -> None:
    reading.set_up_logs(settings(log, password=password), "pyca")
    logging.getLogger("x").warning("pyca Admin %s", password)
    assert log.read_text().endswith(f"pyca Admin {password}\n")


def test_a_proper_password_is_masked(log: Path) -> None:
    reading.set_up_logs(settings(log, password="geheim"), "pyca")
    logging.getLogger("x").warning("it is geheim")
    keptlog.rest()
    assert log.read_text().endswith("it is ********\n")


def test_a_risk_is_told_once_and_a_new_one_after_a_reload(log: Path) -> None:
    old = settings(log, "every user can read it")
    reading.set_up_logs(old, "pyca")
    new = dataclasses.replace(old, warnings=(*old.warnings, "not encrypted"))
    assert reading.reread(lambda: new, old, "capture") == new
    text = log.read_text()
    assert (text.count("every user can read it"), text.count("not encrypted")) == (1, 1)


def kept(log: Path) -> Settings:
    """An agent whose messages go nowhere else."""
    agent = Agent(name="hall", database=f"sqlite:///{log.parent}/hall.db")
    return dataclasses.replace(settings(log, password="geheim"), agent=agent, logging=Logging(stderr=False))


def test_without_any_configuration_a_small_log_is_kept_beside_the_database(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.runtime.logs.stderr_is_journal", lambda: False)
    reading.set_up_logs(kept(log), "capture")
    logging.getLogger("x").warning("it is geheim")
    keptlog.rest()
    assert (log.parent / "hall-log" / "capture.log").read_text().endswith("[WARNING] it is ********\n")


@pytest.mark.parametrize("why", ["command", "server", "nonsense"])
def test_no_log_is_kept_where_the_page_has_another_one_or_there_is_no_place(
    log: Path, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.runtime.logs.stderr_is_journal", lambda: False)
    given = kept(log)
    if why == "command":
        given = dataclasses.replace(given, ui=Ui(log_command="/bin/true"))
    else:
        address = "postgresql://pyca:pyca@host/pyca" if why == "server" else "no address"
        given = dataclasses.replace(given, agent=Agent(database=address))
    reading.set_up_logs(given, "capture")
    logging.getLogger("x").warning("nowhere")
    keptlog.rest()
    assert list(log.parent.iterdir()) == []
