"""Whoever guesses passwords has to wait, and keeps nobody else out."""

import logging
import threading
from collections import Counter, OrderedDict
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.store import accounts, tokens
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.access import passwords, patience
from pyca.ui.access.patience import Limit, Patience
from pyca.ui.access.peer import network
from tests.tools import FakeClock, wait_for
from tests.ui_people import OWN, Browser, add_account, token_in
from tests.ui_tools import PASSWORD, USER


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "OF_NOBODY", "scrypt:256:8:1$x$0")


def attempt(
    client: FlaskClient, name: str = USER, password: str = "wrong", peer: str = "192.0.2.1", **told: str
) -> int:
    headers = {f"X-Forwarded-{key}": value for key, value in told.items()}
    environ = {"REMOTE_ADDR": peer}
    answer = client.get("/api/nothing", auth=(name, password), headers=headers, environ_base=environ)
    # The right password leads to “no such page”.
    return 200 if answer.status_code == 404 else answer.status_code


def test_pauses_grow_to_five_minutes_and_end(clock: FakeClock) -> None:
    patient = Patience(clock, Limit(free=5, longest=300.0))
    pauses = []
    for _ in range(16):
        patient.failed("a")
        pauses.append(patient.wait("a"))
        clock.move(patient.wait("a"))
        assert patient.wait("a") == 0
    assert pauses[:7] == [0, 0, 0, 0, 2, 4, 8] and pauses[-4:] == [300] * 4
    assert patient.wait("b") == 0
    clock.move(4 * 300 + 1)
    assert patient.failed("a") == 1, "what was long ago is forgotten"


def test_a_clock_that_is_set_changes_no_pause(clock: FakeClock) -> None:
    patient = Patience(clock, Limit(free=1, longest=300.0))
    patient.failed("a")
    clock.set_by(-1e6)
    assert patient.wait("a") == 2
    clock.set_by(2e6)
    assert patient.wait("a") == 2


def test_memory_does_not_grow_with_the_addresses(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "CAPACITY", 100)
    patient = Patience(clock, Limit(free=1, longest=300.0))
    for number in range(1000):
        patient.failed(str(number))
    assert len(patient) == 100 and patient.wait("999") > 0 and patient.wait("0") == 0


def test_a_thousand_guesses_in_a_row(client: FlaskClient, database: Database, clock: FakeClock) -> None:
    found: Counter[int] = Counter()
    for number in range(1000):
        found[attempt(client, password=f"guess {number}")] += 1
        clock.move(1)
    assert set(found) == {401, 429} and found[401] < 20
    assert attempt(client, password=PASSWORD) == 429, "the password is not even looked at"
    clock.move(300)
    assert attempt(client, password=PASSWORD) == 200, "nobody is locked out for ever"
    assert attempt(client) == 401, "and begins anew"


def test_while_the_pause_lasts_no_password_is_hashed(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(database)
    assert attempt(client, "ada", OWN) == 200
    hashed: list[str] = []
    monkeypatch.setattr(accounts, "verify", lambda stored, password: hashed.append(password))
    for number in range(50):
        attempt(client, "ada", f"guess {number}")
    assert len(hashed) == 5
    # The password that is remembered must not be found by trying either.
    assert attempt(client, "ada", OWN) == 429


def test_how_long_to_wait_is_told(client: FlaskClient) -> None:
    for _ in range(5):
        attempt(client, peer="127.0.0.1")
    answer = client.get("/", auth=(USER, PASSWORD))
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "2"
    assert "2 seconds" in answer.text and "Too many attempts" in answer.text
    api = client.get("/api/name", auth=(USER, PASSWORD))
    assert api.status_code == 429 and api.headers["Retry-After"] == "2"
    assert api.json["errors"][0]["title"] == "Too many attempts"


def test_tokens_and_logins_are_not_concerned(app: Flask, database: Database, clock: FakeClock) -> None:
    add_account(database)
    with database.write() as session:
        _, key = tokens.make(session, "ada", Scope.READ, clock.now())
    browser = Browser(app.test_client())
    browser.log_in("ada")
    stranger = app.test_client()
    for _ in range(30):
        attempt(stranger, peer="127.0.0.1")
    assert attempt(stranger, peer="127.0.0.1") == 429
    assert browser.get("/").status_code == 200
    assert stranger.get("/", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_the_login_page_waits_as_well(app: Flask, database: Database, clock: FakeClock) -> None:
    add_account(database)
    browser = Browser(app.test_client())
    form = {"token": token_in(browser.client.get("/login")), "name": "ada", "next": "/record"}
    statuses = [browser.post("/login", form | {"password": "wrong"}).status_code for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    answer = browser.post("/login", form | {"password": OWN})
    assert answer.status_code == 429 and answer.headers["Retry-After"] == "2" and browser.secret == ""
    assert "Try again in 2 seconds" in answer.text and 'value="ada"' in answer.text
    clock.move(2)
    assert browser.post("/login", form | {"password": OWN}).location == "/record"


def test_a_success_forgives_what_went_wrong_with_that_name(client: FlaskClient) -> None:
    for _ in range(4):
        attempt(client)
    assert attempt(client, password=PASSWORD) == 200
    assert [attempt(client) for _ in range(6)] == [401] * 5 + [429]


def test_an_own_account_is_no_way_to_go_on_guessing(client: FlaskClient, database: Database) -> None:
    add_account(database, "eve", Scope.READ)
    found: list[int] = []
    for _ in range(5):
        found += [attempt(client), attempt(client)]
        assert attempt(client, "eve", OWN) == 200
    assert found == [401] * 5 + [429] * 5


def test_whoever_came_in_lately_is_not_kept_out_by_others_at_the_same_address(
    client: FlaskClient, database: Database
) -> None:
    """Such as a program of the same machine that was given a wrong password."""
    add_account(database)
    assert attempt(client, "ada", OWN) == 200
    assert [attempt(client, "prometheus") for _ in range(7)] == [401] * 5 + [429] * 2
    assert attempt(client, "ada", OWN) == 200
    assert [attempt(client, "ada") for _ in range(7)] == [401] * 5 + [429] * 2, "but their name is guarded"
    assert attempt(client, "ada", OWN) == 429


def test_a_flood_leaves_threads_for_others(
    app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(stored: str, password: str) -> bool:
        begun.release()
        return not go_on.wait(30)

    monkeypatch.setattr(accounts, "verify", slow)
    found: list[int] = []
    threads = [
        threading.Thread(
            target=lambda number: found.append(attempt(app.test_client(), peer=f"192.0.2.{number}")),
            args=(number,),
        )
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    wait_for(lambda: len(found) == 9, "those who did not get a place in the queue")
    assert begun.acquire(timeout=30) and not begun.acquire(blocking=False), "one password at a time"
    go_on.set()
    for thread in threads:
        thread.join()
    assert sorted(found) == [401] * 3 + [429] * 9


def test_many_addresses_that_guess_one_name(
    client: FlaskClient, database: Database, clock: FakeClock
) -> None:
    add_account(database)
    assert attempt(client, "ada", OWN, "198.51.100.7") == 200
    found = [attempt(client, "ada", "wrong", f"192.0.2.{number}") for number in range(40)]
    assert found == [401] * 20 + [429] * 20
    assert attempt(client, "ada", OWN, "198.51.100.7") == 200, "its owner comes in from where they were"
    assert attempt(client, USER, PASSWORD, "192.0.2.200") == 200, "so do all others"
    clock.move(30)
    assert attempt(client, "ada", OWN, "203.0.113.1") == 200


def test_a_network_of_ipv6_is_one_guesser(client: FlaskClient) -> None:
    found = [attempt(client, peer=f"2001:db8:1:1::{number:x}") for number in range(1, 9)]
    assert found == [401] * 5 + [429] * 3
    assert attempt(client, peer="2001:db8:1:2::1") == 401
    assert network("2001:db8:1:1:ffff::1") == network("2001:db8:1:1::2") != network("2001:db8:1:2::2")


def test_who_is_believed_where_a_request_comes_from(client: FlaskClient) -> None:
    # Anybody can write the header; from elsewhere it changes nothing.
    found = [attempt(client, peer="192.0.2.1", For=f"198.51.100.{number}") for number in range(8)]
    assert found == [401] * 5 + [429] * 3
    # The proxy of this machine adds the last entry; those before it are what the client wrote.
    for number, peer in enumerate(("127.0.0.1", "::1", "", "::ffff:127.0.0.1")):
        told = f"1.1.1.1, 203.0.{number}.9"
        found = [attempt(client, f"eve {number}", peer=peer, For=told) for _ in range(7)]
        assert found == [401] * 5 + [429] * 2
        assert attempt(client, f"eve {number}", peer=peer, For=f"1.1.1.1, 203.0.{number}.10") == 401
    found = [attempt(client, peer="127.0.0.1", For=f"1.1.1.{number}, 203.0.113.9") for number in range(8)]
    assert found == [401] * 5 + [429] * 3
    assert attempt(client, peer="127.0.0.1", For="203.0.113.10") == 401
    assert attempt(client, peer="127.0.0.1", For="nonsense") == 401


def test_guessing_writes_nothing(settings: Settings, database: Database, clock: FakeClock) -> None:
    client = create_app(replace(settings), database, clock).test_client()
    form = {"token": token_in(client.get("/login")), "name": "ada", "password": "wrong"}
    with database.write():  # as long as this one is open, nobody else can write
        assert attempt(client, "ada") == 401
        assert client.post("/login", data=form).status_code == 401
        assert client.get("/", headers={"Authorization": "Bearer pyca_x"}).status_code == 401


def test_an_attack_does_not_fill_the_log(
    client: FlaskClient, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for number in range(200):
        attempt(client, f"name{number}", peer=f"192.0.2.{number}")
    assert len(caplog.records) == 10
    clock.move(61)
    attempt(client, "later", peer="198.51.100.1")
    assert len(caplog.records) == 11


def test_what_is_remembered_of_friends_changes_under_the_lock(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    door = passwords.Passwords(settings.ui, database, clock)
    changed = []

    class Watched(OrderedDict[str, None]):
        def __setitem__(self, pair: str, value: None) -> None:
            changed.append(door._lock.locked())
            super().__setitem__(pair, value)

        def __contains__(self, pair: object) -> bool:
            changed.append(door._lock.locked())
            return super().__contains__(pair)

    door._friends = Watched()
    assert door.check(USER, PASSWORD, "192.0.2.1")
    assert changed == [True, True]
