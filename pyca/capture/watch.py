"""Does a command write? A process that lives proves nothing: its camera may be frozen."""

from pathlib import Path

from pyca.media.growth import Growth

PERIOD = 1.0
"""Seconds between two looks."""
SILENT = 8.0
"""Seconds without a first byte after which the operator is told."""
LIMIT = 5.0
"""Seconds without growth after which a command that wrote steadily counts as stuck."""
PATIENCE = 4.0
"""How many of its own pauses a command may stand still: some write in blocks of several seconds."""
SUSPICIOUS = 2
"""How many of them before the operator is told."""
STEADY = 3
"""How often a file must have grown before its pauses tell anything."""
UNSTEADY_LIMIT = 120.0
"""Seconds without growth after which a command counts as stuck that has written less often."""


class FileWatch:
    """Watches the files of one running command.

    :param files: what it should write
    :param now: monotonic seconds at its start
    """

    def __init__(self, files: tuple[Path, ...], now: float) -> None:
        self._files = files
        self._started = now
        self._growth = Growth(LIMIT)
        self._size = 0
        self._grown_at = now
        self._longest = 0.0
        self._times = 0
        self._had = False
        self._next = now + PERIOD
        self.warning = ""
        """what is wrong with a command that has written nothing yet"""

    def pausing(self, now: float) -> bool:
        """Tell whether a command that wrote steadily makes an unusually long pause.

        :param now: monotonic seconds
        """
        limit = max(LIMIT, SUSPICIOUS * self._longest)
        return self._times > STEADY and now - self._grown_at >= limit

    @property
    def grown(self) -> bool:
        """True once something was written."""
        return self._size > 0

    def stuck(self, now: float) -> bool:
        """Tell whether a command that wrote has stopped writing.

        :param now: monotonic seconds
        """
        if now < self._next:
            return False
        self._next = now + PERIOD
        size = sum(last_written(file)[0] for file in self._files)
        if size != self._size:
            if self._size:
                self._longest = max(self._longest, now - self._grown_at)
            self._times += 1
            self._had = self._had or size > 0
            self._size, self._grown_at = size, now
            self._growth.limit = max(LIMIT, PATIENCE * self._longest)
        self._note_silence(now)
        since = self._growth.feed(now, size)
        if since is None or not (size or self._had):
            return False
        if not size:
            return True  # what was written is gone, and perhaps its disk
        return self._times > STEADY or now - since >= UNSTEADY_LIMIT

    def _note_silence(self, now: float) -> None:
        if self._size or self._had:
            self.warning = ""
        elif not self.warning and now - self._started > SILENT:
            names = ", ".join(str(file) for file in self._files)
            self.warning = f"nothing was written to {names} in {SILENT:.0f} s; check “files” and the command"


def last_written(file: Path) -> tuple[int, int]:
    """Return a file's size and time of modification; zeros where it is not there."""
    try:
        found = file.stat()
    except OSError:
        return 0, 0
    return found.st_size, found.st_mtime_ns
