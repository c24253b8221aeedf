"""Where the log comes from, and its page."""

import logging
import os
import shlex
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from pyca.config.settings import Logging, Settings
from pyca.core.clock import SystemClock
from pyca.runtime.keptlog import KeptLog, folder_beside
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.context import of_app
from pyca.ui.view import logcommand, logs
from pyca.ui.view.loglines import Level
from pyca.ui.view.logs import Log
from tests.tools import wait_for
from tests.ui_tools import Person

PATH = "/system/log"


@pytest.fixture
def clock() -> SystemClock:
    """One that moves, because commands take their time."""
    return SystemClock()


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody shares an answer: each asks anew. Our standard error is no journal, wherever tests run."""
    monkeypatch.setattr(logcommand, "FRESH", 0.0)
    # A busy machine takes its time to start a program.
    monkeypatch.setattr(logcommand, "LIMIT", 60.0)
    monkeypatch.setattr(logcommand, "PATIENCE", 60.0)
    monkeypatch.setattr(logs, "stderr_is_journal", lambda: False)


Make = Callable[..., Person]


@pytest.fixture
def make(settings: Settings, database: Database, clock: SystemClock) -> Make:
    """Return what makes somebody who looks at an agent with a log command or file."""

    def person(*, program: str = "", line: str = "", file: Path | None = None) -> Person:
        line = line or (f"{shlex.quote(sys.executable)} -I -c {shlex.quote(program)}" if program else "")
        ui = replace(settings.ui, log_command=line)
        app = create_app(replace(settings, ui=ui, logging=Logging(file=file)), database, clock)
        return Person(app.test_client(), ui)

    return person


def read(person: Person) -> Log:
    app = person.client.application
    with app.app_context():
        return logs.read(of_app(app))


def keep(database: Database, service: str, *messages: tuple[int, str]) -> None:
    assert database.file is not None
    kept = KeptLog(folder_beside(database.file), service)
    for level, message in messages:
        kept.emit(logging.LogRecord("pyca.x", level, "f.py", 1, message, None, None, "f"))
    kept.close()


def test_the_output_of_a_command_is_shown_as_text_and_no_shell_runs(make: Make) -> None:
    program = shlex.quote("import sys; print('<b>it ran</b>', sys.argv[1:])")
    answer = make(line=f"{shlex.quote(sys.executable)} -I -c {program} '$HOME' | x").get(PATH)
    assert answer.status_code == 200
    assert "&lt;b&gt;it ran&lt;/b&gt; [&#39;$HOME&#39;, &#39;|&#39;, &#39;x&#39;]" in answer.text
    assert 'class="trouble"' not in answer.text


def test_a_password_in_the_command_itself_is_not_shown(make: Make) -> None:
    answer = make(line="/bin/echo http://u:geheim99@host/").get(PATH)
    assert "http://u:********@host/" in answer.text
    assert "geheim99" not in answer.text


@pytest.mark.parametrize(
    ("script", "limit", "reason"),
    [
        ("echo half; exit 3", 60.0, "ended with exit code 3"),
        ("echo half; exec sleep 600", 2.0, "did not end within 2 seconds"),
    ],
)
def test_a_command_that_fails_is_explained(
    make: Make, script: str, limit: float, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logcommand, "LIMIT", limit)
    answer = make(line=f"/bin/sh -c '{script}'").get(PATH)
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
def test_a_command_that_cannot_run_is_explained(make: Make, line: str, reason: str) -> None:
    answer = make(line=line).get(PATH)
    assert answer.status_code == 200
    assert reason in answer.text


def test_a_hanging_command_holds_nobody_and_runs_once(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logcommand, "PATIENCE", 0.0)
    monkeypatch.setattr(logcommand, "SHORT_PATIENCE", 0.0)
    go, runs = tmp_path / "go", tmp_path / "runs"
    person = make(
        program=f"import os, time; open({str(runs)!r}, 'a').write('x')\n"
        f"while not os.path.exists({str(go)!r}): time.sleep(0.01)\nprint('at last')"
    )
    assert "still running" in person.get(PATH).text
    wait_for(runs.exists, "the command to run")
    waiting = read(person)
    assert waiting.waiting
    assert waiting.lines == ()
    assert runs.read_text() == "x"
    monkeypatch.setattr(logcommand, "FRESH", 3600.0)
    go.touch()
    log = wait_for(lambda: (found := read(person)).lines and found, "the command to end")
    assert [line.text for line in log.lines] == ["at last"]
    assert not log.waiting
    assert runs.read_text() == "x"


def test_while_a_command_runs_its_last_words_are_shown(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow"
    wait = f"while os.path.exists({str(slow)!r}): time.sleep(0.01)"
    person = make(program=f"import os, time\nprint('first', flush=True)\n{wait}")
    assert [line.text for line in read(person).lines] == ["first"]
    monkeypatch.setattr(logcommand, "PATIENCE", 0.0)
    slow.touch()
    log = read(person)
    slow.unlink()
    assert [line.text for line in log.lines] == ["first"]
    assert "this is what it said before" in log.trouble


def test_a_file_is_read_from_its_end_and_on_into_the_one_before(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "own.log"
    file.write_text("".join(f"[ERROR] new {number}\n" for number in range(5)))
    (tmp_path / "own.log.1").write_text("".join(f"[ERROR] old {number}\n" for number in range(100)))
    monkeypatch.setattr(logs, "KEEP", 200)
    log = read(make(file=file))
    texts = [line.text for line in log.lines]
    assert texts[-5:] == [f"new {number}" for number in range(5)]
    assert texts[-6] == "old 99"
    assert texts[0].startswith("old ")
    assert len(texts) < 20
    assert log.cut
    assert log.source == f"the file {file}"


def test_whatever_a_file_holds_is_shown(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "own.log"
    file.write_bytes(b"<b>\xff\xfe\0\x1b[31m" + b"y" * 1_000_000 + b"\n[ERROR] end\n")
    answer = make(file=file).get(PATH)
    assert answer.status_code == 200
    assert "end" in answer.text
    assert "\0" not in answer.text
    assert "\x1b" not in answer.text
    assert len(answer.text) < 20_000


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_a_file_that_cannot_be_read_is_explained(make: Make, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "own.log"
    if kind == "folder":
        file.mkdir()
    if kind == "pipe":
        os.mkfifo(file)
    answer = make(file=file).get(PATH)
    assert answer.status_code == 200
    assert f"{file} cannot be read: " in answer.text
    assert "What helps:" in answer.text


def test_without_any_configuration_what_services_keep_is_shown(make: Make, database: Database) -> None:
    keep(database, "capture", (logging.INFO, "begins"), (logging.ERROR, "broke"))
    keep(database, "ingest", (logging.WARNING, "slow"))
    person = make()
    log = read(person)
    assert [(line.service, str(line.level), line.text) for line in log.lines] == [
        ("capture", "info", "begins"),
        ("capture", "error", "broke"),
        ("ingest", "warning", "slow"),
    ]
    assert "begins" in person.get(PATH).text


def test_without_any_log_there_are_words(make: Make) -> None:
    answer = make().get(PATH)
    assert "No service has written to a log for the page yet." in answer.text
    assert "[ui] log_command" in answer.text


def journal(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a journalctl of our own on the PATH, and let messages go to the journal."""
    folder.mkdir()
    (folder / "journalctl").write_text(f"#!{sys.executable}\n{program}\n")
    (folder / "journalctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(logs, "stderr_is_journal", lambda: True)
    monkeypatch.setattr(logcommand, "PATIENCE", 60.0)


def test_under_systemd_the_journal_is_asked(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = '{"MESSAGE": "from the journal", "PRIORITY": "3", "__REALTIME_TIMESTAMP": "1774600000000000"}'
    journal(tmp_path / "bin", f"print('a hint')\nprint({entry!r})", monkeypatch)
    log = read(make())
    assert [(line.text, line.level) for line in log.lines] == [("from the journal", Level.ERROR)]
    assert log.source == "the journal of pyCA's units"


def test_a_journal_that_may_not_be_read_is_explained(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal(tmp_path / "bin", "print('insufficient permissions'); exit(1)", monkeypatch)
    answer = make().get(PATH)
    assert "The messages go to the journal, which shows none to the page." in answer.text
    assert "usermod -a -G systemd-journal pyca" in answer.text


def test_without_journalctl_there_are_words(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(logs, "stderr_is_journal", lambda: True)
    assert "journalctl is not here" in make().get(PATH).text


def test_levels_and_services_are_chosen_by_links(make: Make, database: Database) -> None:
    keep(database, "capture", (logging.INFO, "begins"), (logging.ERROR, "broke"))
    keep(database, "ingest", (logging.WARNING, "slow"))
    person = make()
    every = person.get(PATH).text
    assert 'href="/system/log?level=warning"' in every
    assert 'href="/system/log?level=info&amp;service=ingest"' in every
    graver = person.get(PATH + "?level=warning").text
    assert "begins" not in graver
    assert "broke" in graver
    assert "slow" in graver
    one = person.get(PATH + "?level=warning&service=ingest").text
    assert "broke" not in one
    assert "slow" in one
    assert person.get(PATH + "?level=x&service=%00").text.count("<li class=") == 3
    assert "Nothing of that kind" in person.get(PATH + "?level=error&service=ingest").text


def test_a_level_has_words_and_an_icon(make: Make, database: Database) -> None:
    keep(database, "capture", (logging.ERROR, "broke"))
    text = make().get(PATH).text
    assert 'class="of-error"' in text
    assert "icon-failed" in text
    assert "<span>error</span>" in text


def test_the_fragment_is_sent_only_where_it_changed(make: Make, database: Database) -> None:
    keep(database, "capture", (logging.ERROR, "broke"))
    person = make()
    first = person.get("/system/log.html")
    assert "broke" in first.text
    again = person.get("/system/log.html", If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    keep(database, "capture", (logging.ERROR, "once more"))
    assert "once more" in person.get("/system/log.html", If_None_Match=first.headers["ETag"]).text


def test_as_text_it_can_be_sent_to_somebody(make: Make, database: Database) -> None:
    keep(database, "capture", (logging.INFO, "begins"), (logging.ERROR, "<broke>"))
    answer = make().get("/system/log.txt?level=error")
    assert answer.mimetype == "text/plain"
    assert answer.text.endswith("Z error capture <broke>\n")
    assert answer.text.count("\n") == 1


def test_many_lines_are_shown_in_part(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "own.log"
    file.write_text("".join(f"[INFO] line {number}\n" for number in range(900)))
    text = make(file=file).get(PATH).text
    assert "the last 400 of 900 lines" in text
    assert "line 899<" in text
    assert "line 499<" not in text


def test_the_older_address_leads_to_it(person: Person) -> None:
    answer = person.get("/log?level=error&_external=1&_scheme=javascript")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/system/log?level=error")


@pytest.mark.parametrize("path", [PATH, "/system/log.html", "/system/log.txt", "/log"])
def test_it_asks_for_the_password(app: Flask, path: str) -> None:
    assert app.test_client().get(path, headers={"Accept": "text/plain"}).status_code in (401, 303, 302)
