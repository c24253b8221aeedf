"""Old recordings leave this machine: by age, and to keep room on the disk for the next ones."""

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.recording import Recording
from pyca.core.states import EventState
from pyca.core.units import show_size
from pyca.ingest.cleanup import delete_files, freed_by, own_tracks, refusal
from pyca.runtime.disk import existing, free_bytes
from pyca.store import deletions, recordings
from pyca.store.database import Database
from pyca.store.deletions import Kept

logger = logging.getLogger(__name__)

PERIOD = 600.0
"""Seconds between two looks."""
LOW_PERIOD = 60.0
"""The same while a disk has less free than wanted."""
AT_ONCE = 20
"""Recordings deleted at a time; deliveries have their turn in between."""
DAY = 86400.0
LOST = "it was never delivered, and its files were deleted to make room on the disk"


def disk_of(path: Path) -> int | None:
    """Return the number of the disk that something lies on, None where it is not there."""
    try:
        return os.stat(path).st_dev
    except OSError:
        return None


@dataclass
class _Disk:
    """One disk with recordings, and how much it lacks."""

    home: Path
    number: int | None
    free: int
    freed: int = 0
    """Some file systems take their time to give space back; what was deleted counts at once."""

    def lacks(self, wanted: int, free: int | None) -> bool:
        """Tell whether less is free than wanted.

        :param free: what the disk says now
        """
        return max(self.free + self.freed, free or 0) < wanted


class Retention:
    """Deletes what ``[retention]`` wants deleted, the oldest first, a few recordings at a time.

    :param free: tells the free bytes of the disk that a folder is on
    :param disk: tells which disk something lies on
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        clock: Clock,
        *,
        free: Callable[[Path], int | None] = free_bytes,
        disk: Callable[[Path], int | None] = disk_of,
    ) -> None:
        self._wanted = settings.retention
        self._archive = settings.ingest.archive
        fallback = settings.capture.fallback_directory
        self.homes = (settings.capture.directory, *([fallback] if fallback else []))
        self._database = database
        self._clock = clock
        self._free = free
        self._disk = disk
        self._due = clock.monotonic()
        self._left = 0
        self._stubborn: set[str] = set()
        """ids of those that could not or must not be deleted; told once, tried again after a restart"""
        self._told_of: set[int | None] = set()
        self._told_of_links = False

    @property
    def in_use(self) -> bool:
        """True where anything is ever to be deleted."""
        return bool(self._wanted.max_age or self._wanted.keep_free)

    def next_due(self) -> float:
        """Return the moment of the next look."""
        return self._clock.now() + max(self._due - self._clock.monotonic(), 0.0)

    def look(self) -> None:
        """Delete what is to go, where it is time to look."""
        if self._clock.monotonic() < self._due:
            return
        # Set first: a database that fails below must not be asked without a pause.
        self._due, self._left = self._clock.monotonic() + LOW_PERIOD, AT_ONCE
        self._go_on()
        low = False
        if self.in_use:
            with self._database.read() as session:
                delivered = deletions.delivered(session)
            self._by_age(delivered)
            for disk in self._low_disks():
                low = self._make_room(disk, delivered) or low
        pause = 0.0 if self._left <= 0 else LOW_PERIOD if low else PERIOD
        self._due = self._clock.monotonic() + pause

    def _go_on(self) -> None:
        """Finish what a crash interrupted: some of the files may be gone already."""
        with self._database.read() as session:
            begun = [recordings.get(session, uid) for uid in deletions.interrupted(session)]
        for recording in begun:
            if recording is None or recording.uid in self._stubborn:
                continue
            if reason := refusal(recording.directory, self.homes, self._archive):
                self._leave(recording.uid, recording.directory, reason)
            else:
                self._delete(recording)

    def _by_age(self, delivered: Sequence[Kept]) -> None:
        if not self._wanted.max_age:
            return
        oldest = self._clock.now() - self._wanted.max_age * DAY
        for kept in delivered:
            if self._left <= 0 or kept.ended >= oldest:
                return
            if kept.directory.exists() and self._is_deleted(kept, lost=False) is not None:
                logger.info("“%s” was delivered, is older than [retention] max_age and deleted", kept.title)

    def _low_disks(self) -> list[_Disk]:
        found: dict[int | None, _Disk] = {}
        for home in self.homes:
            number, free = self._disk(existing(home)), self._free(home)
            if free is not None:
                found.setdefault(number, _Disk(home, number, free))
        return [disk for disk in found.values() if disk.lacks(self._wanted.keep_free, None)]

    def _make_room(self, disk: _Disk, delivered: Sequence[Kept]) -> bool:
        """Delete recordings on a disk until enough is free; True where it is not enough yet."""
        for kept in delivered:
            if not self._goes_on(disk):
                break
            if freed := self._freed(kept, disk, lost=False):
                logger.info("“%s” was delivered and is deleted to make room", kept.title)
                disk.freed += freed
        if self._wanted.undelivered and self._goes_on(disk):
            self._give_up_oldest(disk)
        low = self._is_low(disk)
        self._tell(disk, low)
        return low

    def _give_up_oldest(self, disk: _Disk) -> None:
        """Delete what nobody else has; there is nothing better left to delete."""
        with self._database.read() as session:
            undelivered = deletions.undelivered(session, self._clock.now())
        for kept in undelivered:
            if not self._goes_on(disk):
                return
            disk.freed += self._freed(kept, disk, lost=True)

    def _goes_on(self, disk: _Disk) -> bool:
        return self._left > 0 and self._is_low(disk)

    def _is_low(self, disk: _Disk) -> bool:
        return disk.lacks(self._wanted.keep_free, self._free(disk.home))

    def _freed(self, kept: Kept, disk: _Disk, *, lost: bool) -> int:
        if self._disk(kept.directory) != disk.number:
            return 0
        return self._is_deleted(kept, lost=lost, must_free=True) or 0

    def _is_deleted(self, kept: Kept, *, lost: bool, must_free: bool = False) -> int | None:
        """Delete one recording's files, where that is allowed.

        :param must_free: leave it alone where that would free nothing
        :return: the bytes freed, None where it stays
        """
        if kept.uid in self._stubborn:
            return None
        if reason := refusal(kept.directory, self.homes, self._archive):
            self._leave(kept.uid, kept.directory, reason)
            return None
        with self._database.read() as session:
            known = recordings.get(session, kept.uid)
        if known is None or (must_free and not self._frees(own_tracks(known))):
            return None
        now = self._clock.now()
        with self._database.write() as session:
            claimed = deletions.claim(session, kept.uid, now, lost=lost)
        if claimed is None:
            return None
        recording, before = claimed
        freed = self._size(own_tracks(recording))
        if not self._delete(recording):
            with self._database.write() as session:
                deletions.give_up(session, kept.uid, before)
            return None
        return freed

    def _delete(self, recording: Recording) -> bool:
        """Delete the files of a recording that is marked; False where all of them are still there."""
        self._left -= 1
        own, title = own_tracks(recording), recording.event.title
        if recording.state is not EventState.FINISHED_UPLOADING:
            names = ", ".join(str(track.path) for track in own.tracks)
            logger.error("“%s” is lost: %s: %s", title, LOST, names or recording.directory)
        delete_files(own, self.homes)
        left = own_tracks(recording).tracks
        if left and len(left) == len(own.tracks):
            self._stubborn.add(recording.uid)
            logger.error("“%s” stays in %s: its files cannot be deleted", title, recording.directory)
            return False
        with self._database.write() as session:
            deletions.finish(session, recording.uid, self._clock.now(), LOST)
        return True

    def _leave(self, uid: str, folder: Path, reason: str) -> None:
        self._stubborn.add(uid)
        logger.warning("%s is not deleted: %s", folder, reason)

    def _frees(self, recording: Recording) -> bool:
        """Tell whether deleting these files gives the disk anything."""
        if self._size(recording):
            return True
        if recording.tracks and not self._told_of_links:
            self._told_of_links = True
            logger.warning(
                "[retention] keep_free: deleting “%s” would free nothing, as %s has a second name elsewhere; "
                "is the archive on the same disk?",
                recording.event.title,
                recording.tracks[0].path,
            )
        return False

    def _size(self, recording: Recording) -> int:
        try:
            return freed_by(recording)
        except OSError:
            return 0

    def _tell(self, disk: _Disk, low: bool) -> None:
        """Say once that a disk stays low although all was deleted that may be."""
        if not low:
            self._told_of.discard(disk.number)
        elif self._left > 0 and disk.number not in self._told_of:
            self._told_of.add(disk.number)
            logger.warning(
                "Less than %s is free on the disk of %s, and nothing is left that may be deleted",
                show_size(self._wanted.keep_free),
                disk.home,
            )
