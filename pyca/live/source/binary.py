"""What one FFmpeg can do, asked once: every question takes as long as a picture or two on the stream."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.live.flow.hidden import reads_presets
from pyca.media import abilities


@dataclass(frozen=True)
class Binary:
    """An FFmpeg as it is now: a new version in its place is another one."""

    path: Path
    written: int
    """nanoseconds: the file's time of modification"""


def binary_at(path: Path) -> Binary:
    """Return the FFmpeg at a path.

    :raises MediaError: where there is none
    """
    try:
        return Binary(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise MediaError(f"{path} cannot be used: {error.strerror}", "install FFmpeg") from error


@cache
def encoders_of(binary: Binary) -> frozenset[str]:
    """Return its encoders.

    :raises MediaError: where it cannot be run
    """
    return abilities.encoders(binary.path)


@cache
def protocols_of(binary: Binary) -> frozenset[str]:
    """Return what it can send over.

    :raises MediaError: where it cannot be run
    """
    return abilities.protocols(binary.path)


@cache
def demuxers_of(binary: Binary) -> frozenset[str]:
    """Return the formats and devices that it reads.

    :raises MediaError: where it cannot be run
    """
    return abilities.demuxers(binary.path)


def ask(binary: Binary) -> None:
    """Ask what every stream needs, all at the same time, so that the answers are there.

    :raises MediaError: where it cannot be run
    """
    with ThreadPoolExecutor(3) as pool:
        presets = pool.submit(reads_presets, binary.path)
        for answer in [pool.submit(encoders_of, binary), pool.submit(protocols_of, binary)]:
            answer.result()
        presets.result()
