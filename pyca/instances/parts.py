"""The parts of a message on their way from one process to another, in memory of their own."""

import mmap
import os
import struct
from collections.abc import Sequence

from pyca.bsread.message import Buffer
from pyca.core.errors import ImagingError

_COUNT = struct.Struct("<q")


def packed(parts: Sequence[Buffer]) -> int:
    """Return a descriptor of memory that holds the parts: their number, their lengths, their bytes.

    Number and lengths are int64, little-endian.

    :raises ImagingError: where there is no memory for them
    """
    views = [memoryview(part).cast("B") for part in parts]
    head = struct.pack(f"<{len(views) + 1}q", len(views), *map(len, views))
    try:
        descriptor = os.memfd_create("pyca-message", os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                file.write(head)
                for view in views:
                    file.write(view)
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        raise ImagingError(f"There is no memory for a message: {error.strerror}") from error
    return descriptor


def unpacked(descriptor: int) -> list[Buffer]:
    """Return the parts as views on the memory, which is theirs; the descriptor is still the caller's.

    :raises ImagingError: where there is no memory for them
    """
    try:
        whole = memoryview(mmap.mmap(descriptor, os.fstat(descriptor).st_size, access=mmap.ACCESS_READ))
    except OSError as error:
        raise ImagingError(f"There is no memory for a message: {error.strerror}") from error
    (number,) = _COUNT.unpack_from(whole)
    place = _COUNT.size * (number + 1)
    parts: list[Buffer] = []
    for length in struct.unpack_from(f"<{number}q", whole, _COUNT.size):
        parts.append(whole[place : place + length])
        place += length
    return parts
