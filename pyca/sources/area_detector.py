"""Cameras of EPICS areaDetector, by the PVs of a plugin of type ``NDStdArrays``, such as ``13SIM1:image1``.

``P:ArrayData`` holds the image, ``P:ArraySize0_RBV`` and ``P:ArraySize1_RBV`` (where these are missing or 0:
``P:ArraySizeX_RBV`` and ``P:ArraySizeY_RBV``) its width and height. Where they are there, ``P:DataType_RBV``
says what its elements mean, ``P:UniqueId_RBV`` is the pulse id, and ``P:NDimensions_RBV`` and
``P:ColorMode_RBV`` must say that it is no colour image. Nothing is ever written to a PV: acquisition and
array callbacks are switched on elsewhere.
"""

import time
from collections.abc import Mapping
from typing import Any

from pyca.core.errors import SourceError
from pyca.images.image import Size
from pyca.sources.channel_access.camera import ChannelAccessCamera
from pyca.sources.channel_access.choice import LIBRARIES
from pyca.sources.channel_access.client import Update
from pyca.sources.channel_access.images import image, pixels, whole, words
from pyca.sources.channel_access.watch import Arrived, Watch
from pyca.sources.epics import MARGIN, prefix_of
from pyca.sources.frame import Frame
from pyca.sources.options import Option, choice
from pyca.sources.source import OFFLINE_SECONDS

OPTIONS = (Option("library", "auto", choice(*LIBRARIES)),)

_SIZES = (("ArraySize0_RBV", "ArraySize1_RBV"), ("ArraySizeX_RBV", "ArraySizeY_RBV"))
_FURTHER = 0.3
"""seconds after which PVs that not every version has are no longer waited for"""
_ID_LATE = 0.2
"""seconds for the id of an image that came before it"""
_MEANINGS = {
    "INT8": "i1",
    "UINT8": "u1",
    "INT16": "i2",
    "UINT16": "u2",
    "INT32": "i4",
    "UINT32": "u4",
    "FLOAT32": "f4",
    "FLOAT64": "f8",
}
_MONO = ("", "MONO", "0")


def make(source: str, options: Mapping[str, Any]) -> "AreaDetectorCamera":
    """Return a camera that is not connected yet.

    :param source: the prefix of the plugin, with or without the colon at its end
    :raises SourceError: where it cannot be one
    """
    return AreaDetectorCamera(prefix_of(source), library=options["library"])


class AreaDetectorCamera(ChannelAccessCamera):
    """See :class:`pyca.sources.source.Source`.

    :param prefix: of the plugin's PVs, without the colon
    :param library: see :func:`pyca.sources.channel_access.choice.connect`
    """

    def __init__(self, prefix: str, *, library: str = "auto") -> None:
        def pv(name: str) -> str:
            return f"{prefix}:{name}"

        self._id = pv("UniqueId_RBV")
        self._dimensions = pv("NDimensions_RBV")
        self._colour = pv("ColorMode_RBV")
        self._type = pv("DataType_RBV")
        self._sizes = tuple((pv(width), pv(height)) for width, height in _SIZES)
        numbers = (*(name for pair in self._sizes for name in pair), self._dimensions, self._id)
        super().__init__(prefix, library, pv("ArrayData"), numbers, (self._colour, self._type))
        self._last_id: int | None = None
        self._skipped = 0
        self._ids_go_on = True

    def open(self) -> None:
        """See :class:`pyca.sources.source.Source`. Loading the library comes on top the first time."""
        if self._watch is None:
            self._last_id, self._skipped, self._ids_go_on = None, 0, True
        super().open()

    @property
    def lost(self) -> int:
        """See :class:`pyca.sources.source.Source`. From the ids, where the camera has some."""
        if self._watch is None:
            return 0
        return self._watch.lost if self._last_id is None else self._skipped

    def _find(self, watch: Watch) -> None:
        deadline = time.monotonic() + OFFLINE_SECONDS - MARGIN
        if not watch.wait(lambda: watch.connected(self._image), deadline - time.monotonic()):
            raise self._offline()
        watch.wait(lambda: self._pair(watch.facts()) is not None, deadline - time.monotonic())
        others = (self._dimensions, self._id, self._colour, self._type)
        further = min(_FURTHER, deadline - time.monotonic())
        watch.wait(lambda: all(watch.said(pv) for pv in others), further)
        self._size(watch.facts())

    def _frame(self, watch: Watch, arrived: Arrived) -> Frame:
        update = arrived.update
        number = self._counted(watch, update)
        meaning = _MEANINGS.get(words(watch.newest(self._type)).upper())
        picture = image(self._image, update, watch.fitting(arrived, self._size), meaning)
        if meaning == "i1":
            picture = picture.astype("i2")
        return Frame(picture, update.nanoseconds, number)

    def _pair(self, facts: Mapping[str, Update]) -> tuple[str, str] | None:
        """Return the PVs that say the size: the first two that are there and do not say 0."""
        there = [pair for pair in self._sizes if set(pair) <= facts.keys()]
        sized = [pair for pair in there if all(whole(pv, facts[pv]) for pv in pair)]
        return next(iter(sized or there), None)

    def _size(self, facts: Mapping[str, Update]) -> Size:
        colour = words(facts.get(self._colour))
        if colour.upper() not in _MONO:
            raise SourceError(
                f"{self._colour} says {colour}: only mono images can be taken",
                "let NDPluginColorConvert make mono ones of them",
            )
        if self._dimensions in facts:
            dimensions = whole(self._dimensions, facts[self._dimensions])
            if dimensions not in (0, 2):
                raise SourceError(f"{self._dimensions} says {dimensions}, 2 are expected: a mono image")
        pair = self._pair(facts)
        if pair is None:
            raise SourceError(f"{' and '.join(self._sizes[0])}: no answer, though {self._image} is there")
        return pixels(pair[0], facts[pair[0]]), pixels(pair[1], facts[pair[1]])

    def _counted(self, watch: Watch, update: Update) -> int | None:
        """Return the id of an image, None where there is none, and count those that are missing before it.

        It is another PV: what that said at the nearest time is taken, and not twice.
        """
        if watch.newest(self._id) is None:
            return None
        late = _ID_LATE if self._ids_go_on else 0.0
        self._ids_go_on = watch.wait(lambda: self._nearest(watch, update) != self._last_id, late)
        if not self._ids_go_on:
            return None
        number = self._nearest(watch, update)
        if self._last_id is not None and number > self._last_id:
            self._skipped += number - self._last_id - 1
        self._last_id = number
        return number

    def _nearest(self, watch: Watch, update: Update) -> int:
        said = watch.said(self._id)
        nearest = min(reversed(said), key=lambda one: abs(one.nanoseconds - update.nanoseconds))
        return whole(self._id, nearest)
