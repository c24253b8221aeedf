"""Collects the background of a camera: the mean of some of its images, in a process of its own."""

import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.receiver import Receiver
from pyca.core.errors import PycaError, SourceError, WireError
from pyca.images.backgrounds import Backgrounds
from pyca.images.image import Image
from pyca.instances import faults
from pyca.instances.logs import to_server
from pyca.runtime.channel import Channel, ChannelClosedError

SILENCE_SECONDS = 10.0
"""without an image, after which the camera is given up"""
_WORD_SECONDS = 1.0
"""between two words to the server, which sees by them that there is a process"""
_SMALL = np.dtype(np.uint16)


def run(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    """Collect one background, save it and tell its id.

    :param argument: ``camera``, ``address`` of its stream, ``n_images``, ``backgrounds`` (folder), and
        ``seconds`` since 1970 UTC, for its id
    """
    to_server(channel)
    try:
        image = collected(channel, argument["camera"], argument["address"], argument["n_images"])
        kept = Backgrounds(Path(argument["backgrounds"]))
        name = kept.collect(argument["camera"], image, argument["seconds"])
        channel.send({"answer": name})
    except PycaError as error:
        channel.send({"failed": faults.described(error)})
    except ChannelClosedError:
        return 0
    return 0


def collected(channel: Channel, camera: str, address: str, wanted: int) -> Image:
    """Return the mean of some images of a camera: (height, width).

    :param channel: to the server, which is told now and then how many there are
    :param address: of the camera's stream
    :param wanted: how many images
    :raises SourceError: where none comes for :data:`SILENCE_SECONDS`, or the images change their size
    :raises ChannelClosedError: where nobody waits for it any more
    """
    receiver = Receiver(address, high_water_mark=2, newest=True)
    receiver.open()
    try:
        mean = Mean(camera)
        heard = told = time.monotonic()
        while mean.count < wanted:
            image = _next(receiver)
            now = time.monotonic()
            if image is not None:
                heard = now
                mean.add(image)
            elif now - heard > SILENCE_SECONDS:
                raise SourceError(
                    f"Camera {camera} delivered no image within {SILENCE_SECONDS:g} s, "
                    f"{mean.count} of {wanted} have come"
                )
            if now - told >= _WORD_SECONDS:
                told = now
                channel.send({"progress": mean.count})
        return mean.image()
    finally:
        receiver.close()


def _next(receiver: Receiver) -> NDArray[Any] | None:
    try:
        message = receiver.receive(_WORD_SECONDS)
    except WireError:
        # The next one is behind it.
        return None
    if message is None or message.values.get("image") is None:
        return None
    image = np.asarray(message.values["image"])
    # One pixel alone, or one row, is a number or a list in this protocol.
    return np.atleast_2d(image) if image.ndim < 2 else image


class Mean:
    """The mean of images.

    :param camera: whose images they are
    """

    def __init__(self, camera: str) -> None:
        self._camera = camera
        self.count = 0
        self._sum: NDArray[Any] | None = None
        self._dtype = _SMALL

    def add(self, image: Image) -> None:
        """Add one: (height, width).

        :raises SourceError: where it has another size than those before, or another type
        """
        if self._sum is None:
            self._dtype = image.dtype
            self._sum = np.zeros(image.shape, np.float64 if image.dtype.kind == "f" else np.int64)
        if image.shape != self._sum.shape or image.dtype != self._dtype:
            raise SourceError(
                f"The images of camera {self._camera} have changed while a background was collected: "
                f"found {_described(image.shape, image.dtype)}, "
                f"expected {_described(self._sum.shape, self._dtype)}"
            )
        self._sum += image
        self.count += 1

    def image(self) -> Image:
        """Return the mean, rounded: of uint8 and uint16 as uint16, of all others in their own type."""
        assert self._sum is not None
        if self._dtype.kind == "f":
            return np.asarray(self._sum / self.count).astype(self._dtype)
        kept = _SMALL if self._dtype in (np.uint8, np.uint16) else self._dtype
        return np.rint(self._sum / self.count).astype(kept)


def _described(shape: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    height, width = shape
    return f"{width} x {height} pixels of {dtype.name}"
