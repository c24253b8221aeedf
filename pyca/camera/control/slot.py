"""One camera's place among the instances."""

import threading
import time
from dataclasses import dataclass, field

from pyca.camera.control.running import Running
from pyca.camera.files.configuration import Configuration
from pyca.core.errors import PycaError


@dataclass
class Slot:
    """One camera's place among the instances.

    :param lock: held by whoever starts, stops or changes its process
    """

    name: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    running: Running | None = None
    failures: int = 0
    """crashes in a row"""
    attempts: int = 0
    """to start it for somebody, that are over"""
    fault: dict[str, str] | None = None
    """of the last one of them, in words: an exception would keep all that its request was doing"""
    busy: bool = False
    """whether one of our threads looks after it"""
    again: float = 0.0
    """when it is started again after a crash, by the monotonic clock; 0 where it is not"""


def runs(running: Running) -> bool:
    """Tell whether its stream is there."""
    return running.started and not running.stopping and not running.ended.is_set()


def is_due(slot: Slot, written: Configuration | PycaError | None) -> bool:
    """Tell whether a slot has to be looked after.

    :param written: the configuration that stands in its file, or what is wrong with it
    """
    running = slot.running
    if running is None:
        return False
    if slot.again:
        return time.monotonic() >= slot.again
    return running.ended.is_set() or (runs(running) and written != running.configuration)
