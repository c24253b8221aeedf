"""Who is asking: Basic, Digest with real nonces, and Opencast's redirect to the login page."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.request import parse_http_list, parse_keqv_list

from fake_opencast.web import Answer, Environ

REALM = "Opencast"


@dataclass
class Auth:
    """Checks credentials; ``nonce_lifetime`` is in seconds."""

    users: dict[str, str] = field(default_factory=lambda: {"admin": "opencast"})
    nonce_lifetime: float = 300.0
    clock: Callable[[], float] = time.time
    key: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    def check(self, environ: Environ) -> tuple[str, str] | Answer:
        """Return user and scheme, or the refusal."""
        scheme, _, rest = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() == "basic":
            user, _, password = base64.b64decode(rest).decode("utf-8").partition(":")
            if user in self.users and self.users[user] == password:
                return user, "basic"
            return self._challenge_basic()
        if scheme.lower() == "digest":
            return self._check_digest(environ, parse_keqv_list(parse_http_list(rest)))
        return self._refuse(environ)

    def _refuse(self, environ: Environ) -> Answer:
        if environ.get("HTTP_X_REQUESTED_WITH") == "XMLHttpRequest":
            return Answer(419, "")
        match environ.get("HTTP_X_REQUESTED_AUTH", ""):
            case "Digest":
                return self._challenge_digest()
            case "Basic":
                return self._challenge_basic()
        return Answer(302, "", {"Location": "/login.html"})

    def _challenge_basic(self) -> Answer:
        return Answer(401, "unauthorized", {"WWW-Authenticate": f'Basic realm="{REALM}"'})

    def _challenge_digest(self, stale: bool = False) -> Answer:
        expires = f"{(self.clock() + self.nonce_lifetime) * 1000:.0f}"
        nonce = base64.b64encode(f"{expires}:{self._sign(expires)}".encode()).decode()
        challenge = f'Digest realm="{REALM}", qop="auth", nonce="{nonce}"' + (
            ', stale="true"' if stale else ""
        )
        return Answer(401, "unauthorized", {"WWW-Authenticate": challenge})

    def _sign(self, expires: str) -> str:
        return hmac.new(self.key, expires.encode(), "sha256").hexdigest()

    def _check_digest(self, environ: Environ, given: dict[str, str]) -> tuple[str, str] | Answer:
        expires, _, signature = base64.b64decode(given.get("nonce", "")).decode().partition(":")
        if not hmac.compare_digest(signature, self._sign(expires)):
            return self._challenge_digest()
        password = self.users.get(given.get("username", ""))
        if password is None or given.get("uri") != environ["RAW_URI"]:
            return self._challenge_digest()
        if given.get("response") != _response(environ["REQUEST_METHOD"], given, password):
            return self._challenge_digest()
        if float(expires) / 1000 < self.clock():
            return self._challenge_digest(stale=True)
        return given["username"], "digest"


def _response(method: str, given: dict[str, str], password: str) -> str:
    """RFC 2617, section 3.2.2.1, with qop=auth."""
    secret = _md5(f"{given['username']}:{REALM}:{password}")
    request = _md5(f"{method}:{given['uri']}")
    middle = ":".join(given.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
    return _md5(f"{secret}:{middle}:{request}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
