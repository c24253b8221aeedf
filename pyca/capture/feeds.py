"""What passes on a recording to the stream: the recording never suffers by it."""

import logging
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from pyca.config.live import FEEDS
from pyca.config.settings import Settings
from pyca.core.errors import PycaError
from pyca.core.event import Event
from pyca.core.live import LiveEvents, Profile, is_streamed
from pyca.media import abilities
from pyca.media.feed import ENCODERS, MUXERS, PROTOCOL, feed_output, unsent
from pyca.media.h264 import SOFTWARE
from pyca.runtime.command import needs

logger = logging.getLogger(__name__)

_ENCODING = FEEDS[0]

Passing = Callable[[str, list[str]], list[str]]
"""Is given the seconds that are recorded, empty where FFmpeg is not told them, and the words that stand
before; returns these with its own."""


def feeds_of(settings: Settings, event: Event, profile: Profile | None = None) -> Mapping[str, Passing]:
    """Return what passes on the recording of an event to the stream, by placeholder.

    :param profile: how the stream is encoded; by default as the configuration says
    """
    ours = settings.live
    if not is_streamed(LiveEvents(ours.events), event):
        return NO_FEEDS
    profiles = dict(zip(FEEDS, (profile or ours.profile, None), strict=True))
    return {name: partial(_put_in, wanted, ours.feed) for name, wanted in profiles.items()}


def fed(command: str, feeds: Mapping[str, Passing]) -> bool:
    """Tell whether a command passes on what it records."""
    return feeds is not NO_FEEDS and any(needs(command, name) for name in feeds)


class Fitness:
    """Finds out in the background which FFmpeg cannot pass on anything: no start waits for that.

    :param ask: tells what such a program lacks for these encoders, empty for nothing
    """

    def __init__(self, ask: Callable[[Path, frozenset[str]], str] | None = None) -> None:
        self._ask = ask or lacking
        self._pool: ThreadPoolExecutor | None = None
        self._answers: dict[tuple[Path, int, frozenset[str]], Future[str]] = {}

    def lack(self, program: str, command: str) -> str:
        """Return what a program lacks to pass on what it records; empty while that is not known.

        :param program: which is run for the command
        """
        path = Path(program)
        try:
            written = path.stat().st_mtime_ns
        except OSError:
            return ""
        if not path.name.startswith("ffmpeg"):
            return ""  # a script may run whatever it likes
        encoders = ENCODERS | ({SOFTWARE} if needs(command, _ENCODING) else frozenset())
        question = (path, written, encoders)
        if question not in self._answers:
            self._pool = self._pool or ThreadPoolExecutor(max_workers=1, thread_name_prefix="fitness")
            self._answers[question] = self._pool.submit(self._ask, path, encoders)
        answer = self._answers[question]
        return answer.result() if answer.done() and not answer.cancelled() else ""

    def close(self) -> None:
        """End without what was not begun."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)


def lacking(program: Path, encoders: frozenset[str]) -> str:
    """Return what an FFmpeg lacks to pass on what it records, empty for nothing."""
    try:
        wanted = {
            "encoder": encoders - abilities.encoders(program),
            "format": MUXERS - abilities.muxers(program),
            "protocol": {PROTOCOL} - abilities.protocols(program),
        }
    except PycaError as error:
        logger.debug("whether %s can stream is not known: %s", program, error)
        return ""
    lacks = (f"no {kind} “{name}”" for kind, names in wanted.items() for name in sorted(names))
    return ", ".join(lacks)


def _put_in(profile: Profile | None, socket: Path, length: str, before: list[str]) -> list[str]:
    return [*before, *feed_output(profile, socket, before, length)]


def _left_out(length: str, before: list[str]) -> list[str]:
    """Return the words of a command without those that choose what is passed on."""
    end = len(before)
    while before[:end][-2:-1] == ["-map"]:
        end -= 2
    return [*before[:end], *unsent(before[end:], length)]


NO_FEEDS: Mapping[str, Passing] = dict.fromkeys(FEEDS, _left_out)
"""for a recording that is not streamed"""
