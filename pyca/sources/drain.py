"""Images that a program writes into a pipe: read at once, so that it never waits; only the newest is kept."""

import os
import re
import select
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.core.errors import SourceError
from pyca.images.image import Image, Size
from pyca.runtime.listen import read_all
from pyca.sources.frame import LARGEST, Frame

_LONGEST_HEADER = 1000
_LOOK = 200
"""milliseconds between two looks whether somebody wants the end"""
_ROUNDS = 8
"""how often words are read at once, so that no talkative program keeps images waiting"""
_HEADER = re.compile(rb"YUV4MPEG2 W(\d{1,5}) H(\d{1,5}) .*?\bC(mono|mono16)\b")
_MARK = b"FRAME\n"


@dataclass(frozen=True)
class Layout:
    """How images follow each other.

    :param mark: bytes before each one
    :param rest: bytes behind each one that are not wanted
    """

    size: Size
    kind: np.dtype[Any]
    mark: bytes = b""
    rest: int = 0


class Drain:
    """Reads in a thread of its own, from :meth:`start` until the program ends or :meth:`stop`.

    The descriptors do not block and belong to it: it closes them.

    :param images: what the program writes
    :param words: what it says
    :param hear: is told what it says, in this thread
    :param layout: None for yuv4mpegpipe with one plane, which says it itself
    """

    def __init__(
        self, images: int, words: int, hear: Callable[[bytes], None], layout: Layout | None = None
    ) -> None:
        self._images, self._words, self._hear = images, words, hear
        self._poll = select.poll()
        for descriptor in (images, words):
            self._poll.register(descriptor, select.POLLIN)
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._last = 0
        self._stopping = False
        self._ended = False
        self._layout = layout
        self._thread = threading.Thread(target=self._run, name="images", daemon=True)
        self.lost = 0
        """images that came and nobody took"""
        self.came: float | None = None
        """when the last image came, of the monotonic clock"""
        self.garbage = ""
        """what was wrong with what came, empty for nothing; it is the end"""

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    @property
    def size(self) -> Size | None:
        """Width and height, when they are known."""
        layout = self._layout
        return layout.size if layout else None

    @property
    def ended(self) -> bool:
        """True when nothing more comes; an image may still be there."""
        return self._ended

    def take(self, timeout: float) -> Frame | None:
        """Return the newest image; wait for one up to ``timeout`` seconds, or until nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._ended, timeout)
            frame, self._newest = self._newest, None
            return frame

    def wait_for_size(self, timeout: float) -> Size | None:
        """Return width and height; wait for them up to ``timeout`` seconds, or until nothing more comes."""
        with self._changed:
            self._changed.wait_for(lambda: self._layout or self._ended, timeout)
            return self.size

    def stop(self, timeout: float) -> None:
        """Read no more; wait up to ``timeout`` seconds for the thread."""
        self._stopping = True
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with suppress(EOFError):
                self._read_all()
        except SourceError as error:
            self.garbage = str(error)
        finally:
            # What it says at its end may come a moment later.
            self._read_words(_LOOK)
            with self._changed:
                self._ended = True
                self._changed.notify_all()
            os.close(self._images)
            os.close(self._words)

    def _read_all(self) -> None:
        layout = self._layout or _y4m(self._line())
        with self._changed:
            self._layout = layout
            self._changed.notify_all()
        while True:
            self._put(self._image(layout))

    def _image(self, layout: Layout) -> Image:
        mark, rest = bytearray(len(layout.mark)), bytearray(layout.rest)
        # A new one each time: the one before may still be on its way to somebody.
        image: NDArray[Any] = np.empty(layout.size[::-1], layout.kind)
        self._fill([memoryview(mark), memoryview(image.data).cast("B"), memoryview(rest)])
        if mark != layout.mark:
            raise SourceError("the program sent something that is no image")
        return image

    def _put(self, image: Image) -> None:
        # Clocks are set back, and images never come at the same time.
        self._last = max(self._last + 1, time.time_ns())
        with self._changed:
            self.lost += self._newest is not None
            self._newest = Frame(image, self._last)
            self.came = time.monotonic()
            self._changed.notify_all()

    def _line(self) -> bytes:
        line = bytearray()
        while not line.endswith(b"\n"):
            byte = bytearray(1)
            self._fill([memoryview(byte)])
            line += byte
            if len(line) > _LONGEST_HEADER:
                raise SourceError("the program sent something that is no stream of images")
        return bytes(line)

    def _fill(self, views: list[memoryview]) -> None:
        """Read until all is full.

        :raises EOFError: where the program has ended, or somebody wants the end
        """
        views = [view for view in views if view]
        while views:
            self._wait()
            with suppress(BlockingIOError):
                count = os.readv(self._images, views)
                if not count:
                    raise EOFError
                while views and count >= len(views[0]):
                    count -= len(views.pop(0))
                if views:
                    views[0] = views[0][count:]

    def _wait(self) -> None:
        while not self._stopping:
            ready = dict(self._poll.poll(_LOOK))
            if self._words in ready:
                self._read_words(0)
            if self._images in ready:
                return
        raise EOFError

    def _read_words(self, patience: int) -> None:
        poll = select.poll()
        poll.register(self._words, select.POLLIN)
        for _ in range(_ROUNDS):
            if not poll.poll(patience):
                return
            data, end = read_all(self._words)
            self._hear(data)
            if end:
                with suppress(KeyError):
                    self._poll.unregister(self._words)
                return


def _y4m(line: bytes) -> Layout:
    found = _HEADER.match(line)
    size = (int(found[1]), int(found[2])) if found else (0, 0)
    kind = np.dtype(np.uint16 if found and found[3] == b"mono16" else np.uint8)
    if not 0 < size[0] * size[1] * kind.itemsize <= LARGEST:
        raise SourceError("the program sent something that is no stream of images")
    return Layout(size, kind, _MARK)
