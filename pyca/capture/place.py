"""Where the next part of a recording goes: to its folder, or to the fallback where that has no room."""

import logging
import os

from pyca.capture.inputs import Job
from pyca.runtime.disk import free_bytes

logger = logging.getLogger(__name__)

FULL = 4_000_000
"""Free bytes below which nothing can be recorded, and a command's end is put down to the disk."""


def choose(usual: Job, fallback: Job | None, minimum: int) -> Job:
    """Return the job in the folder that has room; the usual one where neither has more.

    :param minimum: bytes that should be free
    """
    if fallback is None:
        return usual
    here = _room(usual)
    if here >= max(minimum, FULL):
        return usual
    there = _room(fallback)
    return fallback if there > max(here, FULL) else usual


def _room(job: Job) -> int:
    """Return the free bytes in a folder, −1 where it cannot be used at all."""
    try:
        job.make_folders()
    except OSError as error:
        logger.warning("%s cannot be used: %s", job.folder, error.strerror)
        return -1
    # A disk with errors is often made read-only by the system; its free bytes mean nothing then.
    free = free_bytes(job.folder) if os.access(job.folder, os.W_OK) else None
    return -1 if free is None else free
