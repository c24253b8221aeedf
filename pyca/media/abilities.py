"""What an FFmpeg can do: its version, encoders, decoders and formats."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.demands import Demands
from pyca.media.run import run

_LIMIT = 10.0
"""seconds for each question; they take a tenth of one"""
_VERSION = re.compile(r"ffmpeg version (\S+)")
_RULE = re.compile(r"\s*-+\s*")
_CODEC = re.compile(r" [VASD.][F.][S.][X.][B.][D.] (\S+)(?:.*\(codec (\S+)\))?")
_FORMAT = re.compile(r" [D ][E ][d ]? +(\S+)")


@dataclass(frozen=True)
class Abilities:
    """What is built into one FFmpeg. Codecs go by their own names and by those of their encoders."""

    version: str
    encoders: frozenset[str]
    decoders: frozenset[str]
    demuxers: frozenset[str]
    muxers: frozenset[str]

    def missing(self, wanted: Demands) -> Iterator[tuple[str, str]]:
        """Yield what a command wants and this FFmpeg lacks: kind and name."""
        for kind in ("encoder", "decoder", "demuxer", "muxer"):
            names: set[str] = getattr(wanted, f"{kind}s")
            for name in sorted(names - getattr(self, f"{kind}s")):
                yield kind, name


def abilities(ffmpeg: Path) -> Abilities:
    """Ask an FFmpeg what it can do.

    :raises MediaError: where it cannot be run or does not answer like FFmpeg
    """
    return Abilities(
        version(ffmpeg),
        encoders=encoders(ffmpeg),
        decoders=_names(_ask(ffmpeg, "-decoders"), _CODEC),
        demuxers=demuxers(ffmpeg),
        muxers=muxers(ffmpeg),
    )


def version(ffmpeg: Path) -> str:
    """Return the version of an FFmpeg.

    :raises MediaError: where it cannot be run or does not answer like FFmpeg
    """
    found = _VERSION.search(_ask(ffmpeg, "-version"))
    if not found:
        raise MediaError(f"{ffmpeg} does not answer like FFmpeg", "is this another program?")
    return found[1]


def encoders(ffmpeg: Path) -> frozenset[str]:
    """Return the encoders of an FFmpeg, and the codecs that they make.

    :raises MediaError: where it cannot be run
    """
    return _names(_ask(ffmpeg, "-encoders"), _CODEC)


def demuxers(ffmpeg: Path) -> frozenset[str]:
    """Return the formats and devices that an FFmpeg reads.

    :raises MediaError: where it cannot be run
    """
    return _names(_ask(ffmpeg, "-demuxers"), _FORMAT)


def muxers(ffmpeg: Path) -> frozenset[str]:
    """Return the formats that an FFmpeg writes.

    :raises MediaError: where it cannot be run
    """
    return _names(_ask(ffmpeg, "-muxers"), _FORMAT)


def protocols(ffmpeg: Path) -> frozenset[str]:
    """Return what an FFmpeg can send over.

    :raises MediaError: where it cannot be run
    """
    return frozenset(_ask(ffmpeg, "-protocols").partition("Output:")[2].split())


def _ask(ffmpeg: Path, question: str) -> str:
    done = run([str(ffmpeg), question], _LIMIT)
    if done.code:
        words = done.errors.strip().splitlines() or [f"exit code {done.code}"]
        raise MediaError(f"{ffmpeg} {question} failed: {words[-1]}", "install FFmpeg anew")
    return done.output


def _names(listing: str, line: re.Pattern[str]) -> frozenset[str]:
    """Return the names below the rule of a listing; one line may hold several with commas."""
    lines = iter(listing.splitlines())
    for one in lines:
        if _RULE.fullmatch(one):
            break
    found: set[str] = set()
    for one in lines:
        if match := line.match(one):
            found.update(name for group in match.groups() if group for name in group.split(","))
    return frozenset(found)
