"""Run FFmpeg for a short job: with a time limit, never asking, never on the terminal."""

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.explain import explain

_SLOWEST_DISK = 5_000_000
"""bytes per second that even a worn memory card reads"""


@dataclass(frozen=True)
class Finished:
    """What a finished program left."""

    code: int
    output: str
    errors: str


def run(argv: Sequence[str], limit: float, feed: str = "") -> Finished:
    """Run a program to its end.

    :param limit: seconds after which the program is killed
    :param feed: text for its standard input
    :raises MediaError: where it cannot be started or exceeds the limit
    """
    done = _run(argv, limit, feed.encode("utf-8", "surrogateescape"))
    return Finished(done.returncode, _text(done.stdout), _text(done.stderr))


def convert(argv: Sequence[str], limit: float, feed: bytes) -> bytes:
    """Return what a program makes of some data, which passes through its standard input and output.

    :param limit: seconds after which the program is killed
    :raises MediaError: where it cannot be started, exceeds the limit or fails
    """
    done = _run(argv, limit, feed)
    if done.returncode:
        raise MediaError(f"“{argv[0]}” failed: {explain(_text(done.stderr))}")
    return done.stdout


def _run(argv: Sequence[str], limit: float, feed: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        # An own session keeps a terminal's Ctrl-C away: FFmpeg would leave half a file.
        return subprocess.run(
            list(argv),
            input=feed,
            capture_output=True,
            timeout=limit,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise MediaError(
            f"“{argv[0]}” did not end within {limit:.0f} s", "the file or disk is bad"
        ) from error
    except (OSError, ValueError) as error:
        raise MediaError(f"“{argv[0]}” cannot be run: {error}", "check the FFmpeg installation") from error


def limit_for(*paths: Path) -> float:
    """Return the seconds that reading whole files may take: one minute and what a slow disk needs."""
    return 60 + sum(path.stat().st_size for path in paths) / _SLOWEST_DISK


def url(path: Path) -> str:
    """Return a path so that FFmpeg takes it for a file, whatever colons or dashes it holds."""
    return f"file:{path.absolute()}"


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
