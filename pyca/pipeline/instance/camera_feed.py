"""Images of a camera, whose stream the camera server is asked for."""

import queue
import threading
import time

from pyca.client.cam import CamClient
from pyca.core.errors import OfflineError, PycaError
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.stream_feed import StreamFeed

_ANSWER_SECONDS = 20.0
"""a camera may take long to begin"""
_END_SECONDS = 0.3
"""after the end of a stream until the camera is asked for again: it may end again and again"""


class CameraFeed:
    """Receives a camera's stream.

    Once the connection has ended nothing more is taken from its address, as another camera may be there by
    now: the camera server is asked again.

    :param camera: its name, or an alias
    :param server: address of the camera server
    :param token: for it, empty where it wants none
    """

    def __init__(self, camera: str, server: str, token: str) -> None:
        self._camera = camera
        self._client = CamClient(server, _ANSWER_SECONDS, token or None)
        self._stream: StreamFeed | None = None
        self._at = ""
        self._answers: queue.SimpleQueue[str | PycaError] = queue.SimpleQueue()
        self._asking = False
        self._again = 0.0
        """when it is asked for as its stream has ended, by the monotonic clock; 0 where it has not"""
        self._before = (0, 0)
        """what was lost and garbled in streams that have been closed"""

    @property
    def lost(self) -> int:
        """Return how many images were sent and not returned."""
        return self._before[0] + (self._stream.lost if self._stream else 0)

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""
        return self._before[1] + (self._stream.garbled if self._stream else 0)

    @property
    def address(self) -> str:
        """Return where images come from, or came from last."""
        return self._at

    def open(self) -> None:
        """Ask for the stream and connect to it.

        :raises OfflineError: where there is none
        """
        self._connect(self._asked())

    def receive(self, timeout: float) -> Item | None:
        """Return the newest image, None where none came in time.

        :param timeout: seconds
        :raises OfflineError: where the camera was asked for again, and is not there
        :raises WireError: where something came that is no message
        """
        if not self._answers.empty():
            self._asking = False
            answer = self._answers.get()
            if isinstance(answer, PycaError):
                raise answer
            self._connect(answer)
        if self._stream is None:
            time.sleep(timeout)
            if self._again and time.monotonic() >= self._again:
                self._again = 0.0
                self.renew()
            return None
        item = self._stream.receive(timeout)
        if not self._stream.ends:
            return item
        # What has come may have come behind the end.
        self.close()
        self._again = time.monotonic() + _END_SECONDS
        return None

    def renew(self) -> None:
        """Ask for the stream again; returns at once, and :meth:`receive` follows the answer."""
        if not self._asking:
            self._asking = True
            # Not here: a server that hangs must not keep us from our own.
            threading.Thread(target=self._ask, name="camera server", daemon=True).start()

    def close(self) -> None:
        """Stop."""
        if self._stream is not None:
            self._before = self.lost, self.garbled
            self._stream.close()
            self._stream = None

    def _connect(self, address: str) -> None:
        self.close()
        stream = StreamFeed(address)
        stream.open()
        self._stream, self._at = stream, stream.address

    def _ask(self) -> None:
        try:
            self._answers.put(self._asked())
        except PycaError as error:
            self._answers.put(error)

    def _asked(self) -> str:
        try:
            return self._client.get_instance_stream(self._camera)
        except PycaError as error:
            text = f"Camera {self._camera} is not online. Cannot start pipeline."
            raise OfflineError(text, str(error)) from error
