"""Begins the processes of cameras."""

import os
from collections.abc import Callable

from pyca.camera.control.ports import Address
from pyca.camera.control.running import Running
from pyca.camera.files.configuration import Configuration
from pyca.camera.instance.statistics import Statistics, memory
from pyca.core.errors import CameraBusyError
from pyca.runtime.nursery import Nursery


class Launcher:
    """Begins processes of cameras.

    :param hear: adds a process to those that are listened to
    :param backgrounds: folder of background images
    """

    def __init__(self, nursery: Nursery, hear: Callable[[Running], None], backgrounds: str) -> None:
        self._nursery = nursery
        self._hear = hear
        self._backgrounds = backgrounds

    def launch(self, configuration: Configuration, address: Address, port: int, *, patient: bool) -> Running:
        """Begin one; whether it succeeds is known later.

        :param patient: whether a camera that is offline is waited for
        :raises CameraBusyError: where no process can be made
        """
        descriptor = _memory()
        try:
            statistics = Statistics(descriptor)
            argument = {
                "name": configuration.name,
                "configuration": configuration.as_json(),
                "address": address.bind,
                "backgrounds": self._backgrounds,
                "patient": patient,
            }
            ward = self._nursery.spawn("instance", argument, [descriptor], f"camera:{configuration.name}")
        finally:
            os.close(descriptor)
        running = Running(configuration, address, port, ward, statistics)
        self._hear(running)
        return running


def _memory() -> int:
    try:
        return memory()
    except OSError as error:
        raise CameraBusyError(f"There is no memory for a further camera: {error.strerror}") from error
