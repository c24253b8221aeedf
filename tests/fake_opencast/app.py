"""The WSGI program: faults, credentials, routes, log."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fake_opencast import capture_admin, ingest, multipart, reading, scheduling
from fake_opencast.web import Answer, Environ, status_line
from fake_opencast.world import Call, World

ALLOWED = {"ROLE_CAPTURE_AGENT", "ROLE_ADMIN"}


class App:
    """A WSGI program around one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.base = ""
        """address that the service registry names, set once the port is known"""

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        call = _call(environ)
        with self.world.lock:
            self.world.calls.append(call)
        action = self.world.faults.take(call.method, call.path)

        def handler(environ: Environ) -> Answer:
            return self._serve(call, environ)

        answer = action(environ, handler) if action else handler(environ)
        call.status = answer.status
        headers = {"Content-Type": "text/plain", "Content-Length": str(len(answer.data)), **answer.headers}
        if answer.status == 304:
            headers.pop("Content-Length")
            headers.pop("Content-Type")
        start_response(status_line(answer.status), list(headers.items()))
        return answer.chunks()

    def _serve(self, call: Call, environ: Environ) -> Answer:
        if call.path == "/login.html":
            return Answer(200, "<html>Please log in</html>", {"Content-Type": "text/html"})
        anonymous = "HTTP_AUTHORIZATION" not in environ
        if not (anonymous and call.path.startswith("/info/")):
            checked = self.world.auth.check(environ)
            if isinstance(checked, Answer):
                return checked
            call.user, call.scheme = checked
            if self._is_forbidden(call):
                return Answer(403, "<html>Access denied</html>", {"Content-Type": "text/html;charset=utf-8"})
        return self._route(call, environ)

    def _is_forbidden(self, call: Call) -> bool:
        roles = self.world.user_roles.get(call.user)
        return roles is not None and not call.path.startswith("/info/") and not ALLOWED.intersection(roles)

    def _route(self, call: Call, environ: Environ) -> Answer:
        if call.path.startswith("/ingest/"):
            return ingest.handle(self.world, call, environ)
        if call.method == "POST":
            call.fields = multipart.form(environ)
        if call.path.startswith("/capture-admin/"):
            return capture_admin.handle(self.world, call)
        if call.path == "/services/available.json":
            return reading.available(self.world, call, self.base)
        if call.path == "/recordings/calendars":
            return reading.calendars(self.world, call)
        if call.path.startswith("/recordings/"):
            return scheduling.handle(self.world, call)
        if call.path.startswith("/info/"):
            return reading.info(self.world, call, call.user)
        return Answer(404, "The resource you requested does not exist.")


def _call(environ: Environ) -> Call:
    headers = {
        key[5:].replace("_", "-").title(): value for key, value in environ.items() if key.startswith("HTTP_")
    }
    query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
    return Call(environ["REQUEST_METHOD"], urlsplit(environ["RAW_URI"]).path, query, headers=headers)
