"""Read the blocks that FFmpeg's ``-progress`` writes while it works."""

from dataclasses import dataclass

_LONGEST_LINE = 4096


@dataclass(frozen=True)
class Progress:
    """One block. Figures that FFmpeg does not know yet (``N/A``) are None."""

    frame: int | None = None
    fps: float | None = None
    bitrate: float | None = None
    """bits per second"""
    size: int | None = None
    """bytes written"""
    time: float | None = None
    """seconds of media written"""
    dropped: int | None = None
    duplicated: int | None = None
    speed: float | None = None
    """1.0 is real time"""
    ended: bool = False


class ProgressReader:
    """Collects lines into blocks, however the pipe cuts them.

    FFmpeg 9 goes on writing blocks while its source is blocked, 5.1 does not: a block is no sign of life,
    only a changed figure is.
    """

    def __init__(self) -> None:
        self._rest = ""
        self._values: dict[str, str] = {}

    def feed(self, text: str) -> list[Progress]:
        """Take the next piece of output and return the blocks that it completes."""
        *lines, rest = (self._rest + text).split("\n")
        # Whatever writes endlessly without a line end is not FFmpeg's progress.
        self._rest = rest[-_LONGEST_LINE:]
        blocks = (self._take(line) for line in lines)
        return [block for block in blocks if block]

    def _take(self, line: str) -> Progress | None:
        key, separator, value = line.partition("=")
        if not separator:
            return None
        key, value = key.strip(), value.strip()
        if key != "progress":
            self._values[key] = value
            return None
        values, self._values = self._values, {}
        return _block(values, ended=value == "end")


def read_progress(text: str) -> Progress:
    """Return the last block of a finished run's output, an empty one where there is none."""
    blocks = ProgressReader().feed(text)
    return blocks[-1] if blocks else Progress()


def _block(values: dict[str, str], *, ended: bool) -> Progress:
    def number(key: str, unit: str = "") -> float | None:
        return _number(values.get(key, ""), unit)

    def count(key: str) -> int | None:
        value = number(key)
        return None if value is None else int(value)

    # out_time_ms holds microseconds too, in every FFmpeg so far; out_time_us says what it is.
    micro = number("out_time_us")
    if micro is None:
        micro = number("out_time_ms")
    rate = number("bitrate", "kbits/s")
    return Progress(
        frame=count("frame"),
        fps=number("fps"),
        bitrate=None if rate is None else rate * 1000,
        size=count("total_size"),
        time=None if micro is None else micro / 1_000_000,
        dropped=count("drop_frames"),
        duplicated=count("dup_frames"),
        speed=number("speed", "x"),
        ended=ended,
    )


def _number(text: str, unit: str) -> float | None:
    try:
        value = float(text.removesuffix(unit))
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None
