"""The page of one's own account: password, logins, tokens."""

import re
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.store import accounts, logins, tokens
from pyca.store.database import Database
from pyca.ui import create_app
from pyca.ui.view.browsers import browser_words
from tests.tools import FakeClock
from tests.ui_people import OWN, Browser, add_account, token_in
from tests.ui_tools import Person

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
NEW = "a new one of ada"


@pytest.fixture
def browser(app: Flask, database: Database) -> Browser:
    """A browser in which “ada” is logged in."""
    add_account(database, "ada", Scope.OPERATE)
    made = Browser(app.test_client())
    assert made.log_in("ada", User_Agent=FIREFOX).status_code == 303
    return made


def test_a_new_password_ends_all_other_logins(app: Flask, browser: Browser, database: Database) -> None:
    other = Browser(app.test_client())
    other.log_in("ada")
    before = browser.secret
    done = browser.send("/account/password", {"old": OWN, "new": NEW, "again": NEW})
    assert (done.status_code, done.location) == (303, "/account?done=password")
    assert "password is changed" in browser.get(done.location).text and browser.secret != before
    assert other.get("/").status_code == 303
    assert other.log_in("ada", OWN).status_code == 401
    assert other.log_in("ada", NEW).status_code == 303


@pytest.mark.parametrize(
    ("old", "new", "again", "words"),
    [
        ("wrong", NEW, NEW, "present password is another"),
        (OWN, NEW, NEW + "x", "differ"),
        (OWN, "short", "short", "too short"),
        (OWN, "x" * 1025, "x" * 1025, "1024"),
    ],
)
def test_a_password_that_stays(
    browser: Browser, database: Database, old: str, new: str, again: str, words: str
) -> None:
    with database.read() as session:
        before = accounts.get(session, "ada")
    answer = browser.send("/account/password", {"old": old, "new": new, "again": again})
    assert answer.status_code == 422 and words in answer.text
    with database.read() as session:
        assert accounts.get(session, "ada") == before


def test_whoever_finds_an_open_browser_has_to_guess_slowly(browser: Browser) -> None:
    form = {"new": NEW, "again": NEW}
    statuses = [browser.send("/account/password", form | {"old": f"x{n}"}).status_code for n in range(7)]
    assert statuses == [422] * 5 + [429] * 2
    assert browser.send("/account/password", form | {"old": OWN}).status_code == 429


def test_the_configured_user_changes_the_configuration(person: Person) -> None:
    page = person.get("/account")
    assert "configuration" in page.text and 'name="new"' not in page.text
    assert person.post("/account/password", {"old": "x", "new": NEW, "again": NEW}).status_code == 409


def test_one_sees_where_one_is_logged_in_and_ends_it(
    app: Flask, browser: Browser, database: Database, clock: FakeClock
) -> None:
    add_account(database, "bob")
    bobs, other = Browser(app.test_client()), Browser(app.test_client())
    bobs.log_in("bob", User_Agent="evil <script>")
    other.log_in("ada", User_Agent=CHROME)
    text = browser.get("/account").text
    assert "Firefox on Linux" in text and "Chrome on Windows" in text and "evil" not in text
    assert text.count("Log out there") == 1, "this browser has a button of its own"
    with database.read() as session:
        ids = {one.owner: one.id for one in logins.listing(session, None, clock.now())}
    browser.send("/account/logins/end", {"id": ids["bob"]})
    assert bobs.get("/").status_code == 200, "that of somebody else is not ended"
    found = re.search(r'name="id" value="([0-9a-f]+)"', text)
    assert found
    assert browser.send("/account/logins/end", {"id": found[1]}).status_code == 303
    assert other.get("/").status_code == 303 and browser.get("/").status_code == 200
    assert "&lt;script&gt;" in bobs.get("/account").text


def test_to_log_out_everywhere_else(app: Flask, browser: Browser) -> None:
    others = [Browser(app.test_client()) for _ in range(3)]
    for other in others:
        other.log_in("ada")
    browser.send("/account/logins/end-others")
    assert [other.get("/").status_code for other in others] == [303] * 3
    assert browser.get("/").status_code == 200


def test_a_token_is_made_shown_once_used_and_revoked(app: Flask, browser: Browser) -> None:
    form = {"label": "Prometheus <1>", "scope": "read", "expires": "30"}
    page = browser.send("/account/tokens", form)
    assert page.status_code == 200 and page.headers["Cache-Control"] == "no-store"
    found = re.search(r"pyca_([0-9a-f]{12})_[0-9a-f]{64}", page.text)
    assert found and "Prometheus &lt;1&gt;" in page.text
    program = {"Authorization": f"Bearer {found[0]}"}
    client = app.test_client()
    assert client.get("/metrics", headers=program).status_code == 200
    shown = browser.get("/account").text
    assert "Prometheus &lt;1&gt;" in shown and found[0] not in shown
    question = browser.get(f"/account/tokens/{found[1]}/revoke")
    assert "Prometheus <1>" in unescape(question.text) and 'href="/account"' in question.text
    done = browser.post(f"/account/tokens/{found[1]}/revoke", {"token": token_in(question)})
    assert "is revoked" in browser.get(done.location).text
    assert client.get("/metrics", headers=program).status_code == 401


@pytest.mark.parametrize(
    "more", [{"scope": "admin"}, {"scope": "x"}, {"expires": "1"}, {"expires": "-1"}, {"label": " \0"}]
)
def test_tokens_that_are_not_made(browser: Browser, database: Database, more: dict[str, str]) -> None:
    form = {"label": "x", "scope": "operate", "expires": ""} | more
    assert browser.send("/account/tokens", form).status_code == 422
    with database.read() as session:
        assert tokens.listing(session) == []


def test_nobody_revokes_the_token_of_somebody_else(browser: Browser, database: Database) -> None:
    with database.write() as session:
        token, key = tokens.make(session, "bob", Scope.READ, 1.0)
    assert browser.get(f"/account/tokens/{token.id}/revoke").status_code == 404
    browser.send(f"/account/tokens/{token.id}/revoke")
    with database.read() as session:
        assert tokens.find(session, key, 2.0)


def test_a_token_makes_itself_no_further_ways_in(
    app: Flask, browser: Browser, database: Database, clock: FakeClock
) -> None:
    with database.write() as session:
        _, key = tokens.make(session, "ada", Scope.OPERATE, clock.now(), expires=clock.now() + 60)
    program, client = {"Authorization": f"Bearer {key}"}, app.test_client()
    for path, form in (
        ("/account/tokens", {"label": "x", "scope": "read", "expires": ""}),
        ("/account/password", {"old": OWN, "new": NEW, "again": NEW}),
        ("/account/logins/end-others", {}),
    ):
        assert client.post(path, data=form, headers=program).status_code == 403
    page = client.get("/account", headers=program)
    assert page.status_code == 200 and "Make a token" not in page.text
    assert browser.get("/").status_code == 200


def test_where_nobody_is_known_the_login_page_says_what_helps(
    settings: Settings, database: Database, clock: FakeClock
) -> None:
    bare = replace(settings, ui=replace(settings.ui, password=""))
    client = create_app(bare, database, clock).test_client()
    assert "pyca user add" in client.get("/login").text
    assert client.get("/", auth=(settings.ui.username, "")).status_code == 401
    add_account(database)
    assert "pyca user add" not in client.get("/login").text


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (FIREFOX, "Firefox on Linux"),
        (CHROME, "Chrome on Windows"),
        (CHROME + " Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU) Version/18 Mobile Safari/604.1", "Safari on iPhone"),
        ("curl/8.0", "curl"),
        ("", "unknown browser"),
        ("x" * 200, "x" * 60),
    ],
)
def test_browsers_in_words(program: str, words: str) -> None:
    assert browser_words(program) == words
