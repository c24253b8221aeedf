"""``pyca user``: people and programs that may open the page."""

import io
import json
import re
from pathlib import Path

import pytest

from pyca.core.access import Scope
from pyca.store import accounts, logins, tokens
from pyca.store.database import Database
from tests.cli.conftest import Run

PASSWORD = "a good one: ä"


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Put words into the standard input of the next command."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def known(pyca: Run, folder: Path, typed) -> Database:  # type: ignore[no-untyped-def]
    """A database in which “ada” is known."""
    typed(PASSWORD + "\n")
    assert pyca("user", "add", "ada").code == 0
    return Database(f"sqlite:///{folder}/pyca.db")


def opens(database: Database, name: str, password: str) -> bool:
    with database.read() as session:
        found = accounts.get(session, name)
    return found is not None and accounts.verify(found.hash, password)


def test_add_reads_the_password_from_standard_input(known: Database) -> None:
    assert opens(known, "ada", PASSWORD)
    with known.read() as session:
        assert [one.scope for one in accounts.listing(session)] == [Scope.OPERATE]


def test_add_takes_the_password_from_a_file(pyca: Run, folder: Path) -> None:
    (folder / "secret").write_text(f"{PASSWORD}\r\n")
    answer = pyca("user", "add", "bob", "--scope", "admin", "--password-file", "secret")
    assert answer.code == 0 and "admin" in answer.out and PASSWORD not in answer.out
    assert opens(Database(f"sqlite:///{folder}/pyca.db"), "bob", PASSWORD)
    answer = pyca("user", "add", "eve", "--password-file", "nowhere")
    assert answer.code == 64 and "nowhere cannot be read" in answer.err


def test_a_generated_password_is_printed_alone(pyca: Run, folder: Path, known: Database) -> None:
    answer = pyca("user", "passwd", "ada", "--generate")
    password = answer.out.splitlines()[-1]
    assert answer.code == 0 and opens(known, "ada", password) and not opens(known, "ada", PASSWORD)


def test_a_password_is_asked_for_twice_on_a_terminal(
    pyca: Run, known: Database, monkeypatch: pytest.MonkeyPatch, typed  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    typed("")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["another one", "a typing error", "another one", "another one"])
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda prompt: next(answers))
    assert pyca("user", "passwd", "ada").code == 0
    assert opens(known, "ada", "another one") and next(answers, None) is None


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("add", "ada"), "already"),
        (("add", "a b"), "cannot be the name"),
        (("add", "eve"), "too short"),
        (("passwd", "eve"), "no user"),
        (("del", "eve"), "no user"),
        (("scope", "eve", "read"), "no user"),
        (("token", "eve"), "no user"),
        (("token", "ada", "--scope", "admin"), "has the right “operate”"),
        (("token", "ada", "--expires", "soon"), "soon"),
        (("token", "ada", "--expires", "99999999d"), "too long"),
        (("revoke", "0123456789ab"), "no token"),
        (("revoke", "pyca_"), "no token"),
        (("add", "eve", "--generate", "--password-file", "x"), "either"),
    ],
)
def test_mistakes_are_explained(  # type: ignore[no-untyped-def]
    pyca: Run, known: Database, typed, arguments: tuple[str, ...], words: str
) -> None:
    typed("short\n")
    answer = pyca("user", *arguments)
    assert answer.code == 64 and words in answer.err and "Traceback" not in answer.err


def test_another_password_ends_the_logins(pyca: Run, known: Database, typed) -> None:  # type: ignore[no-untyped-def]
    with known.write() as session:
        logins.start(session, "ada", "x", 4e9)
    typed("a new one of ada\n")
    assert pyca("user", "passwd", "ada").code == 0
    with known.read() as session:
        assert logins.listing(session, "ada", 4e9) == []
    assert opens(known, "ada", "a new one of ada")


def test_del_ends_tokens_and_logins_and_says_so(pyca: Run, known: Database) -> None:
    pyca("user", "token", "ada")
    with known.write() as session:
        logins.start(session, "ada", "x", 4e9)
    answer = pyca("user", "del", "ada")
    assert answer.code == 0 and "1 login, 1 token" in answer.out and "Nobody has the right" in answer.out
    with known.read() as session:
        assert not accounts.exists(session) and tokens.listing(session) == []


def test_logout_ends_the_logins_alone(pyca: Run, known: Database) -> None:
    with known.write() as session:
        logins.start(session, "ada", "x", 4e9)
        logins.start(session, "bob", "x", 4e9)
    assert "1 login ended" in pyca("user", "logout", "ada").out
    with known.read() as session:
        assert [one.owner for one in logins.listing(session, None, 4e9)] == ["bob"]
    assert opens(known, "ada", PASSWORD)


def test_a_token_is_printed_once_and_revoked_by_itself_or_by_its_id(pyca: Run, known: Database) -> None:
    made = pyca("user", "token", "ada", "--label", "Prometheus\x1b[31m", "--expires", "90d")
    key = made.out.strip()
    assert made.code == 0 and re.fullmatch(r"pyca_[0-9a-f]{12}_[0-9a-f]{64}", key)
    listed = pyca("user", "list")
    assert "Prometheus" in listed.out and "\x1b" not in listed.out
    assert key.split("_")[1] in listed.out and key not in listed.out
    token = json.loads(pyca("user", "list", "--json").out)[0]["tokens"][0]
    assert (token["scope"], token["used"], token["over"]) == ("read", None, False)
    assert pyca("user", "revoke", key).code == 0
    assert pyca("user", "revoke", key.split("_")[1]).code == 64


def test_list_shows_who_there_is(pyca: Run, known: Database) -> None:
    answer = pyca("user", "list")
    assert re.search(r"^ada +operate +0 +0 +database$", answer.out, re.MULTILINE)
    assert "scrypt" not in answer.out + pyca("user", "list", "--json").out
    pyca("user", "del", "ada")
    assert "No users" in pyca("user", "list").out


def test_the_configured_user_is_listed_and_left_alone(
    pyca: Run, known: Database, monkeypatch: pytest.MonkeyPatch, typed  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    monkeypatch.setenv("PYCA_UI_PASSWORD", "configured-secret")
    people = json.loads(pyca("user", "list", "--json").out)
    assert [(one["name"], one["source"]) for one in people] == [
        ("admin", "configuration"),
        ("ada", "database"),
    ]
    typed(PASSWORD)
    for command in ("add", "passwd", "del"):
        answer = pyca("user", command, "admin")
        assert answer.code == 64 and "configuration" in answer.err
    assert pyca("user", "token", "admin", "--scope", "admin").code == 0
    assert "configured-secret" not in pyca("config", "show").out


def test_another_right_counts_at_once(pyca: Run, known: Database) -> None:
    assert pyca("user", "scope", "ada", "read").code == 0
    with known.read() as session:
        found = accounts.get(session, "ada")
    assert found is not None and found.scope is Scope.READ
