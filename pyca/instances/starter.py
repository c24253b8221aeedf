"""Gives a slot a process and takes it away."""

from collections.abc import Iterable
from typing import Generic

from pyca.core.errors import BusyError, ImagingError, PycaError
from pyca.instances.configured import C
from pyca.instances.launcher import Launcher
from pyca.instances.places import Places
from pyca.instances.ports import EXHAUSTED, taken
from pyca.instances.running import Running
from pyca.instances.slot import Slot
from pyca.runtime.nursery import Nursery


class Starter(Generic[C]):
    """Begins and ends processes. Each method only while the slot is held.

    :param places: gives out the streams' addresses
    :param noun: what an instance is one of, such as “camera”
    """

    def __init__(self, launcher: Launcher[C], nursery: Nursery, places: Places, noun: str) -> None:
        self._launcher = launcher
        self._nursery = nursery
        self._places = places
        self._noun = noun

    def begin(self, slot: Slot[C], configuration: C, port: int) -> Running[C]:
        """Begin the process of a slot that has none; returns once it is known that it could.

        :param port: the one that it had and that is still there, 0 for any
        :raises PycaError: where it cannot begin
        """
        slot.failures = 0
        for address, number in self._places.find(configuration, port):
            try:
                running = self._launcher.launch(configuration, address, number, patient=False)
            except ImagingError:
                self._places.release(number)
                raise
            slot.running = running
            try:
                running.wait_until_known()
            except BusyError:
                self.clear(slot)
                if running.ward.refused is not None or number == 0:
                    raise
                if configuration.port:
                    raise taken(configuration.port, self._noun) from None
            except PycaError:
                self.clear(slot)
                raise
            else:
                return running
        raise BusyError(EXHAUSTED)

    def again(self, slot: Slot[C], before: Running[C], configuration: C) -> None:
        """Begin a process in the place of one that has crashed; whether it succeeds is known later.

        :raises BusyError: where no process can be made
        """
        before.close()
        slot.running = self._launcher.launch(configuration, before.address, before.port, patient=True)
        slot.running.needed = before.last_needed()

    def abandon(self, slots: Iterable[Slot[C]]) -> None:
        """End the processes that have not begun yet, so that nobody waits for them. Without their slots."""
        for slot in slots:
            running = slot.running
            if running is not None and not running.known.is_set():
                self._nursery.kill(running.ward)

    def clear(self, slot: Slot[C]) -> None:
        """Have a slot without a process."""
        running, slot.running, slot.again = slot.running, None, 0.0
        if running is not None:
            running.stop(self._nursery)
            running.close()
            self._places.release(running.port)
