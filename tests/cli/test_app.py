"""The command group: help, exit codes, one clear line instead of a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import pyca as package
from pyca.cli.app import cli
from tests.cli.conftest import ROOT, Run, start

HEAVY = ("sqlalchemy", "flask", "icalendar", "pycurl", "alembic", "psutil", "waitress")


def test_version(pyca: Run) -> None:
    result = pyca("--version")
    assert (result.code, result.out) == (0, f"pyCA {package.__version__}\n")


@pytest.mark.parametrize("command", ["", *cli.commands])
def test_help(pyca: Run, command: str) -> None:
    result = pyca(*command.split(), "--help")
    assert result.code == 0
    # One that needs no configuration takes none.
    assert ("--config" in result.out) == (command != "stream")
    assert "\\b" not in result.out
    assert len(result.out.splitlines()) > 4


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\nfrom pyca.cli.app import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit:\n    pass\n"
        f"sys.exit(', '.join(sys.modules.keys() & set({HEAVY!r})) or 0)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nonsense"], os.EX_USAGE),
        (["--nonsense"], os.EX_USAGE),
        (["events", "add", "--start", "now"], os.EX_USAGE),
        (["events", "add", "--start", "somewhen", "--duration", "1h"], os.EX_USAGE),
        (["record", "long"], os.EX_USAGE),
        (["record", "0s"], os.EX_USAGE),
        (["record", "99999h"], os.EX_USAGE),
        (["demo", "--duration", "24:00:01"], os.EX_USAGE),
        (["status"], os.EX_UNAVAILABLE),
        (["events", "list"], os.EX_UNAVAILABLE),
        (["db", "check"], os.EX_UNAVAILABLE),
        (["config", "check", "-c", "missing.conf"], os.EX_CONFIG),
        (["-c", "missing.conf", "config", "check"], os.EX_CONFIG),
        (["-c", "missing.conf"], os.EX_CONFIG),
        (["run", "-c", "missing.conf"], os.EX_CONFIG),
        (["capture", "-c", "missing.conf"], os.EX_CONFIG),
    ],
)
def test_exit_codes(pyca: Run, arguments: list[str], code: int) -> None:
    result = pyca(*arguments)
    assert result.code == code
    assert result.err.strip()
    assert "Traceback" not in result.err


def test_looking_makes_no_database(pyca: Run, folder: Path) -> None:
    pyca("status")
    pyca("events", "list")
    assert not list(folder.iterdir())


def test_config_from_the_environment(pyca: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine.conf").write_text("[agent]\nname = mine\n")
    (folder / "other.conf").write_text("[agent]\nname = other\n")
    monkeypatch.setenv("PYCA_CONFIG", "mine.conf")
    assert "name = 'mine'" in pyca("config", "show").out
    assert "name = 'other'" in pyca("-c", "other.conf", "config", "show").out
    assert "name = 'other'" in pyca("config", "show", "-c", "other.conf").out


def test_a_reader_that_leaves_early_is_told_nothing(folder: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start("config", "show", cwd=folder, out=write, err=subprocess.PIPE)
    os.close(write)
    assert process.communicate(timeout=30)[1] == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(pyca: Run, shell: str) -> None:
    assert "_PYCA_COMPLETE" in pyca("completion", shell).out
