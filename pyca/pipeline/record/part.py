"""One part of a file: everything from where formats changed last."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import h5py
import numpy as np

from pyca.bsread.header import SECOND
from pyca.bsread.message import Value
from pyca.core.errors import ImagingError
from pyca.pipeline.record.columns import Column, column
from pyca.pipeline.record.kinds import Kind, MisfitError, kind_of
from pyca.pipeline.record.layouts import Layout, Paths

_PULSES = Kind(np.dtype(np.int64))
_TIMES = Kind(np.dtype(np.uint64), (2,))
_INTEGERS = range(-(1 << 63), 1 << 63)


class Record(Protocol):
    """What is written at once; messages of streams are such."""

    @property
    def pulse_id(self) -> int: ...  # noqa: D102
    @property
    def nanoseconds(self) -> int:
        """The time of the pulse, since 1970 UTC."""

    @property
    def values(self) -> Mapping[str, Value]: ...  # noqa: D102
    @property
    def timestamps(self) -> Mapping[str, int]:
        """Times of channels whose time is another; nanoseconds since 1970 UTC."""


@dataclass(frozen=True)
class Terms:
    """What a file is like.

    :param localtime: whether each channel has a dataset with its times
    :param compressed: whether images are
    """

    layout: Layout
    localtime: bool
    compressed: bool


@dataclass(slots=True)
class _Channel:
    values: Column
    times: Column | None


@dataclass(slots=True)
class Prepared:
    """A record that fits into a part.

    :param late: kinds of the channels that the part has not yet
    :param size: bytes of all values
    """

    values: dict[str, Any] = field(default_factory=dict)
    late: dict[str, Kind] = field(default_factory=dict)
    size: int = 0


class Part:
    """Datasets that have as many rows each as there were messages.

    :param number: 1, 2 …
    :param most: rows that it will ever have; None for any number
    """

    def __init__(self, file: h5py.File, terms: Terms, number: int, most: int | None) -> None:
        self._terms = terms
        self._most = most
        self._paths = Paths(terms.layout, number)
        self._channels: dict[str, _Channel] = {}
        self._kinds: dict[str, Kind] = {}
        self.rows = 0
        self._pulses = self._made(file, self._paths.pulse_id, _PULSES)
        self._times = self._made(file, self._paths.time, _TIMES)

    @property
    def held(self) -> int:
        """Bytes that may still have to be written."""
        columns = [*self._columns(), self._pulses, self._times]
        return sum(one.held for one in columns)

    @property
    def channels(self) -> list[str]:
        """The names of all channels, as they came."""
        return list(self._channels)

    def prepared(self, record: Record) -> Prepared:
        """Return what is to be written; nothing is yet.

        :raises MisfitError: where a channel has another kind than before
        :raises ImagingError: where no file can hold it
        """
        return prepared(record, self._kinds)

    def add(self, file: h5py.File, late: Mapping[str, Kind]) -> None:
        """Make the datasets of channels that were not there before; their rows until now are empty."""
        for name, kind in late.items():
            spot = self._paths.spot(name)
            values = self._made(file, spot.value, kind)
            times = self._made(file, spot.stamp, _TIMES) if self._terms.localtime else None
            self._kinds[name] = kind
            self._channels[name] = _Channel(values, times)

    def append(self, record: Record, prepared: Prepared) -> None:
        """Add one message. A channel that it has not has an empty value, and the time 0."""
        stamps = record.timestamps
        common = _pair(record.nanoseconds)
        given = prepared.values
        for name, channel in self._channels.items():
            value = given.get(name)
            channel.values.append(value)
            if channel.times is not None:
                if value is None:
                    channel.times.append((0, 0))
                else:
                    channel.times.append(_pair(stamps[name]) if name in stamps else common)
        self._times.append(common)
        self._pulses.append(record.pulse_id)
        self.rows += 1

    def write_channels(self) -> None:
        """Hand to HDF5 what was gathered of channels."""
        for one in self._columns():
            one.write()

    def write_header(self) -> None:
        """Hand over pulse ids and times: last, so that whoever counts them finds all values of a row."""
        self._times.write()
        self._pulses.write()

    def bind(self, file: h5py.File) -> None:
        """Go on in the file that was opened again."""
        for one in (*self._columns(), self._pulses, self._times):
            one.bind(file)

    def _columns(self) -> list[Column]:
        found = [channel.values for channel in self._channels.values()]
        return found + [channel.times for channel in self._channels.values() if channel.times]

    def _made(self, file: h5py.File, path: str, kind: Kind) -> Column:
        return column(file, path, kind, before=self.rows, most=self._most, compressed=self._terms.compressed)


def prepared(record: Record, kinds: Mapping[str, Kind]) -> Prepared:
    """Return what is to be written of a message.

    :param kinds: of the channels that are there
    :raises MisfitError: where a channel has another kind than its own
    :raises ImagingError: where no file can hold it
    """
    if record.pulse_id not in _INTEGERS:
        raise ImagingError(f"The pulse id {record.pulse_id} is too large for a file.")
    found = Prepared()
    for name, value in record.values.items():
        if value is None:
            continue
        kind = kinds.get(name)
        if kind is None:
            kind = found.late[name] = kind_of(name, value)
        try:
            found.values[name] = kind.fitting(value)
        except MisfitError as error:
            raise MisfitError(
                f"Channel {name!r} is {error.message} at pulse {record.pulse_id}; it was {kind} before.",
                "Set “change” to true, so that such a message begins another part of the file",
            ) from None
        found.size += kind.size
    return found


def _pair(nanoseconds: int) -> tuple[int, int]:
    """Return a time as seconds and nanoseconds; what is before 1970 is 1970."""
    return divmod(max(0, nanoseconds), SECOND)
