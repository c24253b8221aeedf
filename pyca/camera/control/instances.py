"""All instances of a server: one process for each camera that somebody wants."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from pyca.camera.control.launcher import Launcher
from pyca.camera.control.places import Places
from pyca.camera.control.ports import EXHAUSTED, Address, taken
from pyca.camera.control.running import START_SECONDS, EndedError, Running
from pyca.camera.control.slot import Slot, is_due, runs
from pyca.camera.files.configuration import Configuration
from pyca.camera.files.folder import Folder
from pyca.camera.instance import faults
from pyca.core.backoff import Backoff
from pyca.core.errors import CameraBusyError, CameraError, PycaError, UnknownCameraError
from pyca.runtime.nursery import Nursery
from pyca.runtime.signals import signal_name

logger = logging.getLogger(__name__)

AGAIN = Backoff(first=0.2, limit=30.0)
"""before a process that has crashed is started again"""
SETTLED_SECONDS = 60.0
"""after which it counts as having run well"""
_TOGETHER = 16
"""cameras that are stopped or looked after at the same time"""

T = TypeVar("T")


class Instances:
    """Starts, watches, changes and stops processes of cameras. May be used by any thread.

    No camera waits for another one. The table only grows: each name keeps its slot, so that all who start
    and stop one camera hold the same lock.

    :param folder: of configurations
    :param places: gives out the streams' addresses
    """

    def __init__(self, folder: Folder, launcher: Launcher, nursery: Nursery, places: Places) -> None:
        self._folder = folder
        self._launcher = launcher
        self._nursery = nursery
        self._places = places
        self._slots: dict[str, Slot] = {}
        self._lock = threading.Lock()
        """for the table of slots"""
        self._workers = ThreadPoolExecutor(_TOGETHER, "instance")
        """look after slots; none of them waits for another one"""

    def stream(self, name: str) -> Address:
        """Return where a camera's stream is; it is started where it does not run.

        :raises PycaError: see :meth:`pyca.camera.cameras.Cameras.stream`
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
            return self._attempt(slot, self._folder.read(name), kept).address

    def running(self) -> dict[str, Running]:
        """Return all that run, by name."""
        with self._lock:
            slots = list(self._slots.values())
        return {slot.name: one for slot in slots if (one := slot.running) is not None and runs(one)}

    def is_over(self, name: str) -> bool:
        """Tell whether a camera was stopped; one that crashed is started again, and is not over."""
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

    def find(self, name: str) -> Running | None:
        """Return a camera's process where it runs; one that begins is waited for."""
        slot = self._slots.get(name)
        running = slot.running if slot is not None else None
        if running is None or running.stopping:
            return None
        running.known.wait(1.0)
        return running if runs(running) else None

    def apply(self, name: str, configuration: Configuration | None = None) -> None:
        """Have a camera that runs do as its configuration says now.

        Where another address or another queue is wanted its process is started anew.

        :raises PycaError: where the configuration cannot be read, or the process does not do it
        """
        slot = self._slots.get(name)
        if slot is None:
            return
        with slot.lock:
            running = slot.running
            if running is None or not runs(running):
                return
            wanted = configuration or self._folder.read(name)
            if wanted == running.configuration:
                return
            if _place(wanted) == _place(running.configuration):
                # One that ends meanwhile needs it no more.
                with suppress(EndedError):
                    running.configure(wanted)
                return
            logger.info("Camera %s: its process is started anew, as its stream changes", name)
            same = wanted.port == running.configuration.port and wanted.protocol == "tcp"
            self._clear(slot)
            self._begin(slot, wanted, running.port if same else 0)

    def apply_background(self, background: str) -> None:
        """Have all cameras that subtract a background take it anew.

        :raises PycaError: where one of them does not do it
        """

        def take(name: str) -> PycaError | None:
            slot = self._slot(name)
            with slot.lock:
                running = slot.running
                if running is None or not runs(running):
                    return None
                try:
                    running.configure(running.configuration)
                except EndedError:
                    return None
                except PycaError as error:
                    logger.error("Camera %s does not take the background: %s", name, error)
                    return error
            return None

        having = [
            name for name, one in self.running().items() if one.configuration.image_background == background
        ]
        if problems := [error for error in _together(take, having) if error is not None]:
            raise problems[0]

    def stop(self, name: str) -> None:
        """Stop a camera; returns once its process is gone."""
        slot = self._slots.get(name)
        if slot is not None:
            with slot.lock:
                self._clear(slot)

    def stop_all(self) -> None:
        """Stop all cameras at the same time."""
        with self._lock:
            names = list(self._slots)
        _together(self.stop, names)

    def close(self) -> None:
        """Stop all cameras, and look after none any more."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self.stop_all()
        self._workers.shutdown()

    def look_after(self) -> None:
        """Have done what is due: note what has ended, start again what has crashed, follow changed files.

        Returns at once. For one thread.
        """
        with self._lock:
            slots = [slot for slot in self._slots.values() if slot.running is not None and not slot.busy]
        written = self._written() if slots else {}
        for slot in slots:
            if is_due(slot, written.get(slot.name)):
                slot.busy = True
                self._workers.submit(self._work, slot, written.get(slot.name))

    def _work(self, slot: Slot, written: Configuration | PycaError | None) -> None:
        try:
            # Who has it now sees to it, or the next look does.
            if slot.lock.acquire(blocking=False):
                try:
                    self._look_after(slot, written)
                finally:
                    slot.lock.release()
        except Exception:
            logger.exception("Camera %s could not be looked after", slot.name)
        finally:
            slot.busy = False

    def _written(self) -> dict[str, Configuration | PycaError]:
        try:
            return self._folder.everything()
        except CameraError:
            # Each one says so for itself, once.
            return {}

    def _look_after(self, slot: Slot, written: Configuration | PycaError | None) -> None:
        running = slot.running
        if running is None:
            return
        if slot.again:
            if time.monotonic() >= slot.again:
                self._begin_again(slot, running)
        elif running.ended.is_set():
            self._note_end(slot, running)
        elif runs(running):
            self._follow_file(slot, running, written)

    def _note_end(self, slot: Slot, running: Running) -> None:
        """Decide what becomes of a camera whose process has ended."""
        running.ward.gone.wait(1.0)
        code, figures = running.ward.code, running.figures()
        if figures.closing:
            self._clear(slot)
            return
        how = f"was killed ({signal_name(-code)})" if code is not None and code < 0 else "ended unexpectedly"
        if not running.wanted():
            logger.error("Camera %s: its process %s", slot.name, how)
            self._clear(slot)
            return
        slot.failures = 1 if time.time() - running.began > SETTLED_SECONDS else slot.failures + 1
        pause = AGAIN.pause(slot.failures)
        slot.again = time.monotonic() + pause
        logger.error("Camera %s: its process %s; it is started again in %.1f s", slot.name, how, pause)

    def _begin_again(self, slot: Slot, before: Running) -> None:
        slot.again = 0.0
        try:
            wanted = self._folder.read(slot.name)
            before.close()
            slot.running = self._launcher.launch(wanted, before.address, before.port, patient=True)
            slot.running.needed = before.last_needed()
        except UnknownCameraError as error:
            logger.error("Camera %s is not started again: %s", slot.name, error)
            self._clear(slot)
        except PycaError as error:
            slot.failures += 1
            pause = AGAIN.pause(slot.failures)
            slot.again = time.monotonic() + pause
            logger.error("Camera %s is not started yet, but tried in %.1f s: %s", slot.name, pause, error)

    def _follow_file(self, slot: Slot, running: Running, written: Configuration | PycaError | None) -> None:
        """Follow a file that somebody has changed by hand."""
        if written == running.configuration:
            return
        try:
            # Read again: it may have been saved since, and applied.
            wanted = self._folder.read(slot.name)
        except UnknownCameraError:
            logger.info("Camera %s: its file is gone, it is stopped", slot.name)
            self._clear(slot)
            return
        except PycaError as error:
            if str(error) != running.file_fault:
                running.file_fault = str(error)
                logger.error("Camera %s goes on as before: %s", slot.name, error)
            return
        running.file_fault = ""
        if wanted == running.configuration or wanted == running.refused:
            return
        logger.info("Camera %s: its file has changed", slot.name)
        try:
            self.apply(slot.name, wanted)
        except PycaError as error:
            running.refused = wanted
            logger.error("Camera %s does not follow its file: %s", slot.name, error)

    def _slot(self, name: str) -> Slot:
        with self._lock:
            return self._slots.setdefault(name, Slot(name))

    def _attempt(self, slot: Slot, configuration: Configuration, port: int) -> Running:
        """Begin a process for all who wait for one."""
        slot.fault = None
        try:
            return self._begin(slot, configuration, port)
        except PycaError as error:
            slot.fault = faults.described(error)
            raise
        finally:
            slot.attempts += 1

    def _begin(self, slot: Slot, configuration: Configuration, port: int) -> Running:
        """Begin a process. Only while the slot is held, and where it has none.

        :param port: the one that it had and that is still there, 0 for any
        """
        slot.failures = 0
        for address, number in self._places.find(configuration, port):
            try:
                running = self._launcher.launch(configuration, address, number, patient=False)
            except CameraError:
                self._places.release(number)
                raise
            slot.running = running
            try:
                running.wait_until_known()
            except CameraBusyError:
                self._clear(slot)
                if running.ward.refused is not None or number == 0:
                    raise
                if configuration.port:
                    raise taken(configuration.port) from None
            except PycaError:
                self._clear(slot)
                raise
            else:
                return running
        raise CameraBusyError(EXHAUSTED)

    def _clear(self, slot: Slot) -> None:
        """Have a slot without a process. Only while it is held."""
        running, slot.running, slot.again = slot.running, None, 0.0
        if running is not None:
            running.stop(self._nursery)
            running.close()
            self._places.release(running.port)


def _place(configuration: Configuration) -> tuple[object, ...]:
    return configuration.protocol, configuration.port, configuration.queue_size


def _together(function: Callable[[str], T], names: list[str]) -> list[T]:
    """Call a function for several cameras at the same time."""
    if not names:
        return []
    with ThreadPoolExecutor(min(_TOGETHER, len(names)), "together") as pool:
        return list(pool.map(function, names))
