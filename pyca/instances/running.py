"""What the server knows about the process of one instance."""

import threading
import time
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any, Generic

from pyca.bsread.decoder import Decoder
from pyca.bsread.message import Message
from pyca.core.errors import (
    BusyError,
    ImagingError,
    MachineError,
    OfflineError,
    PycaError,
    SourceError,
)
from pyca.images import packed
from pyca.images.image import Size
from pyca.images.snapshot import Snapshot
from pyca.instances import faults, parts
from pyca.instances.configured import C
from pyca.instances.endings import Ending
from pyca.instances.heartbeat import Heartbeat
from pyca.instances.logs import from_instance
from pyca.instances.meter import Meter
from pyca.instances.ports import Address
from pyca.instances.statistics import Figures, Statistics, described
from pyca.runtime.channel import ChannelClosedError, close_files
from pyca.runtime.nursery import Nursery, Ward

STOP_SECONDS = 2.0
"""that a process gets to end before it is killed"""
START_SECONDS = 30.0
"""after which a process that has said nothing is given up"""
ANSWER_SECONDS = 5.0


class EndedError(SourceError):
    """The process has ended before it answered."""


class _Request(Generic[C]):
    """One question to the process, until it is answered."""

    def __init__(self, configuration: C | None = None) -> None:
        self.configuration = configuration
        """that it is to follow from its answer on"""
        self.done = threading.Event()
        self.message: dict[str, Any] | None = None
        self.files: list[int] = []


class Running(Generic[C]):
    """One process. What it says is noted by the desk's thread, everything else may be called by any.

    :param port: that it has, 0 for none
    :param statistics: the reader's side
    :param noun: what it is one of, such as “camera”
    :param stop_seconds: that it gets to end before it is killed
    """

    given_up = ""
    """why it was killed, as what goes on behind “its process”"""

    def __init__(
        self,
        configuration: C,
        address: Address,
        port: int,
        ward: Ward,
        statistics: Statistics,
        noun: str = "camera",
        stop_seconds: float = STOP_SECONDS,
    ) -> None:
        self.noun = noun
        self._stop_seconds = stop_seconds
        self.name, self.configuration = configuration.name, configuration
        self.address, self.port = address, port
        self.ward = ward
        self.began = time.time()
        self.needed = time.monotonic()
        """when somebody wanted it at first; one that follows after a crash has what the one before knew"""
        self.known = threading.Event()
        """set once it is known whether it could begin"""
        self.ended = threading.Event()
        self.started = False
        self.failure: PycaError | None = None
        self.geometry: Size | None = None
        self.facts: dict[str, Any] = {}
        """all that it said when it began"""
        self.over: Ending | None = None
        """why it has decided to end, where it has"""
        self.online = False
        self.why = ""
        """what the silence of its source is said to be"""
        self.trouble = ""
        """what is wrong with the images that it delivers"""
        self.stopping = False
        """True once we want it to end"""
        self.file_fault = ""
        """what is wrong with the file of its configuration now"""
        self.refused: C | None = None
        """a configuration that it could not follow"""
        self._statistics: Statistics | None = statistics
        self._last = Figures()
        """as they were at the end"""
        self._meter = Meter(ward)
        self._numbers = count(1)
        self._requests: dict[int, _Request[C]] = {}
        self._lock = threading.Lock()
        """for the requests and the statistics"""
        self._heartbeat = Heartbeat()

    def hear(self, message: dict[str, Any], files: list[int]) -> None:
        """Note what it says."""
        if "log" in message:
            from_instance(self.noun, self.name, message)
        elif "answer" in message:
            self._note_answer(message, files)
            return
        elif "started" in message:
            size = message.get("geometry")
            self.facts = message
            self.geometry = (size[0], size[1]) if size else None
            if not self.address.bind:
                # It listens nowhere: it alone knows the file that it has made.
                self.address = replace(self.address, shown=message["started"])
            self.online, self.started = message["online"], True
            self.known.set()
        elif "failed" in message:
            self.failure = faults.restored(message["failed"])
            self.known.set()
        elif "online" in message:
            self.online, self.why = message["online"], message["why"]
        elif "trouble" in message:
            self.trouble = message["trouble"]
        elif "over" in message:
            self.over = Ending(int(message["exitcode"]), str(message["over"]), by_itself=True)
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

    def runs(self) -> bool:
        """Tell whether its stream is there."""
        return self.started and not self.stopping and not self.ended.is_set()

    def is_over(self) -> bool:
        """Tell whether it has decided to end, or has ended because of that: it is not started again."""
        return self.over is not None or bool(self.figures().closing)

    def usable(self) -> bool:
        """Tell whether its stream is there and will be for a while; notes that somebody wants it."""
        if not self.runs():
            return False
        with self._lock:
            if self._statistics is None:
                return False
            self._statistics.touch()
            return self.over is None and not self._statistics.read().closing

    def wait_until_known(self) -> None:
        """Wait until it has begun.

        :raises PycaError: where it could not
        """
        if not self.known.wait(START_SECONDS):
            text = f"The process of {self.noun} {self.name} has not begun within {START_SECONDS:g} s"
            raise MachineError(text)
        if self.failure is not None:
            raise self.failure
        if not self.started:
            self.ward.gone.wait(1.0)
            raise self.ward.refused or ImagingError(
                f"The process of {self.noun} {self.name} ended before it began", "its log tells why"
            )
        # Its own word may come before that of its parent, who alone knows its pid.
        self.ward.born.wait(1.0)

    def configure(self, configuration: C) -> None:
        """Have it do as a configuration says; returns once it does.

        :raises EndedError: where it ends meanwhile
        :raises PycaError: where it does not answer, or cannot
        """
        question = {"what": "configure", "configuration": configuration.as_json()}
        self._ask(question, ANSWER_SECONDS, _Request(configuration))

    def snapshot(self, *, raw: bool, timeout: float) -> Snapshot:
        """Return its next image.

        :param timeout: seconds
        :raises EndedError: where it ends meanwhile
        :raises SourceError: where none comes in time
        """
        if not self.online:
            raise OfflineError(self.why or f"{self.noun.capitalize()} {self.name} is offline")
        request = self._ask({"what": "snapshot", "raw": raw}, timeout, _Request())
        try:
            assert request.message is not None
            return unpacked(request.message, request.files)
        finally:
            close_files(request.files)

    def message(self, timeout: float) -> Message:
        """Return the newest message that it has made, as its clients get it.

        :param timeout: seconds
        :raises EndedError: where it ends meanwhile
        :raises SourceError: where none comes in time
        """
        request = self._ask({"what": "message"}, timeout, _Request())
        try:
            return Decoder().decode(parts.unpacked(_file_of(request.files)))
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
        timeout = self.configuration.no_client_timeout
        return timeout <= 0 or time.monotonic() - self.last_needed() < timeout

    def last_needed(self) -> float:
        """Return when somebody last listened to it or asked for it, by the monotonic clock."""
        if self.figures().clients > 0:
            return time.monotonic()
        with self._lock:
            touched = self._statistics.touched() if self._statistics is not None else 0.0
        return max(self.needed, touched)

    def close(self) -> None:
        """Let go of what it shared with us, once it is gone."""
        with self._lock:
            if self._statistics is not None:
                self._last = self._statistics.read()
                self._statistics.close()
                self._statistics = None

    def statistics(self) -> dict[str, Any]:
        """Return its figures under the names that clients know."""
        process = None if self.ended.is_set() else self._meter.process
        return described(self.figures(), process, self._meter.cpu)

    def measure(self, now: float) -> None:
        """Take its share of a processor anew where a window is over. By one thread.

        :param now: of the monotonic clock
        """
        self._meter.measure(now)

    def silence(self, now: float) -> float:
        """Return for how many seconds it has not said what it counts, as it does each second. By one thread.

        :param now: of the monotonic clock
        """
        return self._heartbeat.look(self.figures().noted, now)

    def give_up(self, nursery: Nursery, why: str) -> None:
        """Kill it, once; whoever notes its end tells why. Does not wait.

        :param why: goes on behind “its process”
        """
        if not self.given_up:
            self.given_up = why
            nursery.kill(self.ward)

    def stop(self, nursery: Nursery) -> None:
        """End it, whatever it does; returns once it is gone."""
        self.stopping = True
        # It may not read any more, or be gone already.
        with suppress(ChannelClosedError):
            self.ward.channel.send({"what": "stop"}, timeout=0)
        if not self.ended.wait(self._stop_seconds):
            nursery.kill(self.ward)
            self.ended.wait(STOP_SECONDS)
        self.ward.gone.wait(STOP_SECONDS)

    def _ask(self, message: dict[str, Any], timeout: float, request: _Request[C]) -> _Request[C]:
        number = next(self._numbers)
        with self._lock:
            self._requests[number] = request
        try:
            self.ward.channel.send({**message, "ask": number})
        except ChannelClosedError:
            request.done.set()
        except ImagingError:
            with self._lock:
                self._requests.pop(number, None)
            raise
        answered = request.done.wait(timeout)
        if answered or request.configuration is None:
            # A configuration may still be followed later, and is then the one that it has.
            with self._lock:
                self._requests.pop(number, None)
        if request.message is None:
            if answered:
                raise EndedError(f"{self.noun.capitalize()} {self.name} has ended")
            raise SourceError(f"{self.noun.capitalize()} {self.name} delivered nothing within {timeout:g} s")
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
        if request.configuration is not None and "failed" not in message:
            self.configuration, self.geometry = request.configuration, None
        request.message, request.files = message, files
        request.done.set()


def unpacked(message: dict[str, Any], files: list[int]) -> Snapshot:
    """Return the image of an answer.

    :raises BusyError: where it came without its file, as too many are open
    """
    return packed.unpacked(message, _file_of(files))


def _file_of(files: list[int]) -> int:
    if not files:
        raise BusyError("Too many files are open for a further image", "raise the limit of open files")
    return files[0]
