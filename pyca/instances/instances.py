"""All instances of a server: one process for each that somebody wants."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Generic

from pyca.core.backoff import Backoff
from pyca.core.errors import BusyError, ImagingError, PycaError, UnknownNameError
from pyca.instances import faults
from pyca.instances.configured import C
from pyca.instances.launcher import Launcher
from pyca.instances.places import Places
from pyca.instances.ports import EXHAUSTED, Address, taken
from pyca.instances.running import START_SECONDS, EndedError, Running
from pyca.instances.slot import Slot, is_due
from pyca.instances.together import MOST_AT_ONCE, together
from pyca.runtime.nursery import Nursery
from pyca.runtime.signals import signal_name

logger = logging.getLogger(__name__)

AGAIN = Backoff(first=0.2, limit=30.0)
"""before a process that has crashed is started again"""
SETTLED_SECONDS = 60.0
"""after which it counts as having run well"""


class Instances(Generic[C]):
    """Starts, watches, changes and stops processes of instances. May be used by any thread.

    No instance waits for another one. The table only grows: each name keeps its slot, so that all who start
    and stop one instance hold the same lock.

    :param read: returns the configuration that an instance of a name shall have
    :param places: gives out the streams' addresses
    :param noun: what an instance is one of, such as “camera”
    :param written: returns what stands in the files that the instances follow when they are changed by hand,
        or what is wrong there; None where instances follow no files
    """

    def __init__(
        self,
        read: Callable[[str], C],
        launcher: Launcher[C],
        nursery: Nursery,
        places: Places,
        *,
        noun: str,
        written: Callable[[], Mapping[str, C | PycaError]] | None = None,
    ) -> None:
        self._read = read
        self._written = written
        self._noun = noun
        self._titled = noun.capitalize()
        self._launcher = launcher
        self._nursery = nursery
        self._places = places
        self._slots: dict[str, Slot[C]] = {}
        self._lock = threading.Lock()
        """for the table of slots"""
        self._workers = ThreadPoolExecutor(MOST_AT_ONCE, "instance")
        """look after slots; none of them waits for another one"""

    def stream(self, name: str) -> Address:
        """Return where an instance's stream is; it is started where it does not run.

        :raises PycaError: where it cannot be started
        """
        slot = self._slot(name)
        running = slot.running
        if running is not None and running.usable():
            return running.address
        attempts = slot.attempts
        with slot.lock:
            running = slot.running
            if running is not None:
                # One that was just started again after a crash may not be known yet.
                running.known.wait(START_SECONDS)
                if running.usable():
                    return running.address
            if slot.fault is not None and slot.attempts != attempts:
                # Somebody else's attempt failed while this one waited for it: it would fail too.
                raise faults.restored(slot.fault)
            kept = running.port if running is not None else 0
            self._clear(slot)
            return self._attempt(slot, self._read(name), kept).address

    def running(self) -> dict[str, Running[C]]:
        """Return all that run, by name."""
        with self._lock:
            slots = list(self._slots.values())
        return {slot.name: one for slot in slots if (one := slot.running) is not None and one.runs()}

    def is_over(self, name: str) -> bool:
        """Tell whether an instance was stopped; one that crashed is started again, and is not over."""
        slot = self._slots.get(name)
        if slot is None:
            return True
        # Whoever has it now may be starting it anew.
        if not slot.lock.acquire(blocking=False):
            return False
        try:
            return slot.running is None
        finally:
            slot.lock.release()

    def find(self, name: str) -> Running[C] | None:
        """Return an instance's process where it runs; one that begins is waited for."""
        slot = self._slots.get(name)
        running = slot.running if slot is not None else None
        if running is None or running.stopping:
            return None
        running.known.wait(1.0)
        return running if running.runs() else None

    def apply(self, name: str, configuration: C | None = None) -> None:
        """Have an instance that runs do as its configuration says now.

        Where another address or another queue is wanted its process is started anew.

        :raises PycaError: where the configuration cannot be read, or the process does not do it
        """
        slot = self._slots.get(name)
        if slot is None:
            return
        with slot.lock:
            running = slot.running
            if running is None or not running.runs():
                return
            wanted = configuration or self._read(name)
            if wanted == running.configuration:
                return
            if wanted.place == running.configuration.place:
                # One that ends meanwhile needs it no more.
                with suppress(EndedError):
                    running.configure(wanted)
                return
            logger.info("%s %s: its process is started anew, as its stream changes", self._titled, name)
            same = wanted.port == running.configuration.port
            self._clear(slot)
            self._begin(slot, wanted, running.port if same else 0)

    def apply_background(self, background: str) -> None:
        """Have all instances that subtract a background take it anew.

        :raises PycaError: where one of them does not do it
        """

        def take(name: str) -> PycaError | None:
            slot = self._slot(name)
            with slot.lock:
                running = slot.running
                if running is None or not running.runs():
                    return None
                try:
                    running.configure(running.configuration)
                except EndedError:
                    return None
                except PycaError as error:
                    logger.error("%s %s does not take the background: %s", self._titled, name, error)
                    return error
            return None

        having = [
            name for name, one in self.running().items() if one.configuration.image_background == background
        ]
        if problems := [error for error in together(take, having) if error is not None]:
            raise problems[0]

    def stop(self, name: str) -> None:
        """Stop an instance; returns once its process is gone."""
        slot = self._slots.get(name)
        if slot is not None:
            with slot.lock:
                self._clear(slot)

    def stop_all(self) -> None:
        """Stop all instances at the same time."""
        with self._lock:
            names = list(self._slots)
        together(self.stop, names)

    def close(self) -> None:
        """Stop all instances, and look after none any more."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self.stop_all()
        self._workers.shutdown()

    def look_after(self) -> None:
        """Have done what is due: note what has ended, start again what has crashed, follow changed files.

        Returns at once. For one thread.
        """
        with self._lock:
            slots = [slot for slot in self._slots.values() if slot.running is not None and not slot.busy]
        written = self._look_at_files() if slots else {}
        for slot in slots:
            if is_due(slot, written.get(slot.name), follows=self._written is not None):
                slot.busy = True
                self._workers.submit(self._work, slot, written.get(slot.name))

    def _work(self, slot: Slot[C], written: C | PycaError | None) -> None:
        try:
            # Who has it now sees to it, or the next look does.
            if slot.lock.acquire(blocking=False):
                try:
                    self._look_after(slot, written)
                finally:
                    slot.lock.release()
        except Exception:
            logger.exception("%s %s could not be looked after", self._titled, slot.name)
        finally:
            slot.busy = False

    def _look_at_files(self) -> Mapping[str, C | PycaError]:
        try:
            return self._written() if self._written is not None else {}
        except ImagingError:
            # Each one says so for itself, once.
            return {}

    def _look_after(self, slot: Slot[C], written: C | PycaError | None) -> None:
        running = slot.running
        if running is None:
            return
        if slot.again:
            if time.monotonic() >= slot.again:
                self._begin_again(slot, running)
        elif running.ended.is_set():
            self._note_end(slot, running)
        elif self._written is not None and running.runs():
            self._follow_file(slot, running, written)

    def _note_end(self, slot: Slot[C], running: Running[C]) -> None:
        """Decide what becomes of an instance whose process has ended."""
        running.ward.gone.wait(1.0)
        code, figures = running.ward.code, running.figures()
        if figures.closing:
            self._clear(slot)
            return
        how = f"was killed ({signal_name(-code)})" if code is not None and code < 0 else "ended unexpectedly"
        if not running.wanted():
            logger.error("%s %s: its process %s", self._titled, slot.name, how)
            self._clear(slot)
            return
        slot.failures = 1 if time.time() - running.began > SETTLED_SECONDS else slot.failures + 1
        pause = AGAIN.pause(slot.failures)
        slot.again = time.monotonic() + pause
        text = "%s %s: its process %s; it is started again in %.1f s"
        logger.error(text, self._titled, slot.name, how, pause)

    def _begin_again(self, slot: Slot[C], before: Running[C]) -> None:
        slot.again = 0.0
        try:
            wanted = self._read(slot.name)
            before.close()
            slot.running = self._launcher.launch(wanted, before.address, before.port, patient=True)
            slot.running.needed = before.last_needed()
        except UnknownNameError as error:
            logger.error("%s %s is not started again: %s", self._titled, slot.name, error)
            self._clear(slot)
        except PycaError as error:
            slot.failures += 1
            pause = AGAIN.pause(slot.failures)
            slot.again = time.monotonic() + pause
            text = "%s %s is not started yet, but tried in %.1f s: %s"
            logger.error(text, self._titled, slot.name, pause, error)

    def _follow_file(self, slot: Slot[C], running: Running[C], written: C | PycaError | None) -> None:
        """Follow a file that somebody has changed by hand."""
        if written == running.configuration:
            return
        try:
            # Read again: it may have been saved since, and applied.
            wanted = self._read(slot.name)
        except UnknownNameError:
            logger.info("%s %s: its file is gone, it is stopped", self._titled, slot.name)
            self._clear(slot)
            return
        except PycaError as error:
            if str(error) != running.file_fault:
                running.file_fault = str(error)
                logger.error("%s %s goes on as before: %s", self._titled, slot.name, error)
            return
        running.file_fault = ""
        if wanted == running.configuration or wanted == running.refused:
            return
        logger.info("%s %s: its file has changed", self._titled, slot.name)
        try:
            self.apply(slot.name, wanted)
        except PycaError as error:
            running.refused = wanted
            logger.error("%s %s does not follow its file: %s", self._titled, slot.name, error)

    def _slot(self, name: str) -> Slot[C]:
        with self._lock:
            return self._slots.setdefault(name, Slot(name))

    def _attempt(self, slot: Slot[C], configuration: C, port: int) -> Running[C]:
        """Begin a process for all who wait for one."""
        slot.fault = None
        try:
            return self._begin(slot, configuration, port)
        except PycaError as error:
            slot.fault = faults.described(error)
            raise
        finally:
            slot.attempts += 1

    def _begin(self, slot: Slot[C], configuration: C, port: int) -> Running[C]:
        """Begin a process. Only while the slot is held, and where it has none.

        :param port: the one that it had and that is still there, 0 for any
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
                self._clear(slot)
                if running.ward.refused is not None or number == 0:
                    raise
                if configuration.port:
                    raise taken(configuration.port, self._noun) from None
            except PycaError:
                self._clear(slot)
                raise
            else:
                return running
        raise BusyError(EXHAUSTED)

    def _clear(self, slot: Slot[C]) -> None:
        """Have a slot without a process. Only while it is held."""
        running, slot.running, slot.again = slot.running, None, 0.0
        if running is not None:
            running.stop(self._nursery)
            running.close()
            self._places.release(running.port)
