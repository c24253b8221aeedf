"""One dataset, which grows: images one by one, each a chunk of its own, everything else in blocks.

Both are readable while they are written (HDF5's single writer, multiple readers). Images are compressed here
and written past HDF5's filters, as the filter 32008 (bitshuffle) of whoever reads them wants them.
"""

from typing import Any, Protocol

import h5py
import numpy as np

from pyca.bsread.compression import compress
from pyca.pipeline.record.kinds import Kind

BITSHUFFLE = 32008
"""the filter's number at The HDF Group"""
_LZ4 = 2
_VERSION = (0, 5)
"""of the filter's parameters, which readers skip"""
_BLOCK = 1 << 16
"""bytes that are gathered of one dataset"""
_ROWS = 1024
"""values that are gathered of one dataset at most"""
_OWN = 1 << 15
"""bytes from which on a value is a chunk of its own"""


class Column(Protocol):
    """A dataset that grows."""

    held: int
    """bytes that may still have to be written, and room for the dataset's own tables"""

    def append(self, value: Any) -> None:
        """Add one value, of the column's kind; None for an empty one."""

    def write(self) -> None:
        """Hand everything that was gathered to HDF5."""

    def bind(self, file: h5py.File) -> None:
        """Go on in the same file, which was opened again."""


def column(
    file: h5py.File, path: str, kind: Kind, *, before: int, most: int | None, compressed: bool
) -> Column:
    """Make a dataset.

    :param before: rows that it would have by now, which are empty
    :param most: rows that it will ever have; None for any number
    """
    if kind.size and (len(kind.shape) > 1 or kind.size >= _OWN):
        return Single(file, path, kind, before, most, compressed=compressed)
    return Gathered(file, path, kind, before, most)


class Gathered:
    """Numbers, texts and short arrays: kept until a block of them is full, or :meth:`write` is called."""

    def __init__(self, file: h5py.File, path: str, kind: Kind, before: int, most: int | None) -> None:
        self._path = path
        self._kind = kind
        self._rows = max(1, min(most or _ROWS, _ROWS, _BLOCK // max(1, kind.size)))
        self._block = np.empty((self._rows, *kind.shape), kind.dtype)
        self._base = before
        self._filled = self._written = 0
        self._room = self._rows - before % self._rows
        self._set = _made(file, path, kind, self._rows, before, most, None)
        self.held = 2 * self._block.nbytes

    def append(self, value: Any) -> None:
        """Add one value."""
        self._block[self._filled] = self._kind.empty if value is None else value
        self._filled += 1
        if self._filled == self._room:
            self.write()
            self._base += self._filled
            self._filled = self._written = 0
            self._room = self._rows

    def write(self) -> None:
        """Write what was gathered since."""
        count = self._filled - self._written
        if not count:
            return
        self._set.set_extent((self._base + self._filled, *self._kind.shape))
        if self._kind.size:
            where = self._set.get_space()
            start = (self._base + self._written, *(0 for _ in self._kind.shape))
            where.select_hyperslab(start, (count, *self._kind.shape))
            memory = h5py.h5s.create_simple((count, *self._kind.shape))
            self._set.write(memory, where, self._block[self._written : self._filled])
        self._written = self._filled

    def bind(self, file: h5py.File) -> None:
        """Go on in the file that was opened again."""
        self._set = h5py.h5d.open(file.id, self._path.encode())


class Single:
    """Images and long arrays: each is written at once, as one chunk."""

    def __init__(
        self, file: h5py.File, path: str, kind: Kind, before: int, most: int | None, *, compressed: bool
    ) -> None:
        self._path = path
        self._kind = kind
        self._rows = before
        self._compressed = compressed
        values = (*_VERSION, kind.dtype.itemsize, 0, _LZ4) if compressed else None
        self._set = _made(file, path, kind, 1, before, most, values)
        self._origin = tuple(0 for _ in kind.shape)
        self.held = kind.size

    def append(self, value: Any) -> None:
        """Write one image; where it is empty nothing is, which reads as 0 or as not a number."""
        row = self._rows
        self._set.set_extent((row + 1, *self._kind.shape))
        if value is not None:
            flat = value.reshape(-1)
            if flat.dtype.kind == "b":
                flat = flat.view(np.uint8)
            data = compress("bitshuffle_lz4", flat) if self._compressed else flat.view(np.uint8)
            self._set.write_direct_chunk((row, *self._origin), data)
        self._rows += 1

    def write(self) -> None:
        """Nothing is gathered."""

    def bind(self, file: h5py.File) -> None:
        """Go on in the file that was opened again."""
        self._set = h5py.h5d.open(file.id, self._path.encode())


def _made(
    file: h5py.File,
    path: str,
    kind: Kind,
    rows: int,
    before: int,
    most: int | None,
    filtered: tuple[int, ...] | None,
) -> Any:
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((rows, *(max(1, length) for length in kind.shape)))
    plan.set_fill_value(np.array(kind.empty, kind.dtype))
    if filtered:
        # Optional: it need not be known to this program's HDF5, which never runs it. Where it is known (some
        # other part of the program has imported it), it fills in the first three parameters itself.
        known = h5py.h5z.filter_avail(BITSHUFFLE)
        plan.set_filter(BITSHUFFLE, h5py.h5z.FLAG_OPTIONAL, filtered[3:] if known else filtered)
    links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
    links.set_create_intermediate_group(True)
    space = h5py.h5s.create_simple(
        (before, *kind.shape), (h5py.h5s.UNLIMITED if most is None else max(1, most), *kind.shape)
    )
    kept = h5py.h5t.py_create(kind.dtype, logical=True)
    return h5py.h5d.create(file.id, path.encode(), kept, space, plan, links)
