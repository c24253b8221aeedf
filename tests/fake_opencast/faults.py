"""Awkward answers on demand: each action either answers in place of the server or spoils its answer."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import Event as Flag
from threading import Lock
from typing import Any, BinaryIO

from fake_opencast.web import Answer, DroppedError, Environ

Handler = Callable[[Environ], Answer]
Action = Callable[[Environ, Handler], Answer]


def status(code: int, text: str = "", mimetype: str = "text/plain") -> Action:
    """Answer with a status instead of doing anything."""
    return lambda environ, handler: Answer(code, text, {"Content-Type": mimetype})


def html(code: int = 200) -> Action:
    """Answer with a page, as login screens and failing proxies do."""
    return status(
        code, "<!DOCTYPE html><html><body>Welcome, please log in</body></html>", "text/html;charset=utf-8"
    )


def redirect(location: str = "/login.html") -> Action:
    """Send the client elsewhere."""
    return lambda environ, handler: Answer(302, "", {"Location": location})


def body(data: bytes | str, mimetype: str = "text/calendar; charset=UTF-8") -> Action:
    """Answer 200 with this body instead of the true one."""
    return lambda environ, handler: Answer(200, data, {"Content-Type": mimetype})


def hang(seconds: float = 3600) -> Action:
    """Say nothing for a while (or until the server stops), then go on as usual."""

    def action(environ: Environ, handler: Handler) -> Answer:
        stopping: Flag = environ["fake.stopping"]
        if stopping.wait(seconds):
            raise DroppedError
        return handler(environ)

    return action


def no_reply() -> Action:
    """Process the request and drop the connection instead of answering."""

    def action(environ: Environ, handler: Handler) -> Answer:
        handler(environ)
        raise DroppedError

    return action


def drop(after: int = 0) -> Action:
    """Reset the connection when this many bytes of the request's body have been read."""

    def action(environ: Environ, handler: Handler) -> Answer:
        environ["wsgi.input"] = _Meter(environ["wsgi.input"], after)
        if after == 0:
            raise DroppedError
        return handler(environ)

    return action


def truncate(keep: int) -> Action:
    """Announce the whole answer, send only its first bytes and close the connection."""

    def action(environ: Environ, handler: Handler) -> Answer:
        answer = handler(environ)
        answer.headers["Content-Length"] = str(len(answer.data))
        return Answer(answer.status, answer.data[:keep], answer.headers)

    return action


def slow(seconds: float, pieces: int = 10) -> Action:
    """Stretch the answer's body over some seconds."""

    def action(environ: Environ, handler: Handler) -> Answer:
        answer = handler(environ)
        answer.pause = (environ["fake.stopping"], seconds / pieces, pieces)
        return answer

    return action


class _Meter:
    """A request body that breaks after some bytes."""

    def __init__(self, stream: BinaryIO, left: int) -> None:
        self.stream, self.left = stream, left

    def read(self, size: int = -1) -> bytes:
        if self.left <= 0:
            raise DroppedError
        data = self.stream.read(min(size, self.left) if size >= 0 else self.left)
        self.left -= len(data)
        return data


@dataclass
class Fault:
    """One planned mishap; ``times`` None means for ever."""

    match: str
    action: Action
    times: int | None = 1
    skip: int = 0
    method: str = ""


@dataclass
class Faults:
    """The mishaps to come, taken in the order in which they were added."""

    planned: list[Fault] = field(default_factory=list)
    lock: Any = field(default_factory=Lock)

    def add(
        self, match: str, action: Action, times: int | None = 1, skip: int = 0, method: str = ""
    ) -> Fault:
        """Plan ``action`` for the next ``times`` requests whose path matches, after ``skip`` good ones."""
        fault = Fault(match, action, times, skip, method)
        self.planned.append(fault)
        return fault

    def clear(self) -> None:
        """Be a good server again."""
        self.planned.clear()

    def take(self, method: str, path: str) -> Action | None:
        """Return the action for this request, if one is planned."""
        with self.lock:
            for fault in self._candidates(method, path):
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.times is not None:
                    fault.times -= 1
                return fault.action
        return None

    def _candidates(self, method: str, path: str) -> Iterator[Fault]:
        for fault in list(self.planned):
            wanted = fault.method in ("", method) and re.search(fault.match, path)
            if wanted and (fault.times is None or fault.times > 0):
                yield fault
