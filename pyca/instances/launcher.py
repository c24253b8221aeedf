"""Begins the processes of instances."""

import os
from collections.abc import Callable, Mapping
from typing import Any, Generic

from pyca.core.errors import BusyError
from pyca.instances.configured import C
from pyca.instances.ports import Address
from pyca.instances.running import STOP_SECONDS, Running
from pyca.instances.statistics import Statistics, memory
from pyca.runtime.nursery import Nursery


class Launcher(Generic[C]):
    """Begins processes of instances.

    :param hear: adds a process to those that are listened to
    :param noun: what an instance is one of, such as “camera”
    :param argument: what is told to each process beside its name, configuration and address
    :param stop_seconds: that a process with a configuration gets to end before it is killed
    """

    def __init__(
        self,
        nursery: Nursery,
        hear: Callable[[Running[C]], None],
        noun: str,
        argument: Mapping[str, Any],
        stop_seconds: Callable[[C], float] = lambda _: STOP_SECONDS,
    ) -> None:
        self._stop_seconds = stop_seconds
        self._nursery = nursery
        self._hear = hear
        self._noun = noun
        self._argument = argument

    def launch(self, configuration: C, address: Address, port: int, *, patient: bool) -> Running[C]:
        """Begin one; whether it succeeds is known later.

        :param patient: whether a source that is offline is waited for
        :raises BusyError: where no process can be made
        """
        descriptor = self._memory()
        try:
            statistics = Statistics(descriptor)
            argument = {
                **self._argument,
                "name": configuration.name,
                "configuration": configuration.as_json(),
                "address": address.bind,
                "beside": address.beside,
                "patient": patient,
            }
            ward = self._nursery.spawn(
                "instance", argument, [descriptor], f"{self._noun}:{configuration.name}"
            )
        finally:
            os.close(descriptor)
        seconds = self._stop_seconds(configuration)
        running = Running(configuration, address, port, ward, statistics, self._noun, seconds)
        self._hear(running)
        return running

    def _memory(self) -> int:
        try:
            return memory()
        except OSError as error:
            text = f"There is no memory for a further {self._noun}: {error.strerror}"
            raise BusyError(text) from error
