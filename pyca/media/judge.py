"""Judge a signal by what FFmpeg's filters tell about it."""

import re
from collections import deque
from collections.abc import Callable

from pyca.config.settings import Health
from pyca.core.alarm import AlarmKind
from pyca.media.health import Fault
from pyca.media.rhythm import Rhythm

SILENT = -120.0
"""dB that stand for digital silence, of which FFmpeg says “-inf”"""
_WINDOW = 8
"""The last seconds of sound in which clipping is counted: speech does not overdrive without a break."""
_LONGEST_LINE = 4096
_HEADER = re.compile(r"frame:\s*\d+\s+pts:\s*\S+\s+pts_time:(\S+)")


class _Flow:
    """Where one stream is."""

    def __init__(self) -> None:
        self.rhythm = Rhythm()
        self.time: float | None = None
        """seconds on the clock of the media"""

    def came(self, time: float | None, now: float) -> None:
        self.rhythm.came(now)
        self.time = self.time if time is None else time

    def silent_beside(self, other: "_Flow", limit: float) -> bool:
        """Tell whether nothing came for too long while the other one went on."""
        mine, others = self.rhythm.last, other.rhythm.last
        return mine is not None and others is not None and others - mine > limit + self.rhythm.usual


class SignalWatch:
    """Reads the lines that :mod:`pyca.media.health` makes FFmpeg print, and knows which faults last.

    Pure logic: the text and the time come from outside, and whatever is no such line is passed over.
    """

    def __init__(self, health: Health) -> None:
        self.level: float | None = None
        """the sound's level in its latest second: RMS in dB below full scale"""
        self.peak: float | None = None
        """the highest sample of that second in dB below full scale"""
        self._health = health
        self._rest = ""
        self._header: float | None = None
        self._picture, self._sound = _Flow(), _Flow()
        # Of keyframes alone the latest is often old: of the lags right after a picture and right after a
        # second of sound, the smaller one counts.
        self._lags = [0.0, 0.0]
        self._silent = self._frozen = False
        self._black: float | None = None
        self._clipped: deque[bool] = deque(maxlen=max(_WINDOW, round(health.clipping_seconds)))
        self._readers: dict[str, Callable[[str, float], None]] = {
            "seen": self._take_picture,
            "lavfi.astats.Overall.RMS_level": self._take_level,
            "lavfi.astats.Overall.Peak_level": self._take_peak,
            "lavfi.silence_start": lambda _value, _now: self._mark_silent(silent=True),
            "lavfi.silence_end": lambda _value, _now: self._mark_silent(silent=False),
            "lavfi.black_start": lambda value, _now: self._mark_black(_number(value)),
            "lavfi.black_end": lambda _value, _now: self._mark_black(None),
            "lavfi.freezedetect.freeze_start": lambda _value, _now: self._mark_frozen(frozen=True),
            "lavfi.freezedetect.freeze_end": lambda _value, _now: self._mark_frozen(frozen=False),
        }

    def feed(self, text: str, now: float) -> None:
        """Take the next piece of output, however it is cut.

        :param now: monotonic seconds
        """
        *lines, rest = (self._rest + text).split("\n")
        for line in lines:
            self._take(line, now)
        # Whatever writes endlessly without a line end is no report: enough is kept to know it for too long.
        self._rest = rest[: _LONGEST_LINE + 1]

    @property
    def heard(self) -> float | None:
        """When the latest level was told, in monotonic seconds."""
        return self._sound.rhythm.last

    def faults(self) -> tuple[Fault, ...]:
        """Return the faults that last."""
        limits = self._health
        details = {
            AlarmKind.SILENCE: f"no sound above {limits.silence_level:g} dB" if self._is_silent() else "",
            AlarmKind.CLIPPING: "the sound is overdriven" if self._is_clipping() else "",
            AlarmKind.BLACK: "the picture is black" if self._is_black() else "",
            AlarmKind.FROZEN: "the picture stands still" if self._is_frozen() else "",
            AlarmKind.GAP: self._gap() if limits.gap_seconds > 0 else "",
        }
        return tuple(Fault(kind, detail) for kind, detail in details.items() if detail)

    def _take(self, line: str, now: float) -> None:
        if len(line) > _LONGEST_LINE:
            return
        if header := _HEADER.match(line):
            self._header = _number(header[1])
            return
        key, _, value = line.partition("=")
        if reader := self._readers.get(key):
            reader(value.strip(), now)

    def _take_picture(self, _value: str, now: float) -> None:
        self._picture.came(self._header, now)
        self._note_lag(0)

    def _take_level(self, value: str, now: float) -> None:
        self.level = _decibel(value)
        # It has its timestamp from its first sample, but was complete, and told, at its last.
        self._sound.came(None if self._header is None else self._header + 1, now)
        self._note_lag(1)

    def _take_peak(self, value: str, _now: float) -> None:
        self.peak = _decibel(value)
        self._clipped.append(self.peak is not None and self.peak >= self._health.clipping_level)

    def _mark_silent(self, *, silent: bool) -> None:
        self._silent = silent

    def _mark_frozen(self, *, frozen: bool) -> None:
        self._frozen = frozen

    def _mark_black(self, since: float | None) -> None:
        # A picture that stops being black has moved, whether that is told already or in the next line.
        self._black, self._frozen = since, False

    def _note_lag(self, stream: int) -> None:
        if self._picture.time is not None and self._sound.time is not None:
            self._lags[stream] = self._sound.time - self._picture.time

    def _is_silent(self) -> bool:
        return self._silent and self._health.silence_seconds > 0

    def _is_clipping(self) -> bool:
        return 0 < self._health.clipping_seconds <= sum(self._clipped)

    def _is_black(self) -> bool:
        # FFmpeg tells of the first black picture already, and a blink of black is no fault.
        if self._black is None or self._picture.time is None or self._health.black_seconds <= 0:
            return False
        return self._picture.time - self._black >= self._health.black_seconds

    def _is_frozen(self) -> bool:
        # A black picture stands still as well, and one word for it is enough.
        return self._frozen and self._black is None and self._health.frozen_seconds > 0

    def _gap(self) -> str:
        limit = self._health.gap_seconds
        if self._sound.silent_beside(self._picture, limit):
            return "the sound has stopped while the picture goes on"
        if self._picture.silent_beside(self._sound, limit):
            return "the picture has stopped while the sound goes on"
        lag = min(self._lags, key=abs)
        if abs(lag) <= limit:
            return ""
        return f"the sound is {'ahead of' if lag > 0 else 'behind'} the picture by more than {limit:g} s"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None


def _decibel(text: str) -> float | None:
    value = SILENT if text == "-inf" else _number(text)
    return None if value is None else max(value, SILENT)
