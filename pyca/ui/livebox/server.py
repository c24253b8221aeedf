"""Serves the streamer's own application beside the streamer, in a thread."""

import logging
import socket
import threading
from typing import Any

from waitress import create_server

from pyca import __version__
from pyca.config.served import why_not_served
from pyca.config.settings import PUBLISHED_PASSWORD, Settings
from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.store import accounts
from pyca.store.database import Database
from pyca.ui.api.area import LIVEBOX
from pyca.ui.listening import open_port, shown
from pyca.ui.livebox import machine
from pyca.ui.livebox.announce import LONGEST_FACT, Announcer, Box, cut
from pyca.ui.livebox.app import create_live_app
from pyca.ui.livebox.box import PRODUCT, VERSION
from pyca.ui.livebox.place import Place, announced, find

logger = logging.getLogger(__name__)

THREADS = 8
CONNECTIONS = 300
"""Most that are open at a time; further ones wait."""
_IDLE_SECONDS = 20
"""Seconds after which a connection on which nothing is said is closed."""
_CLEANUP_SECONDS = 5
_LOOP_SECONDS = 5.0
"""Longest sleep of the server's loop; requests wake it at once."""
_PATIENCE = 3
"""Seconds that requests get to end by themselves."""


class LiveServer:
    """Answers from :meth:`start` until :meth:`close`.

    :param settings: ``[live] bind``, ``port``, ``mdns``, ``docroot`` and the users of ``[ui]``
    :param database: with its tables in place
    """

    def __init__(self, settings: Settings, database: Database, clock: Clock) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._address = ""
        self._table: dict[int, Any] = {}
        """what the server's loop waits for, by descriptor"""
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._announcer: Announcer | None = None

    @property
    def address(self) -> str:
        """Where it can be asked, empty while it cannot."""
        return self._address

    def start(self) -> None:
        """Open the port and begin to answer.

        :raises UsageError: where the port is taken, the address not of this machine, anybody on the network
            could stream, or mDNS is wanted and its library not there
        """
        live = self._settings.live
        place = find(live.bind, live.port)
        if live.docroot is not None and not live.docroot.is_dir():
            raise UsageError(f"docroot: {live.docroot} is no folder", "make it, or serve no files")
        if live.docroot is not None and (why := why_not_served(self._settings, live.docroot)):
            raise UsageError(f"docroot: {live.docroot} cannot be served: {why}", "use a folder of its own")
        if not place.is_local:
            check_people(self._settings, self._database)
        listener = open_port(place.host, place.port, "[live]")
        port: int = listener.getsockname()[1]
        try:
            self._announcer = self._announced(place, port)
        except UsageError:
            listener.close()
            raise
        app = create_live_app(self._settings, self._database, self._clock, is_local=place.is_local)
        self._server = create_server(
            app,
            map=self._table,
            sockets=[listener],
            threads=THREADS,
            ident="pyCA",
            asyncore_loop_timeout=_LOOP_SECONDS,
            asyncore_use_poll=True,
            channel_request_lookahead=1,
            # Whoever sends half a request must not keep others out for long.
            connection_limit=CONNECTIONS,
            channel_timeout=_IDLE_SECONDS,
            cleanup_interval=_CLEANUP_SECONDS,
            # The application refuses what is far smaller, with words; this is where even reading ends.
            max_request_body_size=1_000_000,
            # The application itself decides whom it believes where a request comes from.
            clear_untrusted_proxy_headers=False,
        )
        self._address = f"http://{_named(place)}:{port}/"
        self._thread = threading.Thread(target=self._server.run, name="livebox", daemon=True)
        self._thread.start()
        if self._announcer:
            self._announcer.start()
        logger.info("The livebox interface is at %s%s/v1/", self._address, LIVEBOX[1:])

    def close(self) -> None:
        """Say goodbye, let requests end, and close the port. Nothing happens where it is closed already."""
        if self._announcer is not None:
            self._announcer.close()
        if self._server is None or self._thread is None:
            return
        self._server.task_dispatcher.shutdown(timeout=_PATIENCE)
        # The loop's own thread alone may touch what it waits for.
        self._server.trigger.pull_trigger(self._end)
        self._thread.join(timeout=_PATIENCE)
        self._server, self._thread, self._announcer, self._address = None, None, None, ""

    def _end(self) -> None:
        for one in list(self._table.values()):
            if hasattr(one, "close_when_flushed"):
                one.close_when_flushed = True
            elif one is not self._server.trigger:
                one.close()

    def _announced(self, place: Place, port: int) -> Announcer | None:
        if not self._settings.live.mdns:
            return None
        if place.is_local:
            logger.info("nothing is announced by mDNS: nobody else can reach %s", place.host)
            return None
        name, identity = machine.name(self._settings), machine.identity()
        facts = (
            ("product", PRODUCT),
            ("version", VERSION),
            ("path", f"{LIVEBOX}/v1"),
            ("id", identity),
            ("name", cut(name, LONGEST_FACT)),
            ("pyca", __version__),
        )
        return Announcer(Box(name, identity, port, facts), lambda: announced(place))


def _named(place: Place) -> str:
    """Return a host at which the place can be reached: nobody calls “all addresses”."""
    return socket.gethostname() if place.is_everywhere else shown(place.host)


def check_people(settings: Settings, database: Database) -> None:
    """Refuse to open the interface to a network where nobody could log in, or everybody.

    :raises UsageError: with what helps
    """
    if settings.ui.password == PUBLISHED_PASSWORD:
        raise UsageError(
            "the interface would be open to the network, and [ui] password is the published one",
            "set a password of your own, or none and use “pyca user add”, or bind to localhost",
        )
    if settings.ui.password:
        return
    with database.read() as session:
        if accounts.exists(session):
            return
    raise UsageError(
        "the interface would be open to the network, and nobody has an account",
        "make one with “pyca user add NAME”, or bind to localhost",
    )
