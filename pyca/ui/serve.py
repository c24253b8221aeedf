"""The built-in server for ``pyca ui``: enough for the box itself. On a network, use gunicorn behind nginx."""

import logging
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from flask import Flask
from waitress import create_server

from pyca.config.addresses import is_loopback
from pyca.config.settings import PUBLISHED_PASSWORD, Settings, Ui
from pyca.core.clock import Clock
from pyca.core.errors import ConfigError
from pyca.runtime.signals import signals_handled
from pyca.store.database import Database
from pyca.ui.access.first import ensure_somebody
from pyca.ui.api.stream import feed_of
from pyca.ui.application import create_app
from pyca.ui.heartbeat import Heartbeat
from pyca.ui.listening import open_port, shown
from pyca.ui.threads import THREADS

logger = logging.getLogger(__name__)

CONNECTIONS = 300
"""Most that are open at a time; further ones wait."""
LOOP_SECONDS = 20.0
"""Longest sleep of the server's loop; requests and signals wake it at once."""


def serve(
    settings: Settings,
    database: Database,
    clock: Clock,
    listening: Callable[[str], None] = lambda address: None,
) -> bool:
    """Serve the page until SIGTERM or SIGINT. Only in the main thread.

    :param listening: called with the page's address once it can be opened
    :return: True where SIGHUP ended it: read the configuration again and serve anew
    :raises ConfigError: where the page would be open to the network with a password that everybody knows
    :raises UsageError: where the port is taken or the address not of this machine
    """
    check_exposure(settings.ui)
    app = create_app(settings, database, clock)
    server = _serving(app, open_port(settings.ui.bind, settings.ui.port, "[ui]"))
    address = f"http://{shown(settings.ui.bind)}:{server.effective_port}/"
    heartbeat = Heartbeat(database, clock, f"at {address}")
    hung_up = ending = False
    feed_of(app).ended = lambda: ending

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal hung_up, ending
        ending = True  # streams would hold the server for minutes
        hung_up = number == signal.SIGHUP
        sys.exit(0)  # Waitress takes SystemExit as the order to finish its requests and return.

    with signals_handled(dict.fromkeys((signal.SIGTERM, signal.SIGINT, signal.SIGHUP), end)):
        heartbeat.start()
        ensure_somebody(settings, database, clock, address)
        logger.info("The page is at %s", address)
        listening(address)
        try:
            server.run()
        finally:
            server.close()
            heartbeat.stop()
    return hung_up


def check_exposure(ui: Ui) -> None:
    """Refuse to open the page to a network with the published password. Without one, accounts protect it.

    :raises ConfigError: with what to change
    """
    if ui.password == PUBLISHED_PASSWORD and not is_loopback(ui.bind):
        raise ConfigError(
            [f"[ui] password is the published one and the page would listen on {ui.bind or 'all addresses'}"],
            "set a password of your own, or none and use “pyca user add”, or bind = 127.0.0.1",
        )


def _serving(app: Flask, listener: socket.socket) -> Any:
    return create_server(
        app,
        sockets=[listener],
        threads=THREADS,
        ident="pyCA",
        asyncore_loop_timeout=LOOP_SECONDS,
        asyncore_use_poll=True,
        # Reads on while it answers, and so notices at once that somebody has hung up.
        channel_request_lookahead=1,
        # Whoever sends half a request must not keep others out for long.
        connection_limit=CONNECTIONS,
        channel_timeout=60,
        cleanup_interval=10,
        # The application refuses what is far smaller, with words; this is where even reading ends.
        max_request_body_size=16_000_000,
        # The page itself decides whom it believes where a request comes from.
        clear_untrusted_proxy_headers=False,
    )
