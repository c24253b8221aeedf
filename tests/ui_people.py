"""People with accounts, who come in by password, by token and by the login page."""

import re
from dataclasses import dataclass

from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash
from werkzeug.test import TestResponse

from pyca.core.access import Scope
from pyca.store import accounts
from pyca.store.database import Database

OWN = "ada's own ä:1"
CHEAP = "scrypt:256:8:1"
"""scrypt as it is stored, but so weak that a test takes no time."""
BROWSER = {
    "Accept": "text/html,application/xhtml+xml",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Site": "same-origin",
}


def add_account(database: Database, name: str = "ada", scope: Scope = Scope.ADMIN) -> None:
    """Store an account with the password OWN."""
    with database.write() as session:
        accounts.add(session, name, generate_password_hash(OWN, method=CHEAP), scope, 1.0)


def token_in(page: TestResponse) -> str:
    """Return the token of the first form on a page."""
    found = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert found, page.text
    return found[1]


@dataclass(frozen=True)
class Browser:
    """A browser with its cookies; each has a client of its own."""

    client: FlaskClient

    def get(self, path: str, **headers: str) -> TestResponse:
        return self.client.get(path, headers=BROWSER | _named(headers))

    def post(self, path: str, data: dict[str, str], **headers: str) -> TestResponse:
        return self.client.post(path, data=data, headers=BROWSER | _named(headers))

    def log_in(self, name: str, password: str = OWN, next_: str = "/account", **headers: str) -> TestResponse:
        """Open the login page, and send its form."""
        form = {"token": token_in(self.client.get("/login")), "name": name, "password": password}
        return self.post("/login", form | {"next": next_}, **headers)

    def send(self, path: str, data: dict[str, str] | None = None) -> TestResponse:
        """Send a form as it stands on the account's page."""
        return self.post(path, {"token": token_in(self.get("/account"))} | (data or {}))

    @property
    def secret(self) -> str:
        """What the cookie of the login holds, empty where there is none."""
        cookie = self.client.get_cookie("pyca")
        return cookie.value if cookie else ""


def _named(given: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in given.items()}
