"""Asks cameras that do not run."""

from typing import Any

from pyca.camera.files.configuration import Configuration
from pyca.core.errors import ImagingError, SourceError
from pyca.instances import faults
from pyca.instances.logs import from_instance
from pyca.runtime.channel import ChannelClosedError, close_files
from pyca.runtime.nursery import Nursery, Ward

_SPARE_SECONDS = 10.0
"""for a process to begin and a camera to answer, beyond what a question may take"""


class Prober:
    """Has a process ask a camera, which ends with the answer.

    :param backgrounds: folder of background images
    """

    def __init__(self, nursery: Nursery, backgrounds: str) -> None:
        self._nursery = nursery
        self._backgrounds = backgrounds

    def ask(
        self, configuration: Configuration, what: str, *, raw: bool = False, timeout: float = 0.0
    ) -> tuple[dict[str, Any], list[int]]:
        """Return the answer and the files that came with it, which are the caller's.

        :param what: online, geometry or snapshot
        :param timeout: seconds that the camera may take for an image
        :raises OfflineError: where the camera does not answer
        :raises SourceError: where it delivers nothing usable
        :raises BusyError: where no process can be made
        """
        argument = {
            "name": configuration.name,
            "configuration": configuration.as_json(),
            "backgrounds": self._backgrounds,
            "what": what,
            "raw": raw,
            "timeout": timeout,
        }
        ward = self._nursery.spawn("probe", argument, title=f"probe:{configuration.name}")
        try:
            return self._answer(configuration.name, ward, timeout + _SPARE_SECONDS)
        finally:
            ward.channel.close()
            if not ward.gone.wait(1.0):
                self._nursery.kill(ward)

    def _answer(self, name: str, ward: Ward, timeout: float) -> tuple[dict[str, Any], list[int]]:
        try:
            while (found := ward.channel.receive(timeout)) is not None:
                message, files = found
                if "answer" in message:
                    return message, files
                close_files(files)
                if "failed" in message:
                    raise faults.restored(message["failed"])
                from_instance("camera", name, message)
        except ChannelClosedError:
            ward.gone.wait(1.0)
            raise ward.refused or ImagingError(
                f"The process that asks camera {name} has ended without an answer", "its log tells why"
            ) from None
        raise SourceError(f"Camera {name} delivered nothing within {timeout:g} s")
