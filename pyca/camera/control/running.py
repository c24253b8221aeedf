"""What the server knows about the process of one camera."""

import threading
import time
from contextlib import suppress
from itertools import count
from typing import Any

import psutil

from pyca.camera.control.ports import Address
from pyca.camera.files.configuration import Configuration
from pyca.camera.image.snapshot import Snapshot
from pyca.camera.instance import faults, picture
from pyca.camera.instance.logs import from_instance
from pyca.camera.instance.statistics import Figures, Statistics, described
from pyca.core.errors import CameraError, CameraMachineError, OfflineError, PycaError, SourceError
from pyca.runtime.channel import ChannelClosedError, close_files
from pyca.runtime.nursery import Nursery, Ward
from pyca.sources.source import Size

STOP_SECONDS = 2.0
"""that a process gets to end before it is killed"""
START_SECONDS = 30.0
"""after which a process that has said nothing is given up"""
ANSWER_SECONDS = 5.0


class EndedError(SourceError):
    """The process has ended before it answered."""


class _Request:
    """One question to the process, until it is answered."""

    def __init__(self) -> None:
        self.done = threading.Event()
        self.message: dict[str, Any] | None = None
        self.files: list[int] = []


class Running:
    """One process. What it says is noted by the desk's thread, everything else may be called by any.

    :param port: that it has, 0 for none
    :param statistics: the reader's side
    """

    def __init__(
        self, configuration: Configuration, address: Address, port: int, ward: Ward, statistics: Statistics
    ) -> None:
        self.name = configuration.name
        self.configuration = configuration
        self.address = address
        self.port = port
        self.ward = ward
        self.began = time.time()
        self.known = threading.Event()
        """set once it is known whether it could begin"""
        self.ended = threading.Event()
        self.started = False
        self.failure: PycaError | None = None
        self.geometry: Size | None = None
        self.online = False
        self.why = ""
        """what the camera's silence is said to be"""
        self.stopping = False
        """True once we want it to end"""
        self.file_fault = ""
        """what is wrong with the file of its configuration now"""
        self.refused: Configuration | None = None
        """a configuration that it could not follow"""
        self._statistics: Statistics | None = statistics
        self._last = Figures()
        """as they were at the end"""
        self._process: psutil.Process | None = None
        self._numbers = count(1)
        self._requests: dict[int, _Request] = {}
        self._lock = threading.Lock()
        """for the requests and the statistics"""

    def hear(self, message: dict[str, Any], files: list[int]) -> None:
        """Note what it says."""
        if "log" in message:
            from_instance(self.name, message)
        elif "answer" in message:
            self._note_answer(message, files)
            return
        elif "started" in message:
            size = message["geometry"]
            self.geometry = (size[0], size[1]) if size else None
            self.online, self.started = message["online"], True
            self.known.set()
        elif "failed" in message:
            self.failure = faults.restored(message["failed"])
            self.known.set()
        elif "online" in message:
            self.online, self.why = message["online"], message["why"]
        close_files(files)

    def note_end(self) -> None:
        """Note that it is gone."""
        self.online = False
        self.ended.set()
        self.known.set()
        with self._lock:
            waiting, self._requests = list(self._requests.values()), {}
        for request in waiting:
            request.done.set()

    def usable(self) -> bool:
        """Tell whether its stream is there and will be for a while; notes that somebody wants it."""
        if not self.started or self.stopping or self.ended.is_set():
            return False
        with self._lock:
            if self._statistics is None:
                return False
            self._statistics.touch()
            return not self._statistics.read().closing

    def wait_until_known(self) -> None:
        """Wait until it has begun.

        :raises PycaError: where it could not
        """
        if not self.known.wait(START_SECONDS):
            text = f"The process of camera {self.name} has not begun within {START_SECONDS:g} s"
            raise CameraMachineError(text)
        if self.failure is not None:
            raise self.failure
        if not self.started:
            self.ward.gone.wait(1.0)
            raise self.ward.refused or CameraError(
                f"The process of camera {self.name} ended before it began", "its log tells why"
            )

    def configure(self, configuration: Configuration) -> None:
        """Have it do as a configuration says; returns once it does.

        :raises EndedError: where it ends meanwhile
        :raises PycaError: where it does not answer, or cannot
        """
        self._ask({"what": "configure", "configuration": configuration.as_json()}, ANSWER_SECONDS)
        self.configuration = configuration
        self.geometry = None

    def snapshot(self, *, raw: bool, timeout: float) -> Snapshot:
        """Return its next image.

        :param timeout: seconds
        :raises EndedError: where it ends meanwhile
        :raises SourceError: where none comes in time
        """
        if not self.online:
            raise OfflineError(self.why or f"Camera {self.name} is offline")
        request = self._ask({"what": "snapshot", "raw": raw}, timeout)
        try:
            assert request.message is not None
            return picture.unpacked(request.message, request.files[0])
        finally:
            close_files(request.files)

    def figures(self) -> Figures:
        """Return what it counts."""
        with self._lock:
            return self._statistics.read() if self._statistics is not None else self._last

    def size(self) -> Size | None:
        """Return width and height of what it sends, None where that is not known yet."""
        figures = self.figures()
        sent = (figures.width, figures.height) if figures.width else None
        return sent or self.geometry

    def wanted(self) -> bool:
        """Tell whether somebody would miss it if it were not started again."""
        timeout, figures = self.configuration.no_client_timeout, self.figures()
        with self._lock:
            touched = self._statistics.touched() if self._statistics is not None else 0.0
        young = time.time() - self.began < timeout or time.monotonic() - touched < timeout
        return timeout <= 0 or figures.clients > 0 or young

    def close(self) -> None:
        """Let go of what it shared with us, once it is gone."""
        with self._lock:
            if self._statistics is not None:
                self._last = self._statistics.read()
                self._statistics.close()
                self._statistics = None

    def statistics(self) -> dict[str, Any]:
        """Return its figures under the names that clients know."""
        if self._process is None and self.ward.pid:
            try:
                self._process = psutil.Process(self.ward.pid)
            except psutil.Error:
                self._process = None
        return described(self.figures(), None if self.ended.is_set() else self._process)

    def stop(self, nursery: Nursery) -> None:
        """End it, whatever it does; returns once it is gone."""
        self.stopping = True
        # It may not read any more, or be gone already.
        with suppress(ChannelClosedError):
            self.ward.channel.send({"what": "stop"}, timeout=0)
        if not self.ended.wait(STOP_SECONDS):
            nursery.kill(self.ward)
            self.ended.wait(STOP_SECONDS)
        self.ward.gone.wait(STOP_SECONDS)

    def _ask(self, message: dict[str, Any], timeout: float) -> _Request:
        request, number = _Request(), next(self._numbers)
        with self._lock:
            self._requests[number] = request
        try:
            self.ward.channel.send({**message, "ask": number})
        except ChannelClosedError:
            request.done.set()
        answered = request.done.wait(timeout)
        with self._lock:
            self._requests.pop(number, None)
        if request.message is None:
            if answered:
                raise EndedError(f"Camera {self.name} has ended")
            raise SourceError(f"Camera {self.name} delivered nothing within {timeout:g} s")
        if "failed" in request.message:
            raise faults.restored(request.message["failed"])
        return request

    def _note_answer(self, message: dict[str, Any], files: list[int]) -> None:
        with self._lock:
            request = self._requests.pop(message["answer"], None)
        if request is None:
            # Whoever asked has given up.
            close_files(files)
            return
        request.message, request.files = message, files
        request.done.set()
