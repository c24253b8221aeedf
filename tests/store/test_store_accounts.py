"""Accounts, tokens and logins, on SQLite and on PostgreSQL."""

import threading

import pytest
from sqlalchemy import text

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.store import accounts, logins, tokens
from pyca.store.database import Database

DAY = 86_400.0
HASH = "scrypt:2:1:1$salt$00"
"""Nothing is hashed here, so that these tests are fast."""


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


def add(database: Database, name: str = "ada", scope: Scope = Scope.OPERATE, now: float = 100.0) -> None:
    with database.write() as session:
        accounts.add(session, name, HASH, scope, now)


def test_an_account_comes_back_as_it_went_in(database: Database) -> None:
    add(database, "jürg")
    with database.read() as session:
        found = accounts.get(session, "jürg")
        assert found == accounts.Account("jürg", Scope.OPERATE, HASH, 100.0, 100.0)
        assert accounts.listing(session) == [found] and accounts.exists(session)
        assert HASH not in repr(found)


def test_the_same_letters_are_the_same_name(database: Database) -> None:
    add(database, "ju\u0308rg")
    with database.read() as session:
        assert accounts.get(session, "jürg") and accounts.get(session, "ju\u0308rg")


@pytest.mark.parametrize("name", ["", "a b", "a\0", "a\n", "x" * 101, "<b>", "a/b", "\u202eevil", "💥"])
def test_odd_names_are_refused_and_unknown(database: Database, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"), database.write() as session:
        accounts.add(session, name, HASH, Scope.READ, 1.0)
    with database.read() as session:
        assert accounts.get(session, name) is None


def test_a_name_is_given_once(database: Database) -> None:
    add(database)
    with pytest.raises(UsageError, match="already"):
        add(database)


@pytest.mark.parametrize("password", ["", "short12", "x" * 1025, "ü" * 513, "nul\0in it"])
def test_passwords_that_are_refused(password: str) -> None:
    with pytest.raises(UsageError):
        accounts.hash_password(password)


def test_a_password_is_kept_as_a_salted_scrypt_hash() -> None:
    one, two = accounts.hash_password("geheim:ä1"), accounts.hash_password("geheim:ä1")
    assert one != two and one.startswith("scrypt:") and "geheim" not in one
    assert accounts.verify(one, "geheim:ä1") and not accounts.verify(one, "geheim:a1")


def test_generated_passwords_differ_and_are_accepted() -> None:
    made = {accounts.generate_password() for _ in range(50)}
    assert len(made) == 50 and all(len(one) == 19 and accounts.hashable(one) for one in made)


def test_only_one_of_many_makes_the_first_account(database: Database) -> None:
    done: list[bool] = []
    gate = threading.Barrier(4)

    def attempt() -> None:
        gate.wait()
        done.append(accounts.add_first(database, "admin", HASH, Scope.ADMIN, 1.0))

    threads = [threading.Thread(target=attempt) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False, False, False, True]
    with database.read() as session:
        assert [one.name for one in accounts.listing(session)] == ["admin"]


def test_a_process_that_is_too_late_makes_no_second_account(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(database, "admin")
    monkeypatch.setattr(accounts, "exists", lambda session: False)  # as another transaction sees it
    assert not accounts.add_first(database, "admin", "other", Scope.ADMIN, 1.0)
    with database.read() as session:
        assert [one.hash for one in accounts.listing(session)] == [HASH]


def test_with_an_account_goes_what_belongs_to_it(database: Database) -> None:
    add(database)
    add(database, "bob")
    with database.write() as session:
        for owner in ("ada", "bob"):
            tokens.make(session, owner, Scope.READ, 100.0)
            logins.start(session, owner, HASH, 100.0)
        assert accounts.delete(session, "ada") == (1, 1)
        assert [one.owner for one in tokens.listing(session)] == ["bob"]
        assert [one.owner for one in logins.listing(session, None, 100.0)] == ["bob"]
        with pytest.raises(UsageError, match="no user"):
            accounts.delete(session, "ada")


def test_a_new_account_inherits_no_token_of_its_name(database: Database) -> None:
    with database.write() as session:
        _, key = tokens.make(session, "ada", Scope.ADMIN, 100.0)  # of a user of the configuration
    add(database)
    with database.read() as session:
        assert tokens.find(session, key, 100.0) is None


def test_another_password_ends_the_logins_and_keeps_the_tokens(database: Database) -> None:
    add(database)
    with database.write() as session:
        _, secret = logins.start(session, "ada", HASH, 100.0)
        _, key = tokens.make(session, "ada", Scope.READ, 100.0)
        accounts.set_password(session, "ada", "other", 200.0)
    with database.read() as session:
        account = accounts.get(session, "ada")
        assert account and (account.hash, account.changed) == ("other", 200.0)
        assert logins.find(session, secret, 200.0) is None and tokens.find(session, key, 200.0)


def test_a_token_is_found_by_its_text_alone(database: Database) -> None:
    with database.write() as session:
        token, key = tokens.make(session, "ada", Scope.READ, 100.0, label="a\n<b>\0", expires=200.0)
        other, _ = tokens.make(session, "ada", Scope.READ, 100.0)
    assert key.startswith(f"pyca_{token.id}_") and token.label == "a <b>"
    swapped = key.replace(token.id, other.id)
    with database.read() as session:
        assert tokens.find(session, key, 199.0) == token
        for wrong in ("", "pyca_", swapped, key[:-1], key.upper(), key + "\n", f"{key[:-1]}\0"):
            assert tokens.find(session, wrong, 199.0) is None
        assert tokens.find(session, key, 200.0) is None, "it is over"
        stored = session.execute(text("SELECT digest, id FROM access_token")).all()
    assert key.rpartition("_")[2] not in str(stored)


def test_a_token_ends_once_and_by_its_owner(database: Database) -> None:
    with database.write() as session:
        token, key = tokens.make(session, "ada", Scope.READ, 100.0)
        assert not tokens.revoke(session, token.id, "bob") and not tokens.revoke(session, "x\0")
        tokens.note_use(session, token.id, 150.0)
        assert [one.used for one in tokens.listing(session, "ada")] == [150.0]
        assert tokens.revoke(session, token.id, "ada") and not tokens.revoke(session, token.id)
        assert tokens.find(session, key, 101.0) is None


def test_tokens_of_one_owner_are_limited(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokens, "MOST_OF_ONE_OWNER", 2)
    with database.write() as session:
        tokens.make(session, "ada", Scope.READ, 100.0)
        tokens.make(session, "ada", Scope.READ, 100.0)
        tokens.make(session, "bob", Scope.READ, 100.0)
        with pytest.raises(UsageError, match="revoke"):
            tokens.make(session, "ada", Scope.READ, 100.0)
        with pytest.raises(UsageError, match="ended"):
            tokens.make(session, "bob", Scope.READ, 100.0, expires=99.0)


def test_a_login_ends_when_it_is_idle_and_when_it_is_old(database: Database) -> None:
    with database.write() as session:
        login, secret = logins.start(session, "ada", HASH, 0.0, address="::1", program="Fire\0fox\n" * 99)
        assert len(login.program) <= 200 and "\0" not in login.program
    with database.read() as session:
        assert logins.find(session, secret, 7 * DAY - 1) == login
        assert logins.find(session, secret, 7 * DAY) is None
        assert logins.find(session, secret[:-1] + "g", 1.0) is None
    for day in range(6, 36, 6):
        with database.write() as session:
            logins.note_use(session, login.id, day * DAY)
    with database.read() as session:
        assert logins.find(session, secret, 30 * DAY - 1)
        assert logins.find(session, secret, 30 * DAY) is None


def test_logins_that_are_over_are_dropped_and_others_limited(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "MOST_OF_ONE_OWNER", 3)
    with database.write() as session:
        for number in range(5):
            logins.start(session, "ada", HASH, float(number))
        assert sorted(one.created for one in logins.listing(session, "ada", 5.0)) == [2.0, 3.0, 4.0]
        logins.start(session, "bob", HASH, 8 * DAY)
        rows = session.execute(text("SELECT owner FROM login")).scalars().all()
    assert rows == ["bob"]


def test_the_stamp_tells_nothing_without_the_secret(database: Database) -> None:
    with database.write() as session:
        one, secret = logins.start(session, "ada", "pw", 1.0)
        two, _ = logins.start(session, "ada", "pw", 1.0)
    assert one.stamp != two.stamp
    assert one.stamp == logins.stamp(secret, "pw") != logins.stamp(secret, "other")


def test_one_login_is_ended_by_its_owner(database: Database) -> None:
    with database.write() as session:
        login, _ = logins.start(session, "ada", HASH, 1.0)
        assert not logins.end(session, login.id, "bob") and not logins.end(session, "\0", "ada")
        assert logins.end(session, login.id, "ada") and logins.listing(session, "ada", 1.0) == []
