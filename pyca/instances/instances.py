"""All instances of a server: one process for each that somebody wants."""

import logging
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from typing import Generic

from pyca.core.backoff import Backoff
from pyca.core.errors import ImagingError, PycaError, UnknownNameError
from pyca.instances import faults
from pyca.instances.configured import C
from pyca.instances.endings import Ending, Endings, how_ended
from pyca.instances.launcher import Launcher
from pyca.instances.places import Places
from pyca.instances.ports import Address
from pyca.instances.running import START_SECONDS, EndedError, Running
from pyca.instances.slot import Slot, catch_up, is_due, present
from pyca.instances.slots import Slots
from pyca.instances.starter import Starter
from pyca.instances.together import MOST_AT_ONCE, together
from pyca.runtime.nursery import Nursery

logger = logging.getLogger(__name__)

_STOPPED = "it was stopped"
_OVER = "nobody listened any more"
AGAIN = Backoff(first=0.2, limit=30.0)
"""before a process that has crashed is started again"""
SETTLED_SECONDS = 60.0
"""after which it counts as having run well"""


class Instances(Generic[C]):
    """Starts, watches, changes and stops processes of instances, none of which waits for another one.

    May be used by any thread.

    :param read: returns the configuration that an instance of a name shall have
    :param places: gives out the streams' addresses
    :param noun: what an instance is one of, such as “camera”
    :param written: returns what stands in the files that the instances follow when they are changed by hand,
        or what is wrong there; None where instances follow no files
    :param gone: told of each name that has no instance any more, or could have none, while its slot is held
    :param gives_up: tells whether one with a configuration is not started again where its process ended
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
        gone: Callable[[str], None] = lambda _: None,
        gives_up: Callable[[C], bool] = lambda _: False,
    ) -> None:
        self._read = read
        self._written = written
        self._titled = noun.capitalize()
        self._gone, self._gives_up = gone, gives_up
        self._starter = Starter(launcher, nursery, places, noun)
        self._slots: Slots[C] = Slots()
        self.endings = Endings()
        """of instances that are over"""
        self._workers = ThreadPoolExecutor(MOST_AT_ONCE, "instance")
        """look after slots; none of them waits for another one"""

    def stream(self, name: str, make: Callable[[], C] | None = None) -> Address:
        """Return where an instance's stream is; it is started where it does not run.

        :param make: returns the configuration then; called while the slot is held
        :raises PycaError: where it cannot be started
        """
        slot = self._slots.enter(name)
        try:
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
                return self._start(slot, make or (lambda: self._read(name))).address
        finally:
            self._slots.leave(slot)

    def create(self, name: str, make: Callable[[], C]) -> Address:
        """Start an instance with a configuration and return where its stream is.

        :param make: returns the configuration; called while the slot is held and where none runs
        :raises BusyError: where one of this name runs
        :raises PycaError: where it cannot be started
        """
        with self._slots.hold(name) as slot:
            running = slot.running
            if running is not None:
                running.known.wait(START_SECONDS)
                if running.usable():
                    raise present(name)
            return self._start(slot, make).address

    def running(self) -> dict[str, Running[C]]:
        """Return all that run, by name."""
        return self._slots.running()

    def hold(self, name: str) -> AbstractContextManager[Slot[C]]:
        """Have nobody else start, change or stop an instance meanwhile; whoever has it may do so."""
        return self._slots.hold(name)

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
        with self._slots.hold(name) as slot:
            running = slot.running
            slot.late = running is not None and not running.runs()
            if running is None or slot.late:
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
            self._starter.clear(slot)
            port = running.port if wanted.port == running.configuration.port else 0
            self._start(slot, lambda: wanted, port)

    def apply_background(self, background: str) -> None:
        """Have all instances that subtract a background take it anew.

        :raises PycaError: where one of them does not do it
        """

        def take(name: str) -> PycaError | None:
            with self._slots.hold(name) as slot:
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

    def stop(self, name: str, reason: str = _STOPPED) -> None:
        """Stop an instance for a reason that is remembered; returns once its process is gone."""
        with self._slots.hold(name) as slot:
            self._end(slot, reason)

    def stop_all(self) -> None:
        """Stop all instances at the same time."""
        together(self.stop, [slot.name for slot in self._slots.everything()])

    def close(self) -> None:
        """Stop all instances, and look after none any more."""
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._starter.abandon(self._slots.everything())
        self.stop_all()
        self._workers.shutdown()

    def look_after(self) -> None:
        """Have done what is due: note what has ended, start again what has crashed, follow changed files.

        Returns at once. For one thread.
        """
        slots = self._slots.enter_those_due()
        written = self._look_at_files() if slots else {}
        for slot in slots:
            if is_due(slot, written.get(slot.name), follows=self._written is not None):
                slot.busy = True
                self._workers.submit(self._work, slot, written.get(slot.name))
            else:
                self._slots.leave(slot)

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
            self._slots.leave(slot)

    def _look_at_files(self) -> Mapping[str, C | PycaError]:
        with suppress(ImagingError):  # each one says so for itself, once
            return self._written() if self._written is not None else {}
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
        elif slot.late and running.runs():
            catch_up(slot, self.apply, self._titled)
        elif self._written is not None and running.runs():
            self._follow_file(slot, running, written)

    def _note_end(self, slot: Slot[C], running: Running[C]) -> None:
        """Decide what becomes of an instance whose process has ended."""
        running.ward.gone.wait(1.0)
        code = running.ward.code
        if running.is_over():
            self._end(slot, _OVER)
            return
        how = running.given_up or how_ended(code)
        # Of nobody's code it is known that all have ended with their parent, which is the fault of none.
        gives_up = code is not None and self._gives_up(running.configuration)
        if not running.wanted() or gives_up:
            logger.error("%s %s: its process %s", self._titled, slot.name, how)
            self._end(slot, f"its process {how}", code or 1)
            return
        slot.failures = 1 if time.time() - running.began > SETTLED_SECONDS else slot.failures + 1
        pause = AGAIN.pause(slot.failures)
        slot.again = time.monotonic() + pause
        what = f"its process {how}; it is started again in {pause:.1f} s"
        logger.error("%s %s: %s", self._titled, slot.name, what)

    def _begin_again(self, slot: Slot[C], before: Running[C]) -> None:
        slot.again = 0.0
        try:
            self._starter.again(slot, before, self._read(slot.name))
        except UnknownNameError as error:
            logger.error("%s %s is not started again: %s", self._titled, slot.name, error)
            self._end(slot, error.message, 1)
        except PycaError as error:
            slot.failures += 1
            slot.again = time.monotonic() + AGAIN.pause(slot.failures)
            logger.error("%s %s is not started yet: %s", self._titled, slot.name, error)

    def _follow_file(self, slot: Slot[C], running: Running[C], written: C | PycaError | None) -> None:
        """Follow a file that somebody has changed by hand."""
        if written == running.configuration:
            return
        try:
            # Read again: it may have been saved since, and applied.
            wanted = self._read(slot.name)
        except UnknownNameError:
            logger.info("%s %s: its file is gone, it is stopped", self._titled, slot.name)
            self._end(slot, "its file is gone")
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

    def _start(self, slot: Slot[C], make: Callable[[], C], port: int = 0) -> Running[C]:
        """Start a process anew, for all who wait for one. Only while the slot is held.

        :param port: the one that it had and that is still there, 0 for any
        """
        slot.fault = None
        before = slot.running
        if before is not None:
            port = before.port
            if before.is_over():
                self._end(slot, _OVER)
            else:
                self._starter.clear(slot)
        configuration = make()
        try:
            return self._starter.begin(slot, configuration, port)
        except PycaError as error:
            logger.warning("%s %s cannot be started: %s", self._titled, slot.name, error)
            slot.fault = faults.described(error)
            self.endings.note(slot.name, Ending(1, error.message))
            self._gone(slot.name)
            raise
        finally:
            slot.attempts += 1

    def _end(self, slot: Slot[C], reason: str, exitcode: int = 0) -> None:
        """Have a slot without a process, for good, and remember why. Only while it is held.

        :param reason: where its process has not told one itself
        """
        running = slot.running
        if running is not None:
            self._starter.clear(slot)
            self.endings.note(slot.name, running.over or Ending(exitcode, reason))
            self._gone(slot.name)
