"""The login page, its cookie, and what ends a login."""

import re

import pytest
from flask import Flask

from pyca.core.access import Scope
from pyca.core.states import EventState
from pyca.store import accounts, logins
from pyca.store.database import Database
from tests.tools import FakeClock
from tests.ui_people import BROWSER, OWN, Browser, add_account, token_in
from tests.ui_tools import PASSWORD, USER, put


@pytest.fixture
def browser(app: Flask, database: Database) -> Browser:
    """A browser in which nobody is logged in yet; “ada” could."""
    add_account(database, "ada", Scope.OPERATE)
    return Browser(app.test_client())


def test_a_person_is_led_to_the_login_and_back(browser: Browser) -> None:
    sent = browser.get("/record?minutes=5")
    assert (sent.status_code, sent.location) == (303, "/login?next=/record?minutes%3D5")
    page = browser.get(sent.location)
    assert page.status_code == 200 and "WWW-Authenticate" not in page.headers
    form = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page.text))
    done = browser.post("/login", form | {"name": "ada", "password": OWN})
    assert (done.status_code, done.location) == (303, "/record?minutes=5")
    assert browser.get("/record?minutes=5").status_code == 200
    assert browser.get("/login?next=/record").location == "/record", "there is nothing to do for it"


@pytest.mark.parametrize(("name", "password"), [("ada", OWN), (USER, PASSWORD)])
def test_accounts_and_the_configured_user_log_in(browser: Browser, name: str, password: str) -> None:
    assert browser.log_in(name, password).status_code == 303
    assert name in browser.get("/account").text


def test_the_login_page_says_what_is_wrong_and_keeps_the_name(browser: Browser) -> None:
    answer = browser.log_in('ada"><b>', "wrong")
    assert answer.status_code == 401 and "is wrong" in answer.text and browser.secret == ""
    assert "ada&#34;&gt;&lt;b&gt;" in answer.text and "wrong" not in answer.text.replace("is wrong", "")
    assert "WWW-Authenticate" not in answer.headers


def test_the_form_lets_password_managers_help(browser: Browser) -> None:
    text = browser.get("/login").text
    assert 'autocomplete="username"' in text and 'autocomplete="current-password"' in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "\\/evil", "https://evil.example", "evil", "", "/a\nb", "/a\tb",
        "/\t/evil.example", "javascript:alert(1)", " /x", "/ü", "/login", "/logout", "/" + "a" * 3000,
    ],
)  # fmt: skip
def test_nobody_is_sent_to_another_site(browser: Browser, target: str) -> None:
    done = browser.log_in("ada", next_=target)
    assert (done.status_code, done.location) == (303, "/")


def test_an_odd_address_is_no_way_to_another_site(browser: Browser) -> None:
    sent = browser.client.get("/", headers=BROWSER, environ_overrides={"PATH_INFO": "//evil.example/x"})
    assert sent.location == "/login?next=/evil.example/x"


def test_below_another_address_people_are_led_back_too(browser: Browser) -> None:
    sent = browser.client.get("/record", headers=BROWSER, base_url="http://localhost/hall-1/")
    assert sent.location == "/hall-1/login?next=/hall-1/record"


def test_the_cookie_of_a_plain_connection(browser: Browser) -> None:
    done = browser.log_in("ada")
    cookie = next(line for line in done.headers.getlist("Set-Cookie") if line.startswith("pyca="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie
    assert re.match(r"pyca=[0-9a-f]{64};", cookie)


def test_the_cookie_of_an_encrypted_connection(app: Flask, browser: Browser, clock: FakeClock) -> None:
    client = app.test_client()
    https = {"base_url": "https://localhost"}
    form = {"token": token_in(client.get("/login", **https)), "name": "ada", "password": OWN}
    done = client.post("/login", data=form, **https)
    cookie = next(line for line in done.headers.getlist("Set-Cookie") if "pyca=" in line)
    assert cookie.startswith("__Host-pyca=") and "; Secure" in cookie and "HttpOnly" in cookie
    assert client.get("/", **https).status_code == 200
    secret = cookie.partition("=")[2].partition(";")[0]
    # A cookie that a plain page could have planted is not taken for it.
    assert app.test_client().get("/", headers={"Cookie": f"pyca={secret}"}, **https).status_code == 401


def test_a_proxy_of_this_machine_tells_of_tls(app: Flask, browser: Browser) -> None:
    for peer, secure in (("127.0.0.1", True), ("", True), ("192.0.2.1", False)):
        answer = app.test_client().get(
            "/login", headers={"X-Forwarded-Proto": "https"}, environ_base={"REMOTE_ADDR": peer}
        )
        assert ("; Secure" in answer.headers["Set-Cookie"]) is secure, peer


def test_a_login_gets_a_secret_of_its_own(browser: Browser, database: Database, clock: FakeClock) -> None:
    planted = "a" * 64
    browser.client.set_cookie("pyca", planted)
    browser.log_in("ada")
    first = browser.secret
    assert first not in ("", planted)
    browser.log_in("ada") if browser.get("/login").status_code == 200 else None
    with database.read() as session:
        stored = logins.listing(session, "ada", clock.now())
    assert len(stored) == 1 and stored[0].id != first


def test_a_second_login_ends_the_first(browser: Browser, database: Database, clock: FakeClock) -> None:
    form = {"token": token_in(browser.client.get("/login")), "name": "ada", "password": OWN}
    browser.post("/login", form)
    first = browser.secret
    browser.post("/login", form)
    assert browser.secret != first
    with database.read() as session:
        assert logins.find(session, first, clock.now()) is None


def test_to_log_out_ends_the_login_for_good(browser: Browser) -> None:
    browser.log_in("ada")
    secret = browser.secret
    done = browser.send("/logout")
    assert done.status_code == 303 and browser.secret == ""
    assert "logged out" in browser.get(done.location).text
    browser.client.set_cookie("pyca", secret)
    assert browser.get("/").status_code == 303


def test_nobody_is_logged_in_or_out_by_another_site(app: Flask, browser: Browser) -> None:
    form = {"token": token_in(browser.client.get("/login")), "name": "ada", "password": OWN}
    assert browser.post("/login", form, Sec_Fetch_Site="cross-site").status_code == 403
    assert browser.post("/login", form, Origin="https://evil.example").status_code == 403
    other = Browser(app.test_client())  # has the attacker's token, but not the cookie that goes with it
    answer = other.post("/login", form)
    assert answer.status_code == 403 and "try again" in answer.text and other.secret == ""
    assert browser.post("/login", form | {"token": ""}).status_code == 403
    browser.log_in("ada")
    assert browser.post("/logout", {}).status_code == 403
    assert browser.get("/").status_code == 200


def test_a_login_ends_with_another_password_and_with_the_account(
    app: Flask, browser: Browser, database: Database
) -> None:
    browser.log_in("ada")
    with database.write() as session:
        accounts.set_password(session, "ada", "scrypt:256:8:1$x$00", 2.0)
    assert browser.get("/").status_code == 303
    # The same with a row that nobody has dropped: it is bound to the old password.
    with database.write() as session:
        _, secret = logins.start(session, "ada", "an older hash", 1_774_600_000.0)
        _, good = logins.start(session, "ada", "scrypt:256:8:1$x$00", 1_774_600_000.0)
    browser.client.set_cookie("pyca", secret)
    assert browser.get("/").status_code == 303
    browser.client.set_cookie("pyca", good)
    assert browser.get("/").status_code == 200
    with database.write() as session:
        accounts.delete(session, "ada")
    assert browser.get("/").status_code == 303


def test_a_login_ends_by_time(browser: Browser, clock: FakeClock) -> None:
    browser.log_in("ada")
    clock.move(logins.IDLE_SECONDS - 60)
    assert browser.get("/").status_code == 200
    browser.client.application.extensions["pyca-door"].traces.settle()
    clock.move(logins.IDLE_SECONDS - 60)
    assert browser.get("/").status_code == 200, "it was used in between"
    browser.client.application.extensions["pyca-door"].traces.settle()
    clock.move(logins.IDLE_SECONDS)
    assert browser.get("/").status_code == 303


def test_scripts_are_told_without_a_window_of_the_browser(browser: Browser) -> None:
    for headers in ({"Sec_Fetch_Mode": "cors"}, {"Sec_Fetch_Mode": "no-cors", "Accept": "*/*"}):
        answer = browser.get("/status.html", **headers)
        assert answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
    api = browser.get("/api/name")
    assert api.status_code == 401 and api.json["errors"][0]["status"] == "401"
    program = browser.client.get("/status.html")
    assert program.headers["WWW-Authenticate"] == 'Basic realm="pyCA", charset="UTF-8"'


def test_a_form_of_somebody_who_is_logged_out_changes_nothing(browser: Browser) -> None:
    answer = browser.post("/stop", {"uid": "x", "token": "0" * 64})
    assert answer.status_code == 401 and "WWW-Authenticate" not in answer.headers
    assert "Your login has ended. Log in again." in answer.text and 'href="/login"' in answer.text
    assert "with a token" not in answer.text
    assert "with a token" in browser.client.get("/status.html").text, "programs are told what there is"


def test_a_new_login_renews_the_forms_of_a_page_that_stays_open(
    browser: Browser, database: Database, clock: FakeClock
) -> None:
    put(database, "p", EventState.PAUSED_AFTER_RECORDING, clock.now())
    tags = []
    for _ in range(2):
        browser.log_in("ada")
        shown = browser.get("/fragments/recordings/p")
        tags.append(shown.headers["ETag"])
        assert browser.get("/fragments/recordings/p", If_None_Match=tags[-1]).status_code == 304
        assert token_in(shown) == token_in(browser.get("/account"))
        browser.send("/logout")
    browser.log_in("ada")
    again = browser.get("/fragments/recordings/p", If_None_Match=", ".join(tags))
    assert again.status_code == 200 and token_in(again) == token_in(browser.get("/account"))


def test_a_form_of_an_older_login_changes_nothing(browser: Browser) -> None:
    browser.log_in("ada")
    old = token_in(browser.get("/account"))
    browser.send("/logout")
    browser.log_in("ada")
    answer = browser.post("/account/tokens", {"token": old, "label": "x", "scope": "read", "expires": ""})
    assert answer.status_code == 403 and "open the page again" in answer.text
    assert "Revoke" not in browser.get("/account").text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"X-CSRF-Token": "0" * 64}, 403),
        ({"X-CSRF-Token": "own"}, 200),
        ({"X-CSRF-Token": "own", "Origin": "http://evil.example"}, 403),
    ],
)
def test_the_api_takes_changes_from_our_own_page(
    app: Flask, browser: Browser, headers: dict[str, str], status: int
) -> None:
    app.add_url_rule("/api/for-tests", "for_tests", lambda: "done", methods=["POST"])
    browser.log_in("ada")
    own = token_in(browser.get("/account"))
    named = {name: own if value == "own" else value for name, value in headers.items()}
    answer = browser.client.post("/api/for-tests", json={}, headers=named)
    assert answer.status_code == status
