"""Serves the camera server's interface, in threads."""

import logging

from pyca.camera.cameras import Cameras
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.store.database import Database
from pyca.ui.access.door import Door
from pyca.ui.camera.access import WideDoor, door_for
from pyca.ui.camera.app import create_camera_app
from pyca.ui.camera.bodies import LONGEST_ARRAY, parser_for
from pyca.ui.camera.channel import Channel
from pyca.ui.camera.room import SLOW, VIEWERS, Room, of_app
from pyca.ui.connections import Limits
from pyca.ui.listening import open_port
from pyca.ui.livebox.place import find, named
from pyca.ui.serving import Serving, check_people

logger = logging.getLogger(__name__)

_WANTED = ("[camera] authentication = on has everybody log in", "set it to auto")
"""why people need accounts though we listen on loopback alone, and what can be done instead"""
_QUICK = 16
"""threads that are always left for what needs no camera"""
LIMITS = Limits(connections=500, per_peer=125)
_BUFFER = 1_000_000
"""bytes that wait for a viewer who does not read; further pictures are left out"""
_IN_MEMORY = 64_000_000
"""bytes of an answer that never become a file: an image"""


class CameraServer:
    """Answers from :meth:`start` until :meth:`close`.

    :param settings: ``[camera] bind``, ``port``, ``authentication``, ``origins``, and the users of ``[ui]``
    :param database: with its tables in place
    :param cameras: started already, and closed by whoever made them
    :param limits: of its connections
    """

    def __init__(
        self, settings: Settings, database: Database, clock: Clock, cameras: Cameras, limits: Limits = LIMITS
    ) -> None:
        self._limits = limits
        self._settings = settings
        self._database = database
        self._clock = clock
        self._cameras = cameras
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
        camera = self._settings.camera
        place = find(camera.bind, camera.port)
        door = door_for(camera.authentication, is_local=place.is_local)
        if door is Door:
            check_people(self._settings, self._database, *(_WANTED if place.is_local else ()))
        if door is WideDoor and not place.is_local:
            logger.warning("everybody who reaches %s may do everything with the cameras", named(place))
        listener = open_port(place.host, place.port, "[camera]")
        port: int = listener.getsockname()[1]
        app = create_camera_app(
            self._settings, self._database, self._clock, self._cameras, is_local=place.is_local
        )
        self._room = of_app(app)
        self._serving = Serving(
            app,
            listener,
            name="camera-http",
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
        logger.info("The camera server is at %s", self._address)

    def close(self) -> None:
        """End what people watch, let other requests end, and close the port; nothing where it is closed."""
        if self._serving is None or self._room is None:
            return
        self._room.close()
        self._serving.close()
        self._serving, self._room, self._address = None, None, ""
