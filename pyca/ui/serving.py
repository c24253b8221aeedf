"""Serves an application of ours beside a service, in threads of that service's process."""

import socket
import threading
from typing import Any

from flask import Flask
from waitress import create_server
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser

from pyca.config.settings import PUBLISHED_PASSWORD, Settings
from pyca.core.errors import UsageError
from pyca.store import accounts
from pyca.store.database import Database

_IDLE_SECONDS = 20
"""Seconds after which a connection on which nothing is said is closed."""
_CLEANUP_SECONDS = 5
_LOOP_SECONDS = 5.0
"""Longest sleep of the server's loop; requests wake it at once."""
_PATIENCE = 3
"""Seconds that requests get to end by themselves."""


class Serving:
    """Answers from :meth:`start` until :meth:`close`.

    :param listener: open already, and closed with the server
    :param name: of its thread
    :param threads: requests that are answered at a time
    :param connections: most that are open at a time; further ones wait
    :param longest_body: bytes from which on a request is not even read
    :param parser: reads requests
    :param channel: one connection
    :param more: further options of the server
    """

    def __init__(
        self,
        app: Flask,
        listener: socket.socket,
        *,
        name: str,
        threads: int,
        connections: int,
        longest_body: int,
        parser: type[HTTPRequestParser] = HTTPRequestParser,
        channel: type[HTTPChannel] = HTTPChannel,
        **more: Any,
    ) -> None:
        self._table: dict[int, Any] = {}
        """what the server's loop waits for, by descriptor"""
        self._server: Any = create_server(
            app,
            map=self._table,
            sockets=[listener],
            threads=threads,
            ident="pyCA",
            asyncore_loop_timeout=_LOOP_SECONDS,
            asyncore_use_poll=True,
            channel_request_lookahead=1,
            # Whoever sends half a request must not keep others out for long.
            connection_limit=connections,
            channel_timeout=_IDLE_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            max_request_body_size=longest_body,
            # The application itself decides whom it believes where a request comes from.
            clear_untrusted_proxy_headers=False,
            **more,
        )
        self._server.channel_class = type("Channel", (channel,), {"parser_class": parser})
        self._thread = threading.Thread(target=self._server.run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Let requests end, and close the port."""
        self._server.task_dispatcher.shutdown(timeout=_PATIENCE)
        # The loop's own thread alone may touch what it waits for.
        self._server.trigger.pull_trigger(self._end)
        self._thread.join(timeout=_PATIENCE)

    def _end(self) -> None:
        for one in list(self._table.values()):
            if hasattr(one, "close_when_flushed"):
                one.close_when_flushed = True
            elif one is not self._server.trigger:
                one.close()


def check_people(
    settings: Settings,
    database: Database,
    why: str = "the interface would be open to the network",
    instead: str = "bind to localhost",
) -> None:
    """Refuse to open an interface where people have to log in and nobody could, or everybody.

    :param why: they have to
    :param instead: what can be done so that they need not
    :raises UsageError: with what helps
    """
    if settings.ui.password == PUBLISHED_PASSWORD:
        raise UsageError(
            f"{why}, and [ui] password is the published one",
            f"set a password of your own, or none and use “pyca user add”, or {instead}",
        )
    if settings.ui.password:
        return
    with database.read() as session:
        if accounts.exists(session):
            return
    raise UsageError(
        f"{why}, and nobody has an account",
        f"make one with “pyca user add NAME”, or {instead}",
    )
