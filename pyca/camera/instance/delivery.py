"""From the frames of a camera to messages of its stream."""

import time

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.message import Value
from pyca.bsread.sender import Sender
from pyca.camera.files.configuration import Configuration
from pyca.camera.image.axes import axes
from pyca.camera.image.transform import Transform
from pyca.images.image import Image, Size
from pyca.images.snapshot import Snapshot
from pyca.instances.statistics import Figures
from pyca.sources.frame import Frame

_BEHIND = 0.25
"""share of a frame's time by which one may come early and still be in time"""


class Delivery:
    """Transforms frames and sends them, with axes and pulse ids.

    :param figures: what is counted
    """

    def __init__(
        self, configuration: Configuration, background: Image | None, sender: Sender, figures: Figures
    ) -> None:
        self._sender = sender
        self._figures = figures
        self._pulse_id = 0
        self._shape: tuple[int, ...] = ()
        """of the camera's images"""
        self._header_changes = 0
        self._encoder = Encoder()
        self.configure(configuration, background)

    def configure(self, configuration: Configuration, background: Image | None) -> None:
        """Do as a configuration says from the next frame on.

        :param background: that is subtracted
        """
        self._configuration = configuration
        self._transform = Transform(configuration, background)
        # A camera that can be told its rate keeps to it by itself.
        wanted = None if "frame_rate" in configuration.options else configuration.frame_rate
        self._interval = int(1e9 / wanted) if wanted else 0
        self._due = 0
        if self._shape:
            # Who asks for the size from now on means that of the next frame.
            self._look_at(self._shape)
        self._header_changes += self._encoder.header_changes
        self._encoder = Encoder(
            Compression(
                scalars=configuration.scalar_compression or "",
                header=configuration.data_header_compression or "",
                channels={"image": configuration.image_compression or ""},
            ),
            scalar_shape=False,
        )

    def deliver(self, frame: Frame) -> Snapshot | None:
        """Send a frame; returns it as it was sent, None where it was left out.

        :raises SourceError: where it is no image
        :raises WireError: where one of its further channels cannot be sent
        """
        figures = self._figures
        if self._interval and not self._in_time(frame.nanoseconds):
            figures.skipped += 1
            return None
        image = self._transform.apply(frame.image)
        if frame.image.shape != self._shape:
            self._look_at(frame.image.shape)
        pulse_id = self._next_pulse_id(frame)
        shown = Snapshot(image, self._x_axis, self._y_axis, pulse_id, frame.nanoseconds)
        height, width = image.shape
        values: dict[str, Value] = {
            "width": width,
            "height": height,
            "timestamp": frame.nanoseconds / 1e9,
            "image": image,
            "x_axis": self._x_axis,
            "y_axis": self._y_axis,
        }
        for name, value in frame.channels.items():
            values.setdefault(name, value)
        self._sender.send_parts(self._encoder.encode(pulse_id, frame.nanoseconds, values))
        figures.sent = self._sender.sent
        figures.dropped = self._sender.dropped
        figures.total_bytes = self._sender.sent_bytes
        figures.header_changes = self._header_changes + self._encoder.header_changes
        figures.pixel_bytes = image.itemsize
        figures.latency = (time.time_ns() - frame.nanoseconds) / 1e9
        return shown

    @property
    def trouble(self) -> str:
        """What is wrong with the last image that was sent; empty where nothing is."""
        return self._transform.trouble

    def size_after(self, size: Size) -> Size:
        """Return width and height of what is sent, where the camera's images have the given ones."""
        return self._transform.size_after(size)

    def _look_at(self, shape: tuple[int, ...]) -> None:
        """Note the shape of the camera's images, and with it all that follows from it."""
        self._shape = shape
        height, width = shape
        self._x_axis, self._y_axis = axes(self._configuration, (width, height))
        self._figures.width, self._figures.height = self._transform.size_after((width, height))

    def _next_pulse_id(self, frame: Frame) -> int:
        if frame.pulse_id is not None:
            return frame.pulse_id
        if self._configuration.simulate_pulse_id:
            return frame.nanoseconds // 10_000_000
        self._pulse_id += 1
        return self._pulse_id - 1

    def _in_time(self, nanoseconds: int) -> bool:
        """Tell whether the next frame is due."""
        if nanoseconds < self._due - self._interval * _BEHIND:
            return False
        # From when it was due and not from when it came, or the rate would be lower than wanted.
        due = self._due + self._interval
        self._due = due if due > nanoseconds else nanoseconds + self._interval
        return True


def as_delivered(frame: Frame) -> Snapshot:
    """Return a frame as the camera delivered it."""
    height, width = frame.image.shape
    return Snapshot(frame.image, _pixels(width), _pixels(height), frame.pulse_id or 0, frame.nanoseconds)


def _pixels(number: int) -> NDArray[np.float32]:
    """Return the axis of an image without calibration."""
    return np.arange(number, dtype=np.float32)
