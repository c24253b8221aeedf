"""Sound and picture of a running part: is there anything, and is it what it should be?"""

import logging
import os
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pyca.capture.inputs import Job
from pyca.config.settings import Health
from pyca.core.errors import MediaError
from pyca.media.ffmpeg import Tools, find_tools
from pyca.media.health import Fault
from pyca.media.healthfile import HealthFile
from pyca.media.judge import SignalWatch
from pyca.media.still import Still, StillWatch, look

logger = logging.getLogger(__name__)

LOOK_PERIOD = 3.0
"""Seconds between two looks at a preview picture; each costs the start of an FFmpeg."""
SOON = 1.0
"""The same where something may be wrong, until that is known."""


class Signal(Protocol):
    """What is known about the signal of one part."""

    def faults(self, now: float) -> tuple[Fault, ...]:
        """Return the faults that last.

        :param now: monotonic seconds
        """
        ...

    def loudness(self) -> "Heard | None":
        """Return the sound's level; None where nothing tells about it."""
        ...


@dataclass(frozen=True)
class Heard:
    """The sound's level, in dB below full scale, and when it was told, in monotonic seconds."""

    rms: float
    peak: float | None
    moment: float


class Looker:
    """Looks at preview pictures in the background: the recorder waits for nothing."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look")
        self._tools: Tools | None = None

    def look(self, path: Path) -> Future[Still | None]:
        """Have a look taken soon; None where there is no picture."""
        return self._pool.submit(self._look, path)

    def close(self) -> None:
        """End without what was not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _look(self, path: Path) -> Still | None:
        try:
            self._tools = self._tools or find_tools(os.environ)
            return look(path, self._tools)
        except MediaError as error:
            logger.debug("%s", error)
            return None


class OwnReport:
    """Follows what the command's own filters report.

    :param file: where its standard output goes
    """

    def __init__(self, file: Path, health: Health) -> None:
        self._file = HealthFile(file)
        self._watch = SignalWatch(health)

    def faults(self, now: float) -> tuple[Fault, ...]:
        """Return the faults that last."""
        if text := self._file.read():
            self._watch.feed(text, now)
        return self._watch.faults()

    def loudness(self) -> Heard | None:
        """Return the level as it was at the last look."""
        rms, moment = self._watch.level, self._watch.heard
        return None if rms is None or moment is None else Heard(rms, self._watch.peak, moment)


class Preview:
    """Follows a command's preview picture."""

    def __init__(self, file: Path, health: Health, looker: Looker) -> None:
        self._file = file
        self._watch = StillWatch(health)
        self._looker = looker
        self._due = 0.0
        self._pending: Future[Still | None] | None = None

    def faults(self, now: float) -> tuple[Fault, ...]:
        """Return the faults that last."""
        if self._pending and self._pending.done():
            self._watch.feed(self._pending.result(), now)
            self._pending = None
        faults = self._watch.faults()
        if self._pending is None and now >= self._due:
            self._due = now + (SOON if self._watch.suspicious and not faults else LOOK_PERIOD)
            self._pending = self._looker.look(self._file)
        return faults

    def loudness(self) -> None:
        """A picture has no sound."""


def signal_of(job: Job, number: int, health: Health, looker: Looker) -> Signal | None:
    """Return what watches the signal of a part; None where nothing tells about it or nobody wants to know."""
    if report := job.health_file(number):
        return OwnReport(report, health)  # the page shows its level, whatever is watched for
    if not job.input.watch_for:
        return None
    previews = job.previews(number)
    return Preview(previews[0], health, looker) if previews else None
