"""What the views of the camera and pipeline servers work with, beside what all our views have."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from threading import BoundedSemaphore, Event
from typing import Any, Protocol, TypeVar

from flask import Flask, current_app, request
from werkzeug.exceptions import ServiceUnavailable

from pyca.ui.imaging.relay import Relays

View = TypeVar("View", bound=Callable[..., Any])

VIEWERS = 40
"""Most that watch by HTTP at a time; each takes a thread."""
SLOW = 40
"""Most that wait for an instance at a time; each takes a thread."""
_KEY = "pyca-imaging"


class Section(Protocol):
    """What is read of ``[camera]`` or ``[pipeline]``."""

    @property
    def bind(self) -> str:
        """Return where it listens."""

    @property
    def port(self) -> int:
        """Return its port."""

    @property
    def authentication(self) -> str:
        """Return auto, on or off."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Return the web sites whose pages may ask while everybody may; ``*`` for all."""

    @property
    def scripts(self) -> Path | None:
        """Return the folder of scripts, None where none are taken."""


class Places:
    """A number of places, which one takes or is turned away.

    :param refused: what is said to whoever finds none
    """

    def __init__(self, number: int, refused: str) -> None:
        self._left = BoundedSemaphore(number)
        self._refused = refused

    def take(self) -> None:
        """Take a place.

        :raises ServiceUnavailable: where none is left
        """
        if not self._left.acquire(blocking=False):
            raise ServiceUnavailable(self._refused, retry_after=2)

    def leave(self) -> None:
        """Give a place back."""
        self._left.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Have a place for a while.

        :raises ServiceUnavailable: where none is left
        """
        self.take()
        try:
            yield
        finally:
            self.leave()


@dataclass(frozen=True)
class Room:
    """Who does the work, and how many may want what of it at a time."""

    servant: Any
    """the cameras, or the pipelines"""
    noun: str
    """camera or pipeline, which is also the name of its section"""
    section: Section
    description: Callable[[], bytes]
    """of the interface, OpenAPI 3.1"""
    relays: Relays
    viewers: Places
    slow: Places
    runs_scripts: bool = False
    """whether scripts that are sent may be run"""
    closing: Event = field(default_factory=Event)

    @property
    def is_closing(self) -> bool:
        """True where nobody may watch any longer."""
        return self.closing.is_set()

    def close(self) -> None:
        """End what people watch."""
        self.closing.set()
        self.relays.close()


def make_room(
    servant: Any,
    noun: str,
    section: Section,
    description: Callable[[], bytes],
    *,
    runs_scripts: bool = False,
) -> Room:
    """Return the room of cameras or pipelines.

    :param servant: the cameras, or the pipelines
    :param noun: camera or pipeline
    :param section: of the settings, of the same name
    :param description: returns that of the interface
    :param runs_scripts: whether scripts that are sent may be run, now or once that is switched on
    """
    return Room(
        servant,
        noun,
        section,
        description,
        Relays(),
        Places(VIEWERS, f"Too many viewers: {VIEWERS} watch at the same time. Try again later."),
        Places(SLOW, f"Too many at once: {SLOW} requests wait. Try again later."),
        runs_scripts,
    )


def attach(app: Flask, room: Room) -> None:
    """Give an application its room."""
    app.extensions[_KEY] = room


def of_app(app: Flask) -> Room:
    """Return the room of an application."""
    found: Room = app.extensions[_KEY]
    return found


def room() -> Room:
    """Return the room of the application that answers the present request."""
    return of_app(current_app)


def slow(view: View) -> View:
    """Mark a view as one that may wait for an instance, so that others always find a thread."""

    @wraps(view)
    def limited(*args: Any, **kwargs: Any) -> Any:
        with room().slow.one():
            return view(*args, **kwargs)

    return limited  # type: ignore[return-value]


def has_gone() -> Callable[[], bool]:
    """Return a function that tells whether whoever asked has hung up."""
    told: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    return told
