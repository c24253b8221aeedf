"""The process of one camera that runs: receives, transforms, sends, and listens to the server between."""

import os
import time
from pathlib import Path
from typing import Any

from pyca.bsread.sender import Sender
from pyca.camera.files.configuration import Configuration, parse
from pyca.camera.instance.delivery import Delivery, as_delivered
from pyca.core.backoff import Backoff
from pyca.core.errors import ImagingError, OfflineError, PycaError, SourceError, WireError
from pyca.images import packed
from pyca.images.backgrounds import Backgrounds
from pyca.images.image import Image
from pyca.images.snapshot import Snapshot
from pyca.instances import faults, job
from pyca.instances.logs import logger_of
from pyca.instances.statistics import Statistics
from pyca.runtime.channel import Channel
from pyca.sources import catalogue
from pyca.sources.frame import Frame
from pyca.sources.source import Source

SECONDS_PER_FRAME = 0.2
"""that the camera is waited for before the server is listened to again"""
_AGAIN = Backoff(first=0.5, limit=2.0)
"""a camera that was off is used soon after it is on"""
_WAITING_BYTES = 64_000_000
"""that may wait for each client: more would make images old, and take the machine's memory"""
_FREE_BYTES = 10_000_000
"""the same, for a source without a rate of its own: its images wait before they are made instead"""
_ROOM_MS = 5
"""that such a source waits for its clients: those who never take anything shall not hold up the others"""
_PIXEL_BYTES = 2
_FEWEST = 2
"""images that may always wait"""


def run(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    """Be the instance of a camera until the server or the want of clients ends it.

    :param argument: ``name``, ``configuration``, ``address`` to bind, ``backgrounds`` (folder), and
        ``patient`` where clients wait already: then a camera that is offline is waited for
    :param files: the memory of the statistics
    """
    return job.run(lambda statistics: Instance(channel, argument, statistics), channel, files)


class Instance:
    """One camera that runs.

    :param channel: to the server
    :param argument: see :func:`run`
    :param statistics: the writer's side
    """

    def __init__(self, channel: Channel, argument: dict[str, Any], statistics: Statistics) -> None:
        self._channel = channel
        self._configuration = parse(argument["name"], argument["configuration"])
        self._backgrounds = Path(argument["backgrounds"])
        self._patient = bool(argument["patient"])
        self._statistics = statistics
        self._log = logger_of("camera", argument["name"])
        self._sender = Sender(
            argument["address"], high_water_mark=self._configuration.queue_size, beside=argument["beside"]
        )
        self._missing = ""
        """why there is no background where one is wanted"""
        self._trouble = ""
        """what was said last to be wrong with the images"""
        self._delivery = Delivery(
            self._configuration, self._background(self._configuration), self._sender, statistics.figures
        )
        self._source: Source | None = None
        self._failures = 0
        self._again = 0.0
        """when the camera is tried again, by the monotonic clock"""
        self._away: SourceError | None = None
        """what the server has been told about a camera that is offline"""
        self._lost = 0
        """by cameras that have been closed"""
        self._complaints = job.Complaints(self._log)
        self._attendance = job.Attendance(statistics)
        self._asked: list[dict[str, Any]] = []
        """who waits for an image"""
        self._ends = False

    def open(self) -> None:
        """Begin to listen for clients and open the camera.

        :raises PycaError: where either is impossible
        """
        address = self._sender.open()
        try:
            size = self._open_source()
            if size is not None:
                most = _FREE_BYTES if self._is_free() else _WAITING_BYTES
                self._sender.narrow(max(_FEWEST, most // (size[0] * size[1] * _PIXEL_BYTES)))
            self._sender.wait_for_room(_ROOM_MS if self._is_free() else 0)
        except BaseException:
            self._sender.close(0)
            raise
        self._log.info("Streams at %s", address)
        self._channel.send({"started": address, "geometry": size, "online": self._source is not None})

    def work(self) -> int:
        """Deliver until it is over.

        :raises ChannelClosedError: where the server is gone
        """
        while not self._ends:
            frame = self._receive()
            if frame is not None:
                self._deliver(frame)
            while not self._ends and (found := self._channel.receive()) is not None:
                self._obey(found[0])
            self._tell_trouble()
            self._look_around()
        return 0

    def close(self) -> None:
        """Let go of the camera and of the clients."""
        if self._source is not None:
            self._source.close()
        # Somebody wants it to end, or nobody listens.
        self._sender.close(0)

    def _open_source(self) -> tuple[int, int] | None:
        """Open the camera; returns the size of what is sent, None where the camera does not tell."""
        configuration = self._configuration
        source = catalogue.kinds()[configuration.source_type].make(
            configuration.source, configuration.options
        )
        try:
            source.open()
        except SourceError as error:
            source.close()
            if not self._patient:
                raise
            self._put_off(error)
            return None
        self._source = source
        self._failures = 0
        self._patient = True
        return self._size(source)

    def _size(self, source: Source) -> tuple[int, int] | None:
        try:
            return self._delivery.size_after(source.size())
        except OfflineError:
            raise
        except SourceError:
            return None

    def _put_off(self, error: SourceError) -> None:
        """Try it again later."""
        self._failures += 1
        self._again = time.monotonic() + _AGAIN.pause(self._failures)
        self._offline(error)

    def _offline(self, error: SourceError) -> None:
        """Say that the camera is offline, once, and to all who wait for an image of it."""
        if self._away is None:
            self._log.warning("%s", error)
            self._channel.send({"online": False, "why": error.message})
        self._away = error
        self._refuse_asked(error)

    def _refuse_asked(self, error: SourceError) -> None:
        waiting, self._asked = self._asked, []
        for request in waiting:
            self._refuse(request, error)

    def _refuse(self, request: dict[str, Any], error: PycaError) -> None:
        self._channel.send({"answer": request["ask"], "failed": faults.described(error)})

    def _receive(self) -> Frame | None:
        if self._source is None:
            self._wait_for_source()
            return None
        try:
            frame = self._source.receive(SECONDS_PER_FRAME)
        except OfflineError as error:
            # Asked on: it comes back by itself, sooner than one that is opened again and again.
            self._offline(error)
            return None
        except (SourceError, WireError) as error:
            self._fault(error)
            return None
        if frame is not None and self._away is not None:
            self._away = None
            self._log.info("The camera delivers again")
            self._channel.send({"online": True, "why": ""})
        return frame

    def _wait_for_source(self) -> None:
        left = self._again - time.monotonic()
        if left > 0:
            time.sleep(min(left, SECONDS_PER_FRAME))
            return
        try:
            self._open_source()
        except PycaError as error:
            self._put_off(error if isinstance(error, SourceError) else SourceError(error.message))

    def _release_source(self) -> None:
        if self._source is not None:
            self._lost += self._source.lost
            self._source.close()
            self._source = None

    def _fault(self, error: PycaError) -> None:
        """Count what is no frame, and say so once for each kind of fault."""
        self._statistics.figures.garbled += 1
        self._complaints.note(error)

    def _deliver(self, frame: Frame) -> None:
        self._statistics.figures.received += 1
        try:
            shown = self._delivery.deliver(frame)
        except (SourceError, WireError) as error:
            self._fault(error)
            return
        if self._asked:
            waiting, self._asked = self._asked, []
            for request in waiting:
                found = as_delivered(frame) if request["raw"] else shown
                if found is None:
                    self._asked.append(request)
                else:
                    self._answer_with(request, found)

    def _answer_with(self, request: dict[str, Any], snapshot: Snapshot) -> None:
        try:
            facts, descriptor = packed.packed(snapshot)
        except ImagingError as error:
            self._refuse(request, error)
            return
        try:
            self._channel.send({"answer": request["ask"], **facts}, (descriptor,))
        finally:
            os.close(descriptor)

    def _obey(self, request: dict[str, Any]) -> None:
        what = request["what"]
        if what == "stop":
            self._ends = True
        elif what == "snapshot":
            self._asked.append(request)
            if self._away is not None:
                self._refuse_asked(self._away)
        elif what == "configure":
            try:
                self._configure(parse(self._configuration.name, request["configuration"]))
            except PycaError as error:
                self._refuse(request, error)
            else:
                self._channel.send({"answer": request["ask"]})

    def _configure(self, wanted: Configuration) -> None:
        before, self._configuration = self._configuration, wanted
        self._delivery.configure(wanted, self._background(wanted))
        self._sender.wait_for_room(_ROOM_MS if self._is_free() else 0)
        self._statistics.publish()
        if _camera_of(wanted) != _camera_of(before):
            self._log.info("Another source: the camera is opened again")
            self._release_source()
            self._failures, self._again = 0, 0.0

    def _is_free(self) -> bool:
        """Tell whether the camera makes images as fast as it can."""
        return self._configuration.options.get("frame_rate") == 0

    def _background(self, configuration: Configuration) -> Image | None:
        self._missing = ""
        if not configuration.image_background:
            return None
        try:
            return Backgrounds(self._backgrounds).read(configuration.image_background)
        except ImagingError as error:
            # A picture with its background is better than none.
            self._log.warning("%s", error)
            self._missing = error.message
            return None

    def _tell_trouble(self) -> None:
        trouble = self._missing or self._delivery.trouble
        if trouble != self._trouble:
            self._trouble = trouble
            self._channel.send({"trouble": trouble})

    def _look_around(self) -> None:
        """Count what there is to count, and decide to end where nobody has listened for long enough."""
        now = time.monotonic()
        if self._source is not None:
            self._statistics.figures.lost = self._lost + self._source.lost
        timeout = self._configuration.no_client_timeout
        if self._attendance.is_over(self._sender.clients, timeout, now):
            self._log.info("It ends: Nobody has listened for %g s", timeout)
            self._ends = True
        self._statistics.tick(now)


def _camera_of(configuration: Configuration) -> tuple[Any, ...]:
    return configuration.source, configuration.source_type, dict(configuration.options)
