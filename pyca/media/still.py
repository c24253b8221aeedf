"""Judge a picture by the preview of a capture command that reports no health itself."""

from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from pyca.config.settings import Health
from pyca.core.alarm import AlarmKind
from pyca.core.errors import MediaError
from pyca.media.ffmpeg import Tools
from pyca.media.health import Fault
from pyca.media.rhythm import Rhythm
from pyca.media.run import convert
from pyca.runtime.files import open_regular

_WIDTH, _HEIGHT = 32, 18
_LARGEST = 20_000_000
"""bytes of a picture that is still a preview"""
_LIMIT = 5.0
"""seconds after which a look is given up"""
_WHITE = 255
_NEARLY_ALL = 0.98
"""share of dark pixels that makes a picture black: a camera may print the time into it"""


@dataclass(frozen=True)
class Still:
    """A preview picture, scaled down to shades of grey."""

    pixels: bytes
    written: int
    """nanoseconds: the file's time of modification"""

    @property
    def digest(self) -> str:
        """Equal pixels have equal digests."""
        return blake2b(self.pixels, digest_size=8).hexdigest()

    def darkness(self, level: float) -> float:
        """Return the share of pixels, from 0 to 1, that are no brighter than a level."""
        return sum(pixel <= level * _WHITE for pixel in self.pixels) / len(self.pixels)


def look(path: Path, tools: Tools) -> Still:
    """Return what a preview shows now.

    :raises MediaError: where there is no complete picture, which passes where the file is just being written
    """
    picture, written = _read(path)
    scale = f"scale={_WIDTH}:{_HEIGHT}:flags=area,format=gray"
    argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-threads", "1"]
    # The picture goes in through a pipe: its file may be replaced, and its name be a pattern to FFmpeg.
    argv += ["-protocol_whitelist", "pipe", "-i", "pipe:0", "-frames:v", "1", "-vf", scale]
    pixels = convert([*argv, "-f", "rawvideo", "pipe:1"], _LIMIT, picture)
    if len(pixels) != _WIDTH * _HEIGHT:
        raise MediaError(f"“{path}” is no picture", "check “preview” and the capture command")
    return Still(pixels, written)


class StillWatch:
    """Judges the looks at one preview, one after the other. Pure logic: looks and times come from outside."""

    def __init__(self, health: Health) -> None:
        self._health = health
        self._written: int | None = None
        self._rhythm = Rhythm()
        self._digest = ""
        self._same_since = self._now = 0.0
        self._anew = False
        self._black_since: float | None = None

    def feed(self, still: Still | None, now: float) -> None:
        """Take a look.

        :param still: None where there was no picture
        :param now: monotonic seconds
        """
        self._now = now
        if still is None or still.written == self._written:
            return
        self._written = still.written
        self._rhythm.came(now)
        self._anew = still.digest == self._digest
        if not self._anew:
            self._digest, self._same_since = still.digest, now
        if still.darkness(self._health.black_level) < _NEARLY_ALL:
            self._black_since = None
        elif self._black_since is None:
            self._black_since = now

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults that last: a picture that is black, stands still or is not written any more."""
        faults = []
        if self._is_black():
            faults.append(Fault(AlarmKind.BLACK, "the preview picture is black"))
        if detail := self._frozen():
            faults.append(Fault(AlarmKind.FROZEN, detail))
        return tuple(faults)

    @property
    def suspicious(self) -> bool:
        """True where the last look showed what may become a fault: the next one should come soon."""
        return self._black_since is not None or self._anew

    def _is_black(self) -> bool:
        limit = self._health.black_seconds
        return self._black_since is not None and 0 < limit <= self._now - self._black_since

    def _frozen(self) -> str:
        limit = self._health.frozen_seconds
        if limit <= 0 or self._rhythm.last is None:
            return ""
        if self._now - self._rhythm.last > limit + self._rhythm.usual:
            return "the preview picture is not written any more"
        # A black picture stands still as well, and one word for it is enough.
        if self._anew and not self._is_black() and self._now - self._same_since >= limit:
            return "the preview picture stands still"
        return ""


def _read(path: Path) -> tuple[bytes, int]:
    """Return a picture and the time at which it was written."""
    try:
        with open_regular(path) as (descriptor, status), open(descriptor, "rb", closefd=False) as file:
            data = file.read(_LARGEST)
    except OSError as error:
        raise MediaError(f"“{path}” cannot be read: {error.strerror}", "check “preview”") from error
    if not data:
        raise MediaError(f"“{path}” holds no picture", "check “preview” and the capture command")
    return data, status.st_mtime_ns
