"""``pyca config`` and ``pyca db``."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pyca.store.database import Database
from tests.cli.conftest import ROOT, Run


def write(folder: Path, text: str) -> None:
    (folder / "etc").mkdir()
    (folder / "etc" / "pyca.conf").write_text(text, encoding="utf-8")


def test_check_reports_each_mistake_on_its_own_line(pyca: Run, folder: Path) -> None:
    write(folder, "[agent]\nnmae = hall\n[ui]\nport = many\n")
    result = pyca("config", "check")
    assert result.code == 78
    lines = result.err.splitlines()
    assert all(line.startswith("pyca: ") for line in lines)
    assert "pyca.conf:2" in lines[0]
    assert "“name”" in lines[0]
    assert "pyca.conf:4" in lines[1]
    assert "Traceback" not in result.err


def test_check_warns(pyca: Run, folder: Path) -> None:
    write(folder, "[agent]\nbackup_mode = True\n")
    result = pyca("config", "check")
    assert result.code == 0
    assert "warning: " in result.err
    assert "backup_mode" in result.err
    assert "no mistakes" in result.out


def test_the_shipped_file_is_right(pyca: Run) -> None:
    result = pyca("config", "check", "-c", str(ROOT / "etc" / "pyca.conf"))
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_show_masks_secrets(pyca: Run, folder: Path, form: list[str]) -> None:
    write(folder, "[server]\nurl = https://example.org\npassword = correct-horse\n")
    result = pyca("config", "show", *form)
    assert result.code == 0
    assert "example.org" in result.out
    assert "correct-horse" not in result.out


def test_show_json_is_json(pyca: Run, folder: Path) -> None:
    assert json.loads(pyca("config", "show", "--json").out)["ui"]["port"] == 5000


def test_upgrade_makes_the_tables(pyca: Run, folder: Path) -> None:
    assert pyca("db", "upgrade").code == 0
    assert pyca("db", "check").code == 0


def test_a_newer_database_is_refused(pyca: Run, folder: Path, database: Database) -> None:
    database.dispose()
    with closing(sqlite3.connect(folder / "pyca.db")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for command in (["db", "check"], ["db", "upgrade"], ["status"]):
        result = pyca(*command)
        assert result.code == 69
        assert "9999" in result.err


def test_a_damaged_database_is_explained(pyca: Run, folder: Path) -> None:
    (folder / "pyca.db").write_bytes(b"this is no database" * 100)
    result = pyca("events", "list")
    assert result.code == 69
    assert "damaged" in result.err
