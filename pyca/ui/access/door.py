"""Finds out who sends a request: by name and password, by a token, or by the cookie of a login."""

import hmac

from flask import Flask, Request, current_app
from werkzeug.exceptions import Unauthorized

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store import logins, tokens
from pyca.store.database import Database
from pyca.ui.access import cookies
from pyca.ui.access.forms import token_of
from pyca.ui.access.passwords import Passwords
from pyca.ui.access.peer import address
from pyca.ui.access.people import known_to
from pyca.ui.access.rights import Means, Visitor
from pyca.ui.access.traces import Traces

_KEY = "pyca-door"


class Door:
    """The one place that knows how somebody comes in."""

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._ui = settings.ui
        self._database = database
        self._clock = clock
        self.passwords = Passwords(settings.ui, database, clock)
        self.traces = Traces(database)

    def recognise(self, asked: Request) -> Visitor | None:
        """Return who sends a request, None for a stranger.

        Credentials that were sent on purpose count before the cookie, which browsers send by themselves.

        :raises Unauthorized: where such credentials are wrong
        :raises TooManyRequests: where wrong ones came too often
        """
        if "Authorization" not in asked.headers:
            return self.of_cookie(asked)
        given = asked.authorization
        found = None
        if given is not None and given.type == "basic":
            found = self._of_password(asked, given.username or "", given.password or "")
        elif given is not None and given.type == "bearer":
            found = self._of_token((given.token or "").strip())
        if found is None:
            raise Unauthorized("User and password, or the token, are wrong.")
        return found

    def of_cookie(self, asked: Request) -> Visitor | None:
        """Return who has logged in with the browser that sends a request."""
        secret, now = cookies.given(asked), self._clock.now()
        if not secret:
            return None
        with self._database.read() as session:
            login = logins.find(session, secret, now)
            who = known_to(session, self._ui, login.owner) if login else None
        if login is None or who is None:
            return None
        if not hmac.compare_digest(login.stamp, logins.stamp(secret, who.proof)):
            return None  # The password is another one by now.
        self.traces.note(login.id, login.seen, now, logins.note_use)
        return Visitor(who.name, who.scope, Means.LOGIN, token_of(secret, who.name), login.id)

    def _of_password(self, asked: Request, name: str, password: str) -> Visitor | None:
        who = self.passwords.check(name, password, address(asked))
        return Visitor(who.name, who.scope, Means.BASIC, token_of(who.proof, who.name)) if who else None

    def _of_token(self, text: str) -> Visitor | None:
        now = self._clock.now()
        with self._database.read() as session:
            token = tokens.find(session, text, now)
            owner = known_to(session, self._ui, token.owner) if token else None
        if token is None or owner is None:
            return None
        self.traces.note(token.id, token.used, now, tokens.note_use)
        return Visitor(owner.name, token.scope.at_most(owner.scope), Means.TOKEN)


def attach(app: Flask, made: Door) -> None:
    """Give an application its door."""
    app.extensions[_KEY] = made


def door() -> Door:
    """Return the door of the application that answers the present request."""
    found: Door = current_app.extensions[_KEY]
    return found
