"""Writes a stream to a file of HDF5 that others may read meanwhile.

A reader opens it with ``h5py.File(path, "r", swmr=True)``, ``refresh()`` of a dataset shows what has come,
and ``pulse_id`` grows last: of as many rows as it has, all values are there. That holds also where the writer
was killed. Datasets that come later (another part, a channel that had no value before) are seen by whoever
opens the file again. Images are compressed as HDF5's filter 32008 has it, which readers get by
``import bitshuffle.h5`` or ``import hdf5plugin``.
"""

import os
import socket
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import psutil

from pyca.core.errors import ImagingError, MachineError
from pyca.pipeline.record.kinds import MisfitError
from pyca.pipeline.record.layouts import GENERAL, layout_of
from pyca.pipeline.record.part import Part, Prepared, Record, Terms, prepared
from pyca.pipeline.record.room import Ballast, abandon, cause_of, check_room, failed

FLUSH = 1.0
"""seconds after which what was written is handed to the operating system"""
COMPRESSIONS = ("bitshuffle_lz4", "none")
_FORMAT = ("v110", "v110")
"""of HDF5 1.10, the first whose files are readable while they are written"""
_FAULTS = (OSError, RuntimeError, ValueError, KeyError, MemoryError)
"""what h5py makes of the errors of HDF5"""


class ExistingError(ImagingError):
    """A file of this name is there: it is never written over."""


class Writer:
    """A file that grows by one row for each message. Used by one thread at a time.

    The file is there, and can be read, from the start; the datasets are made with the first message. A
    channel that comes later, or has no value at first, gets its dataset then, with empty rows before.

    :param path: of the file, which must not be there yet
    :param layout: DEFAULT, FLAT or BSH5
    :param localtime: whether each channel has a dataset with its own times
    :param change: whether a message with other types or shapes begins another part of the file
        (``data2``, ``header2`` …); without it such a message is refused
    :param records: messages that the file has room for, None for any number
    :param compression: of images, bitshuffle_lz4 or none
    :raises ExistingError: where the file is there
    :raises ImagingError: where layout or compression are none
    :raises MachineError: where it cannot be written
    """

    def __init__(
        self,
        path: Path | str,
        *,
        layout: str = "DEFAULT",
        localtime: bool = True,
        change: bool = False,
        records: int | None = None,
        compression: str | None = "bitshuffle_lz4",
    ) -> None:
        if (compression or "none") not in COMPRESSIONS:
            expected = " or ".join(COMPRESSIONS)
            raise ImagingError(f"There is no compression {compression!r}; expected is {expected}.")
        if records is not None and records < 1:
            raise ImagingError(f"A file of {records} records cannot be; expected is 1 at least.")
        self.path = Path(path)
        self.rows = 0
        """messages in the file, in all its parts"""
        self._terms = Terms(layout_of(layout), localtime, compression == "bitshuffle_lz4")
        self._change = change
        self._records = records
        self._parts: list[Part] = []
        self._file: h5py.File | None = None
        self._ballast = Ballast(self.path.parent)
        self._failure: MachineError | None = None
        self._is_closed = self._is_dirty = False
        self._flushed = time.monotonic()
        self._begin()

    @property
    def parts(self) -> int:
        """How many parts the file has; a new one begins where types or shapes change."""
        return len(self._parts)

    def size(self) -> int:
        """Return the bytes of the file."""
        return os.stat(self.path).st_size

    def write(self, record: Record) -> None:
        """Add a message; once in a second it also reaches the operating system, see :meth:`flush`.

        :raises ImagingError: where the file holds all its records, or cannot hold this one; it can go on
        :raises MachineError: where the disk is full, and each time from then on
        """
        self._check()
        if self._records is not None and self.rows >= self._records:
            raise ImagingError(f"{self.path} holds its {self._records} records already.")
        part, ready = self._fitted(record)
        try:
            self._make_room(ready)
            if part is None or ready.late:
                part = self._extended(part, ready)
                self._make_room(ready)
            part.append(record, ready)
        except _FAULTS as error:
            raise self._broken(cause := cause_of(error)) from cause
        self.rows += 1
        self._is_dirty = True
        if time.monotonic() - self._flushed >= FLUSH:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the operating system: readers see it, and it outlives this process.

        :raises MachineError: where the disk is full
        """
        self._check()
        self._flushed = time.monotonic()
        if not self._is_dirty or self._file is None:
            return
        try:
            self._parts[-1].write_channels()
            self._file.flush()
            self._parts[-1].write_header()
            self._file.flush()
        except _FAULTS as error:
            raise self._broken(cause := cause_of(error)) from cause
        self._is_dirty = False

    def close(self) -> None:
        """Write what is left, and close the file; nothing happens where it is closed already.

        :raises MachineError: where the disk is full; the file is closed all the same
        """
        if self._is_closed:
            return
        self._is_closed = True
        try:
            if self._failure is None:
                self._finish()
        except _FAULTS as error:
            raise self._broken(cause := cause_of(error)) from cause
        finally:
            self._ballast.drop()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure
        if self._is_closed:
            raise ImagingError(f"{self.path} is closed.")

    def _fitted(self, record: Record) -> tuple[Part | None, Prepared]:
        """Return the part that a message fits into, None for another one that begins with it."""
        part = self._parts[-1] if self._parts else None
        if part is not None:
            try:
                return part, part.prepared(record)
            except MisfitError:
                if not self._change:
                    raise
        return None, prepared(record, {})

    def _make_room(self, ready: Prepared) -> None:
        held = self._parts[-1].held if self._parts else 0
        size = 0 if self._file is None else self._file.id.get_filesize()
        try:
            check_room(self.path, size, 2 * ready.size + held)
        except MachineError as error:
            self._give_up(error)
            raise

    def _finish(self) -> None:
        """Write what was gathered, and close the file."""
        file = self._file
        if file is not None:
            self._parts[-1].write_channels()
            self._parts[-1].write_header()
            file.flush()
            self._file = None
            file.close()

    def _extended(self, part: Part | None, ready: Prepared) -> Part:
        """Make datasets, which cannot be while others read: the file is closed and opened again."""
        self._finish()
        self._file = file = h5py.File(self.path, "r+", libver=_FORMAT, locking=False)
        if part is None:
            left = None if self._records is None else self._records - self.rows
            part = Part(file, self._terms, len(self._parts) + 1, left)
            self._parts.append(part)
        else:
            part.bind(file)
        part.add(file, ready.late)
        self._list_channels(file)
        file.swmr_mode = True
        self._ballast.hold(part.held)
        return part

    def _begin(self) -> None:
        try:
            with h5py.File(self.path, "x", libver=_FORMAT, locking=False) as file:
                self._describe(file.create_group(GENERAL))
        except FileExistsError:
            raise ExistingError(f"{self.path} is there already.", "Choose another name") from None
        except _FAULTS as error:
            raise failed(self.path, cause := cause_of(error), is_new=True) from cause

    def _describe(self, general: h5py.Group) -> None:
        with suppress(OSError, KeyError):
            general["user"] = np.bytes_(psutil.Process().username().encode())
        general["created"] = np.bytes_(datetime.now(UTC).isoformat(timespec="milliseconds").encode())
        general["pid"] = os.getpid()
        general["host"] = np.bytes_(socket.gethostname().encode())
        general["datasets"] = np.empty(0, "S1")

    def _list_channels(self, file: h5py.File) -> None:
        """Note the names of all channels in the file."""
        every: dict[str, Any] = {}
        for part in self._parts:
            every |= dict.fromkeys(part.channels)
        del file[GENERAL]["datasets"]
        file[GENERAL]["datasets"] = np.array([name.encode("utf-8", "replace") for name in every] or [b""])

    def _broken(self, error: Exception) -> MachineError:
        """Note that HDF5 has failed."""
        failure = failed(self.path, error)
        self._give_up(failure)
        return failure

    def _give_up(self, failure: MachineError) -> None:
        """Close the file: of what cannot be written nothing is heard any more.

        HDF5 crashes in the end where it cannot write the rest of a file. So the rest goes nowhere, and what
        is on the disk is readable as if this process had been killed.
        """
        self._failure = failure
        self._ballast.drop()
        with suppress(*_FAULTS):
            self._finish()
        file, self._file = self._file, None
        if file is not None:
            with suppress(*_FAULTS):
                abandon(file.id.get_vfd_handle())
                file.close()
