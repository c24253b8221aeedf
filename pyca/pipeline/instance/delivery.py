"""What becomes of the results of a pipeline."""

import logging
import re
import threading
import time
from dataclasses import dataclass

import numpy as np

from pyca.core.errors import ImagingError, PycaError, WireError
from pyca.instances.job import Complaints
from pyca.instances.statistics import Figures
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.end import End
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.outlet import Outlet
from pyca.pipeline.instance.shown import Shown
from pyca.pipeline.instance.stream_outlet import StreamOutlet
from pyca.pipeline.instance.work import Values, Work

_PANEL = re.compile(r".*_sp\d*")
"""instances that people look at: they shall see what is wrong, and not nothing"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one message has become.

    :param work: that was done with it
    :param values: to send, None where it is left out
    :param error: where it could not be processed
    """

    work: Work
    values: Values | None = None
    error: PycaError | None = None


class Delivery:
    """Sends results, counts them, and knows what to do where there are none. By one thread at a time.

    :param shown: keeps the newest one
    :param figures: what is counted
    :param log: of the instance
    :param end: is told where nothing more is to be sent
    """

    def __init__(
        self,
        outlet: Outlet,
        configuration: Configuration,
        shown: Shown,
        figures: Figures,
        log: logging.Logger,
        end: End,
    ) -> None:
        self._outlet = outlet
        self._configuration = configuration
        self._create_header = configuration.create_header
        """as the outlet knows it"""
        self._shown = shown
        self._figures = figures
        self._complaints = Complaints(log)
        self._end = end
        self._turn = threading.RLock()
        """for the outlet and all that follows"""
        self._count = 0
        """messages that have been sent"""
        self._is_over = False
        self._fault = ""
        """what was wrong with the newest message"""
        self._notifies = _PANEL.fullmatch(configuration.name) is not None

    @property
    def aborts(self) -> bool:
        """Whether the instance ends where a message cannot be processed."""
        return self._configuration.abort_on_error and not self._notifies

    @property
    def trouble(self) -> str:
        """What is wrong with what is sent; empty where nothing is."""
        return self._fault or self._outlet.trouble

    def open(self) -> str:
        """Begin; returns the address.

        :raises PycaError: where it is impossible
        """
        return self._outlet.open()

    def configure(self, configuration: Configuration) -> None:
        """Do as a configuration says from the next message on."""
        # Not in turn: another thread may have it for as long as nobody takes its message.
        self._configuration = configuration

    def finish(self, item: Item, outcome: Outcome) -> None:
        """Do with a message what is to be done with it.

        :raises ChannelClosedError: where the server is gone
        """
        with self._turn:
            if self._is_over:
                return
            if outcome.error is not None:
                self.fail(item, outcome.work, outcome.error)
            elif outcome.values is not None and self._sent(item, outcome.work, outcome.values):
                self._fault = ""

    def fail(self, item: Item | None, work: Work, error: PycaError) -> None:
        """Note that a message could not be processed, and end or say so where that is wanted.

        :param item: None where there was none
        """
        with self._turn:
            self._figures.errors += 1
            self._fault = str(error)
            self._complaints.note(error)
            if self._notifies:
                if item is not None:
                    self._sent(item, work, work.told(item, self._fault), is_fault=True)
            elif self.aborts:
                self._finally(self._fault, 1)

    def look(self) -> int:
        """Note what the outlet counts, and return how many clients it has."""
        # Whoever sends now sees to it as well.
        if self._turn.acquire(blocking=False):
            try:
                self._note()
                self._figures.clients = self._outlet.clients
            finally:
                self._turn.release()
        return self._figures.clients

    def close(self) -> None:
        """Stop sending."""
        with self._turn:
            self._outlet.close(at_once=self._end.at_once)
            self._note()

    def _sent(self, item: Item, work: Work, values: Values, *, is_fault: bool = False) -> bool:
        wanted = self._configuration.create_header
        if isinstance(self._outlet, StreamOutlet) and wanted != self._create_header:
            self._create_header = wanted
            self._outlet.configure(self._configuration)
        try:
            self._outlet.send(item.pulse_id, item.nanoseconds, values)
        except WireError as error:
            if is_fault:
                self._complaints.note(error)
            else:
                self.fail(item, work, error)
            return False
        except ImagingError as error:
            self._figures.errors += 1
            self._fault = str(error)
            self._finally(self._fault, 1)
            return False
        self._measure(item, values)
        self._shown.note(item.pulse_id, item.nanoseconds, values)
        self._count += 1
        records = self._configuration.records
        if records and self._count >= records:
            self._finally(f"All {records} messages have been sent", 0)
        return True

    def _finally(self, reason: str, exitcode: int) -> None:
        self._is_over = True
        self._end.note(reason, exitcode)

    def _measure(self, item: Item, values: Values) -> None:
        figures = self._figures
        image = values.get("image")
        if isinstance(image, np.ndarray) and image.ndim == 2:
            figures.height, figures.width = image.shape
            figures.pixel_bytes = image.itemsize
        figures.latency = (time.time_ns() - item.nanoseconds) / 1e9
        self._note()

    def _note(self) -> None:
        figures, outlet = self._figures, self._outlet
        figures.sent, figures.dropped = outlet.sent, outlet.dropped
        figures.total_bytes, figures.header_changes = outlet.sent_bytes, outlet.header_changes
