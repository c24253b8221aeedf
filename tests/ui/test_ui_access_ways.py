"""The ways in: password, token and login, with and without right."""

import base64
import logging

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pyca.core.access import Scope
from pyca.store import accounts, logins, tokens
from pyca.store.database import Database
from pyca.ui.access import passwords
from pyca.ui.access.door import Door
from pyca.ui.access.remembered import CAPACITY, SECONDS, Remembered
from pyca.ui.access.rights import needs
from tests.tools import FakeClock
from tests.ui_people import OWN, Browser, add_account
from tests.ui_tools import PASSWORD, USER


@pytest.fixture(autouse=True)
def _for_admins(app: Flask) -> None:
    """A page that needs the right “admin”, whatever becomes of the real ones."""
    app.add_url_rule("/for-admins", "for_admins", needs(Scope.ADMIN)(lambda: "yes"))


@pytest.fixture
def bearer(database: Database, clock: FakeClock):  # type: ignore[no-untyped-def]
    """Make a token and return the header that shows it."""

    def make(owner: str, scope: Scope = Scope.READ, **more: float) -> dict[str, str]:
        with database.write() as session:
            _, text = tokens.make(session, owner, scope, clock.now(), **more)  # type: ignore[arg-type]
        return {"Authorization": f"Bearer {text}"}

    return make


def test_an_account_comes_in_with_its_password_alone(client: FlaskClient, database: Database) -> None:
    add_account(database, "ada", Scope.READ)
    for password, status in ((OWN, 200), (OWN, 200), (OWN + "x", 401), ("", 401), ("x" * 5000, 401)):
        assert client.get("/", auth=("ada", password)).status_code == status
    assert client.post("/record", auth=("ada", OWN)).status_code == 403


def test_a_remembered_password_ends_with_the_account_and_with_a_new_one(
    client: FlaskClient, database: Database
) -> None:
    add_account(database)
    assert client.get("/", auth=("ada", OWN)).status_code == 200
    with database.write() as session:
        accounts.set_password(session, "ada", "scrypt:256:8:1$other$0", 2.0)
    assert client.get("/", auth=("ada", OWN)).status_code == 401
    with database.write() as session:
        accounts.delete(session, "ada")
    assert client.get("/", auth=("ada", OWN)).status_code == 401


def test_a_right_counts_at_once(client: FlaskClient, database: Database, bearer) -> None:  # type: ignore[no-untyped-def]
    add_account(database, "ada", Scope.ADMIN)
    key = bearer("ada", Scope.OPERATE)
    assert client.get("/for-admins", auth=("ada", OWN)).status_code == 200
    assert client.post("/stop", data={"uid": "x"}, headers=key).status_code == 404
    with database.write() as session:
        accounts.set_scope(session, "ada", Scope.READ)
    assert client.get("/for-admins", auth=("ada", OWN)).status_code == 403
    assert client.post("/stop", data={"uid": "x"}, headers=key).status_code == 403
    assert client.get("/", headers=key).status_code == 200


def test_a_password_is_hashed_once_in_five_minutes(
    client: FlaskClient, database: Database, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(database)
    hashed: list[str] = []
    verify = accounts.verify

    def counted(stored: str, password: str) -> bool:
        hashed.append(stored)
        return verify(stored, password)

    monkeypatch.setattr(accounts, "verify", counted)
    for _ in range(5):
        assert client.get("/", auth=("ada", OWN)).status_code == 200
    assert len(hashed) == 1
    clock.move(SECONDS + 1)
    assert client.get("/", auth=("ada", OWN)).status_code == 200
    assert len(hashed) == 2


def test_unknown_names_and_wrong_passwords_cost_the_same(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_account(database)
    hashed: list[str] = []
    monkeypatch.setattr(accounts, "verify", lambda stored, password: hashed.append(stored))
    for name in ("nobody", USER, "a\0", "ada"):
        assert client.get("/", auth=(name, "wrong")).status_code == 401
    assert len(hashed) == 4
    assert hashed[0] == passwords.OF_NOBODY and hashed[0].startswith("scrypt:32768:8:1$")
    assert accounts.hash_password("long enough").startswith("scrypt:32768:8:1$"), "of the same cost"


def test_what_is_remembered_is_bounded_and_no_password(clock: FakeClock) -> None:
    remembered = Remembered(clock)
    for number in range(3 * CAPACITY):
        remembered.add("ada", f"secret{number}", "hash")
    assert len(remembered) == CAPACITY and "secret" not in str(vars(remembered))
    assert remembered.knows("ada", f"secret{3 * CAPACITY - 1}", "hash")
    assert not remembered.knows("ad", f"asecret{3 * CAPACITY - 1}", "hash")
    assert not Remembered(clock).knows("ada", f"secret{3 * CAPACITY - 1}", "hash")


def test_a_token_may_what_it_and_its_owner_may(client: FlaskClient, database: Database, bearer) -> None:  # type: ignore[no-untyped-def]
    add_account(database, "ada", Scope.OPERATE)
    assert client.get("/for-admins", headers=bearer("ada", Scope.ADMIN)).status_code == 403
    assert client.get("/metrics", headers=bearer("ada", Scope.READ)).status_code == 200
    assert client.post("/stop", headers=bearer("ada", Scope.READ)).status_code == 403
    # No browser sends a token by itself, so it needs neither form token nor origin.
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}
    assert client.post("/stop", headers=bearer("ada", Scope.OPERATE) | elsewhere).status_code == 404


def test_a_token_of_the_configured_user(client: FlaskClient, bearer) -> None:  # type: ignore[no-untyped-def]
    assert client.get("/for-admins", headers=bearer(USER, Scope.ADMIN)).status_code == 200
    assert client.get("/for-admins", headers=bearer(USER, Scope.OPERATE)).status_code == 403


def test_tokens_that_are_worth_nothing(
    client: FlaskClient, database: Database, clock: FakeClock, bearer  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    add_account(database)
    of_nobody, short = bearer("nobody"), bearer("ada", expires=clock.now() + 60)
    kept = bearer("ada")
    assert client.get("/", headers=short).status_code == 200
    clock.move(60)
    assert client.get("/", headers=short).status_code == 401
    assert client.get("/", headers=of_nobody).status_code == 401
    assert client.get("/", headers=kept).status_code == 200
    with database.write() as session:
        accounts.delete(session, "ada")
    assert client.get("/", headers=kept).status_code == 401


def test_a_wrong_token_is_not_helped_by_a_cookie(app: Flask, database: Database) -> None:
    add_account(database)
    browser = Browser(app.test_client())
    browser.log_in("ada")
    assert browser.get("/").status_code == 200
    assert browser.get("/", Authorization="Bearer pyca_x").status_code == 401
    assert browser.get("/", Authorization="").status_code == 401


def test_a_use_is_noted_now_and_then_and_never_waited_for(
    app: Flask, client: FlaskClient, database: Database, clock: FakeClock, bearer  # type: ignore[no-untyped-def]
) -> None:  # fmt: skip
    key = bearer(USER)
    door: Door = app.extensions["pyca-door"]

    def used() -> float | None:
        door.traces.settle()
        with database.read() as session:
            return tokens.listing(session)[0].used

    first = clock.now()
    for _ in range(3):
        assert client.get("/metrics", headers=key).status_code == 200
        assert used() == first
        clock.move(200)
    clock.move(1)
    with database.write():  # as long as this one is open, nobody else can write
        assert client.get("/metrics", headers=key).status_code == 200
    assert used() == clock.now()


@pytest.mark.parametrize(
    "header", ["Basic ==", "Bearer", "Bearer  ", "Digest a=b", "Bearer pyca_000000000000_"]
)
def test_odd_headers_are_refused(client: FlaskClient, header: str) -> None:
    assert client.get("/", headers={"Authorization": header}).status_code == 401


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.text(st.characters(max_codepoint=255, exclude_characters="\r\n")),
        st.binary(max_size=60).map(lambda raw: "Basic " + base64.b64encode(raw).decode()),
        st.text(max_size=40).map(
            lambda text: "Basic " + base64.b64encode(f"{text}:{text}".encode(errors="replace")).decode()
        ),
        st.text("0123456789abcdef_", max_size=90).map(lambda text: f"Bearer pyca_{text}"),
    )
)
def test_no_header_breaks_the_page(client: FlaskClient, header: str) -> None:
    assert client.get("/", headers={"Authorization": header}).status_code in (401, 429)
    cookie = "pyca=" + header.encode("ascii", "replace").decode()
    assert client.get("/", headers={"Cookie": cookie}).status_code == 401


def test_a_failure_is_logged_without_the_password_and_on_one_line(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    client.get("/", auth=("eve\nroot\x1b[31m", "very-secret"))
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1 and "eve root" in said[0] and "127.0.0.1" in said[0]
    assert "\n" not in said[0] and "\x1b" not in said[0] and "very-secret" not in said[0]
    assert client.get("/", auth=(USER, PASSWORD)).status_code == 200


def test_who_asks_is_found_out_without_objects_for_rows(database: Database, clock: FakeClock) -> None:
    add_account(database)
    with database.write() as session:
        _, key = tokens.make(session, "ada", Scope.READ, clock.now())
        _, secret = logins.start(session, "ada", "proof", clock.now())
    with database.read() as session:
        assert tokens.find(session, key, clock.now()) and logins.find(session, secret, clock.now())
        assert accounts.get(session, "ada")
        assert not list(session.identity_map), "they cost more than all the rest, with every request"
