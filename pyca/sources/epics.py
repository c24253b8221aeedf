"""Cameras by EPICS Channel Access: five process variables (PVs) with a common prefix.

``P:INIT`` says whether the camera is ready, ``P:WIDTH`` and ``P:HEIGHT`` the size of its images, and each
update of the waveform ``P:FPICTURE`` is one, row by row. ``P:BSREADCONFIG`` is for cameras that send bsread
themselves, and not asked for here. Nothing is ever written to a PV.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any

from pyca.core.errors import SourceError
from pyca.images.image import KINDS, Size
from pyca.sources.channel_access.camera import ChannelAccessCamera
from pyca.sources.channel_access.choice import LIBRARIES
from pyca.sources.channel_access.client import Update
from pyca.sources.channel_access.images import image, pixels, words
from pyca.sources.channel_access.watch import Arrived, Watch
from pyca.sources.frame import Frame
from pyca.sources.options import Option, choice
from pyca.sources.source import OFFLINE_SECONDS

logger = logging.getLogger(__name__)

MARGIN = 0.1
"""seconds of :data:`pyca.sources.source.OFFLINE_SECONDS` that are left for what follows"""


def _dtype(value: Any) -> str:
    names = [kind.name for kind in KINDS]
    return "" if value is None or value in names else f"one of {', '.join(names)} or null"


OPTIONS = (
    Option("library", "auto", choice(*LIBRARIES)),
    Option("dtype", None, _dtype),
)


def make(source: str, options: Mapping[str, Any]) -> "EpicsCamera":
    """Return a camera that is not connected yet.

    :param source: the prefix, without the colon
    :raises SourceError: where it cannot be one
    """
    prefix = prefix_of(source)
    return EpicsCamera(prefix, library=options["library"], dtype=options["dtype"])


def prefix_of(source: str) -> str:
    """Return the prefix without the colon at its end.

    :raises SourceError: where it cannot be one
    """
    prefix = source.strip().removesuffix(":")
    if not prefix or not prefix.isprintable() or not prefix.isascii() or " " in prefix or len(prefix) > 40:
        raise SourceError(f"“{source}” is no prefix of PVs", "such as MY:CAMERA, for MY:CAMERA:FPICTURE")
    return prefix


def _is_ready(said: str) -> bool:
    """Return whether that is what ``P:INIT`` says of a camera that is ready.

    It is the word of its record, or the number of a plain one, with as many digits as the IOC shows.
    """
    try:
        return float(said) == 1
    except ValueError:
        return said.upper() == "INIT"


class EpicsCamera(ChannelAccessCamera):
    """See :class:`pyca.sources.source.Source`.

    :param prefix: of its PVs, without the colon
    :param library: see :func:`pyca.sources.channel_access.choice.connect`
    :param dtype: what the elements of the image mean, such as uint16 where a record of unsigned short
        integers comes as long ones. None: char is uint8, short is uint16, and long, float and double are what
        they are
    """

    def __init__(self, prefix: str, *, library: str = "auto", dtype: str | None = None) -> None:
        self._dtype = dtype
        self._ready, self._width, self._height, picture = (
            f"{prefix}:{name}" for name in ("INIT", "WIDTH", "HEIGHT", "FPICTURE")
        )
        super().__init__(prefix, library, picture, (self._width, self._height), (self._ready,))

    @property
    def lost(self) -> int:
        """See :class:`pyca.sources.source.Source`. What the IOC itself leaves out is not known."""
        return self._watch.lost if self._watch else 0

    def _find(self, watch: Watch) -> None:
        deadline = time.monotonic() + OFFLINE_SECONDS - MARGIN
        watch.wait(lambda: bool(watch.said(self._ready)), deadline - time.monotonic())
        said = watch.newest(self._ready)
        if said is None or not _is_ready(words(said)):
            if said is not None:
                logger.warning("%s says “%s”, INIT is expected", self._ready, words(said))
            raise self._offline()

        def missing() -> list[str]:
            facts = [pv for pv in (self._width, self._height) if not watch.said(pv)]
            return [*facts, *([] if watch.connected(self._image) else [self._image])]

        watch.wait(lambda: not missing(), deadline - time.monotonic())
        if missing():
            raise SourceError(f"{' and '.join(missing())}: no answer, though {self._ready} is there")
        self._size(watch.facts())

    def _frame(self, watch: Watch, arrived: Arrived) -> Frame:
        size = watch.fitting(arrived, self._size)
        picture = image(self._image, arrived.update, size, self._dtype)
        return Frame(picture, arrived.update.nanoseconds)

    def _size(self, facts: Mapping[str, Update]) -> Size:
        return pixels(self._width, facts[self._width]), pixels(self._height, facts[self._height])
