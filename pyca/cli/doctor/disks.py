"""Is there room for recordings, and does the disk take them fast enough?"""

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from pyca.cli.doctor.finding import Finding, failed, ok, warning
from pyca.config.settings import Settings
from pyca.core.units import show_size
from pyca.runtime.disk import existing
from pyca.runtime.filesystem import Filesystem, filesystem, write_speed

_TRIAL = 8 * 2**20
"""bytes"""
_SLOWEST = 5 * 2**20
"""bytes per second; two cameras in high definition make three million"""
_FEWEST_FILES = 1000

Folder = tuple[str, Path]
"""what it is for, and where"""


def folders(settings: Settings) -> list[Folder]:
    """Return the folders that recordings go to; the archive serves only where there is no server."""
    archive = [("archive", settings.ingest.archive)] if settings.standalone else []
    fallback = settings.capture.fallback_directory
    spare = [("fallback", fallback)] if fallback else []
    return [("recordings", settings.capture.directory), *spare, *archive]


def _check_fallback(recordings: Path, fallback: Path) -> Finding:
    """See whether the fallback is of any use: a full disk is full for both of its folders."""
    if existing(recordings).stat().st_dev != existing(fallback).stat().st_dev:
        return ok("fallback", "on a disk of its own")
    return warning("fallback", f"{fallback} is on the disk of {recordings}", "set a folder on another disk")


def check(settings: Settings) -> Iterator[Finding]:
    """Look at the disks of all folders; each disk is tried once."""
    yield from check_folders(folders(settings), settings.capture.minimum_free)
    fallback = settings.capture.fallback_directory
    if fallback:
        yield _check_fallback(settings.capture.directory, fallback)


def check_folders(places: Sequence[Folder], minimum_free: int) -> Iterator[Finding]:
    """Look at the disks of some folders; each disk is tried once.

    :param minimum_free: bytes that recordings need
    """
    tried: set[int] = set()
    for label, folder in places:
        place = existing(folder)
        yield _room(label, folder, place, minimum_free)
        device = place.stat().st_dev
        if device not in tried:
            tried.add(device)
            yield _kind(f"{label} disk", filesystem(place))
            yield from _files(f"{label} files", place)
            yield _speed(f"{label} speed", place)


def _room(label: str, folder: Path, place: Path, minimum_free: int) -> Finding:
    usage = shutil.disk_usage(place)
    where = str(folder) if place == folder else f"{folder}, not made yet"
    text = f"{show_size(usage.free)} of {show_size(usage.total)} free in {where}"
    if usage.free < minimum_free:
        remedy = f"make room: recordings need {show_size(minimum_free)} (capture.minimum_free)"
        return failed(label, text, remedy)
    return ok(label, text)


def _kind(name: str, disk: Filesystem) -> Finding:
    text = f"{disk.kind or 'unknown'} mounted at {disk.mounted}"
    if disk.is_memory:
        return warning(name, f"{text}: lost with the next reboot", "set a folder on a real disk")
    if disk.is_network:
        remedy = "record to a disk of this machine: a network that hangs takes the recording with it"
        return warning(name, f"{text}: not a disk of this machine", remedy)
    if disk.has_small_files:
        return warning(name, f"{text}: files end at 4 GiB", "format it as ext4, or keep recordings shorter")
    return ok(name, text)


def _files(name: str, place: Path) -> Iterator[Finding]:
    """Tell whether more files can be made. Some file systems do not count them."""
    count = os.statvfs(place)
    if count.f_files and count.f_favail < _FEWEST_FILES:
        yield warning(name, f"only {count.f_favail} more files can be made", "delete files that nobody needs")
    elif count.f_files:
        yield ok(name, f"{count.f_favail} more files can be made")


def _speed(name: str, place: Path) -> Finding:
    if shutil.disk_usage(place).free < 2 * _TRIAL:
        return failed(name, "too full to try writing", "make room")
    try:
        speed = write_speed(place, _TRIAL)
    except OSError as error:
        text = f"nothing can be written to {place}: {error.strerror}"
        return failed(name, text, "give the folder to pyCA's user, and see “dmesg” for errors of the disk")
    text = f"takes {speed / 2**20:.0f} MiB/s (tried with {_TRIAL // 2**20} MiB)"
    if speed < _SLOWEST:
        return warning(name, f"{text}, which is slow", "use a faster disk, or record at a lower rate")
    return ok(name, text)
