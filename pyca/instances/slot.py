"""One instance's place among all."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

from pyca.core.errors import BusyError, PycaError
from pyca.instances.configured import C
from pyca.instances.running import Running

logger = logging.getLogger(__name__)


@dataclass
class Slot(Generic[C]):
    """One instance's place among all.

    :param lock: held by whoever starts, stops or changes its process
    """

    name: str
    lock: threading.RLock = field(default_factory=threading.RLock)
    running: Running[C] | None = None
    users: int = 0
    """who hold it or wait for it; changed by its table alone"""
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
    late: bool = False
    """whether what it shall be has changed while its process was beginning"""


def is_due(slot: Slot[C], written: C | PycaError | None, *, follows: bool) -> bool:
    """Tell whether a slot has to be looked after.

    :param written: the configuration that stands in its file, or what is wrong with it
    :param follows: whether it does what stands in its file
    """
    running = slot.running
    if running is None:
        return False
    if slot.again:
        return time.monotonic() >= slot.again
    if slot.late and running.runs():
        return True
    return running.ended.is_set() or (follows and running.runs() and written != running.configuration)


def catch_up(slot: Slot[C], apply: Callable[[str], None], titled: str) -> None:
    """Have a process do what has changed while it was beginning.

    :param apply: has an instance of a name do as it shall
    :param titled: what it is, for the log
    """
    slot.late = False
    try:
        apply(slot.name)
    except PycaError as error:
        logger.error("%s %s does not take a change: %s", titled, slot.name, error)


def present(name: str) -> BusyError:
    """Return the error for a name that an instance has which runs."""
    return BusyError(
        f"Instance with id '{name}' is already present and running. "
        "Use another instance_id or stop the current instance if you want to reuse the same instance_id."
    )
