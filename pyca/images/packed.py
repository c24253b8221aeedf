"""Snapshots on their way from one process to another, in memory of their own."""

import mmap
import os
from typing import Any

import numpy as np

from pyca.core.errors import ImagingError
from pyca.images.snapshot import Snapshot


def packed(snapshot: Snapshot) -> tuple[dict[str, Any], int]:
    """Return what has to be said about a snapshot, and a descriptor of the memory with its values.

    :raises ImagingError: where there is no memory for it
    """
    arrays = [np.ascontiguousarray(one) for one in (snapshot.image, snapshot.x_axis, snapshot.y_axis)]
    try:
        descriptor = os.memfd_create("pyca-snapshot", os.MFD_CLOEXEC)
        try:
            with open(descriptor, "wb", closefd=False) as file:
                for array in arrays:
                    file.write(array.data.cast("B"))
        except OSError:
            os.close(descriptor)
            raise
    except OSError as error:
        raise ImagingError(f"There is no memory for an image: {error.strerror}") from error
    facts = {
        "shape": snapshot.image.shape,
        "dtype": snapshot.image.dtype.str,
        "pulse_id": snapshot.pulse_id,
        "nanoseconds": snapshot.nanoseconds,
    }
    return facts, descriptor


def unpacked(facts: dict[str, Any], descriptor: int) -> Snapshot:
    """Return the snapshot; the memory belongs to it, the descriptor is still the caller's.

    :param facts: as :func:`packed` returned them
    :raises ImagingError: where there is no memory for it
    """
    height, width = facts["shape"]
    try:
        view = mmap.mmap(descriptor, os.fstat(descriptor).st_size, access=mmap.ACCESS_READ)
    except OSError as error:
        raise ImagingError(f"There is no memory for an image: {error.strerror}") from error
    dtype = np.dtype(facts["dtype"])
    image = np.frombuffer(view, dtype, height * width).reshape(height, width)
    axes = np.frombuffer(view, np.float32, width + height, image.nbytes)
    return Snapshot(image, axes[:width], axes[width:], facts["pulse_id"], facts["nanoseconds"])
