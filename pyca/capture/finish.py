"""After the last byte: probe what was written, join the parts, make the delivered container, judge."""

import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pyca.capture.inputs import Job
from pyca.capture.place import FULL
from pyca.core.errors import MediaError
from pyca.core.recording import Part, Track
from pyca.core.states import EventState
from pyca.media.ffmpeg import Tools
from pyca.media.join import join
from pyca.media.probe import Probe, probe
from pyca.media.remux import remux
from pyca.runtime.disk import free_bytes, is_there

logger = logging.getLogger(__name__)

TOLERANCE = 3.0
"""Seconds that a complete recording may be shorter than planned, or two percent where that is more."""


@dataclass(frozen=True)
class Result:
    """What a recording has come to."""

    state: EventState
    tracks: tuple[Track, ...]
    errors: tuple[str, ...]
    replaced: tuple[Path, ...] = ()
    """files of which a checked copy is in the tracks; they may go once the tracks are stored"""


@dataclass(frozen=True)
class _Piece:
    """A readable file of one part."""

    path: Path
    part: Part
    probe: Probe
    started: float


@dataclass(frozen=True)
class Workshop:
    """What copies are made with, and where.

    :param container: file ending of the delivered files, empty to leave them as they are
    :param tools: FFmpeg; without it the files are delivered unseen
    :param spare: the folder for copies that find no room beside the recording
    """

    container: str
    tools: Tools | None
    spare: Path | None = None

    def folder(self, near: Path, size: int) -> Path:
        """Return a folder with room for so many bytes, the one of a file where there is none."""
        free = free_bytes(near.parent)
        if self.spare is None or free is None or free > size + FULL:
            return near.parent
        with suppress(OSError):
            self.spare.mkdir(parents=True, exist_ok=True)
            if (free_bytes(self.spare) or 0) > size + FULL:
                return self.spare
        return near.parent


def finish(jobs: Sequence[Job], parts: Sequence[Part], *, planned: float, workshop: Workshop) -> Result:
    """Turn the files of all parts into tracks.

    :param planned: how long the recording should be, in seconds
    """
    tracks: list[Track] = []
    replaced: list[Path] = []
    errors: list[str] = []
    complete = True
    for name, flavors in _inputs(jobs, parts).items():
        mine = [part for part in parts if part.input == name]
        for index, flavor in enumerate(flavors):
            made, problems, old = _tracks(name, index, flavor, mine, workshop)
            tracks += made
            replaced += old
            errors += problems
            short = _shortage(name, made, planned)
            if short:
                errors.append(short)
                complete = False
    if not tracks:
        return Result(EventState.FAILED_RECORDING, (), tuple(errors))
    state = EventState.FINISHED_RECORDING if complete else EventState.PARTIAL_RECORDING
    return Result(state, tuple(tracks), tuple(errors), tuple(replaced))


def _inputs(jobs: Sequence[Job], parts: Sequence[Part]) -> dict[str, tuple[str, ...]]:
    """Return the flavors of each input; what was recorded counts, not what is configured by now."""
    wanted = {job.name: job.input.flavors for job in jobs}
    recorded = {part.input: part.flavors for part in parts if part.flavors}
    # Inputs that are configured under another name since then have left no part: nothing is missing of them.
    gone = recorded.keys() - wanted.keys()
    return recorded if gone else wanted | recorded


def _tracks(
    name: str, index: int, flavor: str, parts: Sequence[Part], workshop: Workshop
) -> tuple[list[Track], list[str], list[Path]]:
    """Return the tracks of one file of one input, ideally a single one, what went wrong, what is replaced."""
    pieces, problems = _readable(index, parts, workshop.tools)
    tracks, replaced = [], []
    if len(pieces) > 1 and (joined := _joined(pieces, workshop)):
        replaced += [piece.path for piece in pieces]
        pieces = [joined]
    for piece in pieces:
        path, found = _contained(piece, workshop)
        if path != piece.path:
            replaced.append(piece.path)
        tracks.append(
            Track(
                path=path,
                flavor=flavor,
                input=name,
                part=piece.part.number,
                size=path.stat().st_size,
                duration=found.duration,
                streams=tuple(str(stream) for stream in found.streams),
            )
        )
    return tracks, problems, replaced


def _readable(index: int, parts: Sequence[Part], tools: Tools | None) -> tuple[list[_Piece], list[str]]:
    pieces, problems, missing = [], [], []
    for part in parts:
        if index >= len(part.files):
            continue
        path = Path(part.files[index])
        if not is_there(path):
            if part.started:  # else it was found in the folder, where this one of its files never was
                missing.append(path)
            continue
        try:
            found = probe(path, tools) if tools else _unseen(path)
        except MediaError as error:
            problems.append(str(error))
            logger.error("%s", error)
            continue
        pieces.append(
            _Piece(path, part, found, part.started or path.stat().st_mtime - (found.duration or 0.0))
        )
    if missing:
        problems.append(_missing(missing))
        logger.error("%s", problems[-1])
    return sorted(pieces, key=lambda piece: piece.started), problems


def _missing(paths: Sequence[Path]) -> str:
    """Say once which files are not there, however often the command was started in vain."""
    first, others = paths[0], len(paths) - 1
    which = f"“{first.name}” is missing" if not others else f"“{first.name}” and {others} more are missing"
    return f"{which} (the capture command wrote elsewhere or not at all)"


def _unseen(path: Path) -> Probe:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaError(f"{path}: {error.strerror}", "check what the command writes") from error
    if not size:
        raise MediaError(f"{path} is empty", "check what the command writes")
    return Probe(path=path, duration=None, size=size, streams=(), container=path.suffix.lstrip("."))


def _joined(pieces: list[_Piece], workshop: Workshop) -> _Piece | None:
    """Return the parts as one piece, None where they cannot be joined without re-encoding."""
    first, tools = pieces[0], workshop.tools
    if tools is None:
        return None
    folder = workshop.folder(first.path, sum(piece.probe.size for piece in pieces))
    target = folder / f"{first.path.stem}-joined{first.path.suffix}"
    try:
        join(
            [piece.path for piece in pieces],
            target,
            tools,
            starts=_starts(pieces),
        )
        found = probe(target, tools)
    except MediaError as error:
        logger.warning("the parts are delivered as they are: %s", error)
        return None
    return _Piece(target, first.part, found, first.started)


def _starts(pieces: Sequence[_Piece]) -> list[float] | None:
    """Return when the parts began; None where the times of files are all there is: they may mean nothing."""
    if not all(piece.part.started for piece in pieces):
        return None
    return [piece.started for piece in pieces]


def _contained(piece: _Piece, workshop: Workshop) -> tuple[Path, Probe]:
    """Return the file in the container that is to be delivered; the recorded one where that fails."""
    container, tools = workshop.container, workshop.tools
    if not container or not tools or piece.path.suffix == f".{container}":
        return piece.path, piece.probe
    try:
        found = remux(piece.probe, container, tools, workshop.folder(piece.path, piece.probe.size))
    except MediaError as error:
        logger.warning("%s is delivered as it was recorded: %s", piece.path.name, error)
        return piece.path, piece.probe
    return found.path, found


def _shortage(name: str, tracks: Iterable[Track], planned: float) -> str:
    """Return in words how much is missing, empty where nothing is or nobody knows."""
    known = [track.duration for track in tracks]
    if not known:
        return f"{name}: nothing usable was recorded"
    if any(duration is None for duration in known):
        return ""
    missing = planned - sum(duration or 0.0 for duration in known)
    if missing <= max(TOLERANCE, planned * 0.02):
        return ""
    return f"{name}: {missing:.0f} of {planned:.0f} s are missing"
