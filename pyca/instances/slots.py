"""The table of instances: a place for each that runs or that somebody is about to start or stop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic

from pyca.instances.configured import C
from pyca.instances.running import Running
from pyca.instances.slot import Slot


class Slots(Generic[C]):
    """All who start and stop one instance hold the lock of the same slot. Thread-safe.

    A slot is there for as long as it has a process or somebody uses it, so that names that come once and
    never again leave nothing behind.
    """

    def __init__(self) -> None:
        self._slots: dict[str, Slot[C]] = {}
        self._lock = threading.Lock()
        """for the table and for who uses what"""

    def enter(self, name: str) -> Slot[C]:
        """Return an instance's slot, which stays the same until everybody has left it. Locks nothing."""
        with self._lock:
            slot = self._slots.setdefault(name, Slot(name))
            slot.users += 1
            return slot

    def leave(self, slot: Slot[C]) -> None:
        """Be done with a slot."""
        with self._lock:
            slot.users -= 1
            if not slot.users and slot.running is None:
                del self._slots[slot.name]

    @contextmanager
    def hold(self, name: str) -> Iterator[Slot[C]]:
        """Have an instance's slot alone, also its name's that does not run; by one thread several times."""
        slot = self.enter(name)
        try:
            with slot.lock:
                yield slot
        finally:
            self.leave(slot)

    def get(self, name: str) -> Slot[C] | None:
        """Return an instance's slot where there is one."""
        with self._lock:
            return self._slots.get(name)

    def everything(self) -> list[Slot[C]]:
        """Return all slots that are there now."""
        with self._lock:
            return list(self._slots.values())

    def running(self) -> dict[str, Running[C]]:
        """Return all processes that run, by name."""
        slots = self.everything()
        return {slot.name: one for slot in slots if (one := slot.running) is not None and one.runs()}

    def enter_those_due(self) -> list[Slot[C]]:
        """Return the slots that have a process and that nobody looks after; each has to be left."""
        with self._lock:
            slots = [slot for slot in self._slots.values() if slot.running is not None and not slot.busy]
            for slot in slots:
                slot.users += 1
            return slots
