"""The page as a service: a small web server driven by the same loop as everything else."""

import logging
import socket
from collections.abc import Iterable

from waitress import create_server, wasyncore

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import RunningError
from pyca.core.states import ServiceName
from pyca.runtime.loop import HasFileno
from pyca.store.database import Database
from pyca.ui import create_app

logger = logging.getLogger(__name__)

_QUIET = 20.0
"""Seconds between two looks at connections that nobody uses."""
_SOON = 0.01
_THREADS = 4


class PageService:
    """Serves the page on the configured address.

    :param previous: the service that this one follows; it hands its address over without a gap
    :raises RunningError: where the address cannot be used
    """

    name = ServiceName.UI

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, previous: "PageService | None" = None
    ) -> None:
        self._clock = clock
        self.wanted = (settings.ui.bind, settings.ui.port)
        same = previous is not None and previous.wanted == self.wanted
        self.listener: socket.socket = previous.listener.dup() if previous and same else listen(*self.wanted)
        self._connections: dict[int, wasyncore.dispatcher] = {}
        self.address = show_address(self.listener)
        # Its own line about the address would be a second one.
        logging.getLogger("waitress").setLevel(logging.WARNING)
        self._server = create_server(
            create_app(settings, database, clock),
            map=self._connections,
            sockets=[self.listener.dup()],
            threads=_THREADS,
            ident=None,
        )
        logger.info("The page is at %s", self.address)

    def tick(self) -> float:
        """Accept, read and write whatever is ready."""
        wasyncore.loop(timeout=0, map=self._connections, count=1)
        # The loop wakes for what can be read; a slow browser's place for more must be asked for.
        waiting = any(connection.writable() for connection in self._all())
        return self._clock.now() + (_SOON if waiting else _QUIET)

    def files(self) -> Iterable[HasFileno]:
        """Return the sockets that may bring something."""
        return [connection for connection in self._all() if connection.readable()]

    def busy(self) -> bool:
        """Return False: a request is short."""
        return False

    def status(self) -> str:
        """Return where the page is."""
        return self.address

    def close(self) -> None:
        """Answer what was asked and free the address."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._connections)
        self.listener.close()

    def _all(self) -> list[wasyncore.dispatcher]:
        return list(self._connections.values())


def listen(host: str, port: int) -> socket.socket:
    """Return a socket bound to an address.

    :param port: 0 for any free one
    :raises RunningError: naming the address and what to change
    """
    bound: socket.socket | None = None
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen()
    except OSError as error:
        if bound:
            bound.close()
        raise RunningError(
            f"the page cannot listen on {host}:{port}: {error.strerror}",
            "set bind and port in section [ui], or stop what uses them",
        ) from error
    return bound


def show_address(listener: socket.socket) -> str:
    """Return the address to type into a browser."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = socket.gethostname()
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
