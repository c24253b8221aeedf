"""Has backgrounds collected, for whoever waits for them."""

import threading
from typing import Any

from pyca.core.clock import Clock
from pyca.core.errors import BusyError, ImagingError, SourceError
from pyca.folders.names import checked, shown
from pyca.instances import faults
from pyca.instances.logs import from_instance
from pyca.pipeline.control.camera_server import CameraServer
from pyca.pipeline.control.collect import SILENCE_SECONDS
from pyca.runtime.channel import ChannelClosedError, close_files
from pyca.runtime.nursery import Nursery, Ward

USUAL = 10
"""images, where nobody says how many"""
MOST = 100_000
_MOST_AT_ONCE = 16
_SPARE_SECONDS = 20.0
"""beyond what a camera may be silent: for a process to begin, and to save"""
_NO_NUMBER = "n_images must be a number."


class Collector:
    """Collects backgrounds, each in a process of its own: nobody else waits for it. Thread-safe.

    :param backgrounds: folder in which they are saved
    """

    def __init__(self, nursery: Nursery, cameras: CameraServer, backgrounds: str, clock: Clock) -> None:
        self._clock = clock
        self._nursery = nursery
        self._cameras = cameras
        self._backgrounds = backgrounds
        self._places = threading.BoundedSemaphore(_MOST_AT_ONCE)

    def collect(self, camera: str, n_images: object = USUAL) -> str:
        """Return the id of the mean of some images of a camera, once they have come.

        :param camera: its name, or an alias
        :raises ImagingError: where ``n_images`` is no number of images
        :raises UnknownNameError: where there is no such camera
        :raises SourceError: where it delivers nothing
        :raises BusyError: where too many are being collected
        :raises MachineError: where the camera server does not answer, or the image cannot be saved
        """
        wanted, camera = number_of(n_images), checked(camera, "camera")
        if not self._places.acquire(blocking=False):
            text = f"Too many at once: {_MOST_AT_ONCE} backgrounds are being collected"
            raise BusyError(text, "try again later")
        try:
            address = self._cameras.stream(camera)
            # Messages name a background by the camera's own name, whatever it was called here.
            return self._collected(self._cameras.resolve(camera), address, wanted)
        finally:
            self._places.release()

    def _collected(self, camera: str, address: str, wanted: int) -> str:
        argument = {
            "camera": camera,
            "address": address,
            "n_images": wanted,
            "seconds": self._clock.now(),
            "backgrounds": self._backgrounds,
        }
        ward = self._nursery.spawn("background", argument, title=f"background:{camera}")
        try:
            return self._answer(camera, ward)
        finally:
            ward.channel.close()
            if not ward.gone.wait(1.0):
                self._nursery.kill(ward)

    def _answer(self, camera: str, ward: Ward) -> str:
        seconds = SILENCE_SECONDS + _SPARE_SECONDS
        try:
            while (found := ward.channel.receive(seconds)) is not None:
                message, files = found
                close_files(files)
                if "answer" in message:
                    return str(message["answer"])
                if "failed" in message:
                    raise faults.restored(message["failed"])
                if "log" in message:
                    from_instance("pipeline", f"background:{camera}", message)
        except ChannelClosedError:
            ward.gone.wait(1.0)
            raise ward.refused or ImagingError(
                f"The process that collects a background of camera {camera} has ended", "its log tells why"
            ) from None
        raise SourceError(f"The background of camera {camera} is not there after {seconds:g} s of silence")


def number_of(n_images: Any) -> int:
    """Return how many images are wanted.

    :param n_images: a number or its digits; None for the usual
    :raises ImagingError: where it is none
    """
    if n_images is None:
        return USUAL
    try:
        number = int(n_images)
    except (TypeError, ValueError, OverflowError):
        raise ImagingError(_NO_NUMBER, f"Found {shown(n_images)}.") from None
    if isinstance(n_images, bool) or (isinstance(n_images, float) and number != n_images):
        raise ImagingError(_NO_NUMBER, f"Found {shown(n_images)}.")
    if not 1 <= number <= MOST:
        raise ImagingError(f"n_images: found {shown(number)}, expected a number from 1 to {MOST}.")
    return number
