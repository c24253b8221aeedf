"""What the views work with. It hangs on the application, so that two applications never share anything."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo

from flask import Flask, Response, current_app

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui.outage import Outage
from pyca.ui.view.live_figures import LongFigures
from pyca.ui.view.logcommand import LogCommand
from pyca.ui.view.previews import Previews
from pyca.ui.view.processors import Processors
from pyca.ui.view.sharing import Shared
from pyca.ui.view.versions import Versions

_KEY = "pyca"


@dataclass(frozen=True)
class Context:
    """Everything a view needs."""

    settings: Settings
    database: Database
    clock: Clock
    zone: tzinfo | None
    """the agent's time zone, None for that of the machine"""
    previews: Previews
    outage: Outage
    log_command: LogCommand = field(default_factory=LogCommand)
    processors: Processors = field(default_factory=Processors)
    versions: Versions = field(default_factory=Versions)
    long_figures: LongFigures = field(default_factory=LongFigures)
    shared: Shared = field(default_factory=Shared)
    service: str = "ui"
    """whose log tells of a mistake of ours"""
    refuse: Callable[[int, str, str], Response] | None = None
    """how programs are told of an error: by its status, text and remedy; None for the form of the API"""


def attach(app: Flask, context: Context) -> None:
    """Give an application its context."""
    app.extensions[_KEY] = context


def of_app(app: Flask) -> Context:
    """Return the context of an application."""
    found: Context = app.extensions[_KEY]
    return found


def context() -> Context:
    """Return the context of the application that answers the present request."""
    return of_app(current_app)
