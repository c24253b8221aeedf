"""Every address of the application: who is let in, who is not, and that nothing was forgotten."""

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from pyca.core.access import Scope
from pyca.store import accounts
from pyca.store.database import Database
from pyca.ui.access.forms import token_of
from tests.ui_people import OWN, add_account

PUBLIC = {
    "static", "health.live", "health.ready", "login.show", "login.login",
    "live_watch.shared", "live_watch.shared_file",
}  # fmt: skip
"""What strangers may use. Think twice before you add something."""
OF_EVERYBODY = ("login.logout", "account.")
"""What whoever is logged in may change: what is their own."""
ADMIN = ("log.show", "system.", "api_system.", "api_logs.", "api_log.", "api_configuration.")
"""Beginnings of the names of endpoints that may ask for the right “admin”; those of others may not."""


def address(rule: Rule) -> str:
    """Return an address that the rule covers; nothing is there."""
    values = {name: 7 if kind.__class__.__name__ == "IntegerConverter" else "x" for name, kind in
              rule._converters.items()}  # fmt: skip
    built = rule.build(values)
    assert built is not None
    return built[1]


def requests(app: Flask) -> Iterator[tuple[str, str, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule.endpoint, method, address(rule)


def is_changing(method: str) -> bool:
    return method not in ("GET", "HEAD", "OPTIONS")


@pytest.fixture
def status(app: Flask, client: FlaskClient, database: Database):  # type: ignore[no-untyped-def]
    """Send a request as somebody with a right, with all that a form needs; return the status."""
    for scope in Scope:
        add_account(database, f"somebody-{scope}", scope)
    with database.read() as session:
        hashes = {one.name: one.hash for one in accounts.listing(session)}

    def send(method: str, path: str, scope: Scope) -> int:
        name = f"somebody-{scope}"
        form = {"token": token_of(hashes[name], name)}
        body = {"data": form} if not path.startswith("/api/") else {"json": {}}
        sent = body if is_changing(method) else {}
        with client.open(path, method=method, auth=(name, OWN), **sent) as answer:
            return int(answer.status_code)

    return send


def test_strangers_open_nothing_but_what_is_public(app: Flask, client: FlaskClient) -> None:
    open_to_all = set()
    for endpoint, method, path in requests(app):
        with client.open(path, method=method) as answer:
            if answer.status_code != 401:
                open_to_all.add(endpoint)
    assert open_to_all <= PUBLIC, "these views let strangers in"


def test_who_may_read_changes_nothing_but_their_own(app: Flask, status) -> None:  # type: ignore[no-untyped-def]
    wrong = []
    for endpoint, method, path in requests(app):
        if endpoint in PUBLIC or not is_changing(method):
            continue
        own = endpoint.startswith(OF_EVERYBODY)
        if (status(method, path, Scope.READ) == 403) is own:
            wrong.append((endpoint, method))
    assert not wrong, "these views change something without the right “operate”, or refuse what is one's own"


def test_admin_alone_is_asked_for_where_it_is_meant(app: Flask, status) -> None:  # type: ignore[no-untyped-def]
    refused = {
        (endpoint, method)
        for endpoint, method, path in requests(app)
        if endpoint not in PUBLIC and status(method, path, Scope.OPERATE) == 403
    }
    assert any(endpoint.startswith(ADMIN) for endpoint, _ in refused)
    unexpected = {
        (endpoint, method)
        for endpoint, method in refused
        # To delete is up to the admin everywhere.
        if not endpoint.startswith(ADMIN) and "delete" not in endpoint and method != "DELETE"
    }
    assert not unexpected, "these views need “admin”; say so in ADMIN, or lower what they need"


def test_an_admin_is_refused_nothing(app: Flask, status) -> None:  # type: ignore[no-untyped-def]
    for endpoint, method, path in requests(app):
        if endpoint not in PUBLIC:
            assert status(method, path, Scope.ADMIN) not in (401, 403, 500), (endpoint, method)


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api", "//evil.example/", "/account/"])
def test_strangers_do_not_learn_what_there_is(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 401
    assert client.post(path).status_code == 401
