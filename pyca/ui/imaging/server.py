"""Serves the interface of the camera server or of the pipeline server, in threads."""

import logging
from collections.abc import Callable

from flask import Flask

from pyca.config.settings import Settings
from pyca.store.database import Database
from pyca.ui.access.door import Door
from pyca.ui.connections import Limits
from pyca.ui.imaging.access import WideDoor, door_for
from pyca.ui.imaging.bodies import LONGEST_ARRAY, parser_for
from pyca.ui.imaging.channel import Channel
from pyca.ui.imaging.room import SLOW, VIEWERS, Room, Section, of_app
from pyca.ui.listening import open_port
from pyca.ui.livebox.place import find, named
from pyca.ui.serving import Serving, check_people

logger = logging.getLogger(__name__)

_QUICK = 16
"""threads that are always left for what needs no instance"""
LIMITS = Limits(connections=500, per_peer=125)
_BUFFER = 1_000_000
"""bytes that wait for a viewer who does not read; further pictures are left out"""
_IN_MEMORY = 64_000_000
"""bytes of an answer that never become a file: an image"""


class ImagingServer:
    """Answers from :meth:`start` until :meth:`close`.

    :param noun: camera or pipeline, which is also the name of its section
    :param section: of the settings
    :param create: makes the application; is told whether it listens on loopback alone
    :param limits: of its connections
    """

    def __init__(
        self,
        noun: str,
        section: Section,
        settings: Settings,
        database: Database,
        create: Callable[[bool], Flask],
        limits: Limits = LIMITS,
    ) -> None:
        self._noun = noun
        self._section = section
        self._limits = limits
        self._settings = settings
        self._database = database
        self._create = create
        self._address = ""
        self._serving: Serving | None = None
        self._room: Room | None = None

    @property
    def address(self) -> str:
        """Where it can be asked, empty while it cannot."""
        return self._address

    def start(self) -> None:
        """Open the port and begin to answer.

        :raises UsageError: where the port is taken, the address not of this machine, or people have to log in
            and nobody could
        """
        section, noun = self._section, self._noun
        place = find(section.bind, section.port)
        door = door_for(section.authentication, is_local=place.is_local)
        if door is Door:
            why = (f"[{noun}] authentication = on has everybody log in", "set it to auto")
            check_people(self._settings, self._database, *(why if place.is_local else ()))
        if door is WideDoor and not place.is_local:
            logger.warning("everybody who reaches %s may do everything with the %ss", named(place), noun)
        listener = open_port(place.host, place.port, f"[{noun}]")
        port: int = listener.getsockname()[1]
        app = self._create(place.is_local)
        self._room = of_app(app)
        self._serving = Serving(
            app,
            listener,
            name=f"{noun}-http",
            threads=VIEWERS + SLOW + _QUICK,
            limits=self._limits,
            longest_body=LONGEST_ARRAY + 1,
            parser=parser_for(door),
            channel=Channel,
            outbuf_high_watermark=_BUFFER,
            outbuf_overflow=_IN_MEMORY,
        )
        self._address = f"http://{named(place)}:{port}/"
        self._serving.start()
        logger.info("The %s server is at %s", noun, self._address)

    def close(self) -> None:
        """End what people watch, let other requests end, and close the port; nothing where it is closed."""
        if self._serving is None or self._room is None:
            return
        self._room.close()
        self._serving.close()
        self._serving, self._room, self._address = None, None, ""
