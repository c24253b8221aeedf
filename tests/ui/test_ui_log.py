"""The page with the log."""

import shlex
import sys
from dataclasses import replace

import pytest

from pyca.config.settings import Settings
from pyca.core.clock import SystemClock
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.pages import log
from tests.ui_tools import Person


@pytest.fixture
def clock() -> SystemClock:
    """One that moves, because commands take their time."""
    return SystemClock()


@pytest.fixture
def command() -> str:
    return ""


@pytest.fixture
def settings(settings: Settings, command: str) -> Settings:
    line = f"{shlex.quote(sys.executable)} -I -c {shlex.quote(command)} '$HOME' | x" if command else ""
    return replace(settings, ui=replace(settings.ui, log_command=line))


@pytest.mark.parametrize("command", ["import sys; print('<b>it ran</b>', sys.argv[1:])"])
def test_the_output_is_shown_as_text_and_no_shell_runs(person: Person) -> None:
    assert '<a href="/log">' in person.get("/").text
    answer = person.get("/log")
    assert answer.status_code == 200
    assert "&lt;b&gt;it ran&lt;/b&gt; [&#39;$HOME&#39;, &#39;|&#39;, &#39;x&#39;]" in answer.text
    assert 'class="trouble"' not in answer.text


def test_without_a_command_there_is_no_log(person: Person) -> None:
    assert "/log" not in person.get("/").text
    assert person.get("/log").status_code == 404


@pytest.mark.parametrize("command", ["print(1)"])
def test_it_asks_for_the_password(person: Person) -> None:
    assert person.client.get("/log").status_code == 401


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("print('half'); exit(3)", "ended with exit code 3"),
        ("print('half', flush=True); import time; time.sleep(600)", "did not end within 1 seconds"),
    ],
)
def test_a_command_that_fails_is_explained(
    person: Person, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "LIMIT", 1.0)
    answer = person.get("/log")
    assert answer.status_code == 200
    assert reason in answer.text
    assert "half" in answer.text


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("/nowhere/<log>", "the program /nowhere/&lt;log&gt; cannot be started: No such file"),
        ("/bin/echo {{dir}}", "asks for {{dir}}, which does not exist (there are none here)"),
    ],
)
def test_a_command_that_cannot_run_is_explained(
    settings: Settings, database: Database, line: str, reason: str
) -> None:
    ui = replace(settings.ui, log_command=line)
    app = create_app(replace(settings, ui=ui), database, SystemClock())
    answer = Person(app.test_client(), ui).get("/log")
    assert answer.status_code == 200
    assert reason in answer.text
