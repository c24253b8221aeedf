"""Serves the streamer's own application beside the streamer, in a thread."""

import logging

from pyca import __version__
from pyca.config.served import why_not_served
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import UsageError
from pyca.store.database import Database
from pyca.ui.api.area import LIVEBOX
from pyca.ui.connections import Limits
from pyca.ui.listening import open_port
from pyca.ui.livebox import machine
from pyca.ui.livebox.announce import LONGEST_FACT, Announcer, Box, cut
from pyca.ui.livebox.app import create_live_app
from pyca.ui.livebox.box import PRODUCT, VERSION
from pyca.ui.livebox.place import Place, announced, find, named
from pyca.ui.serving import Serving, check_people

logger = logging.getLogger(__name__)

THREADS = 8
LIMITS = Limits(connections=300, per_peer=75)
_LONGEST_BODY = 1_000_000
"""Bytes. The application refuses what is far smaller, with words; this is where even reading ends."""


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
        self._serving: Serving | None = None
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
        self._serving = Serving(
            app,
            listener,
            name="livebox",
            threads=THREADS,
            limits=LIMITS,
            longest_body=_LONGEST_BODY,
        )
        self._address = f"http://{named(place)}:{port}/"
        self._serving.start()
        if self._announcer:
            self._announcer.start()
        logger.info("The livebox interface is at %s%s/v1/", self._address, LIVEBOX[1:])

    def close(self) -> None:
        """Say goodbye, let requests end, and close the port. Nothing happens where it is closed already."""
        if self._announcer is not None:
            self._announcer.close()
        if self._serving is None:
            return
        self._serving.close()
        self._serving, self._announcer, self._address = None, None, ""

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
