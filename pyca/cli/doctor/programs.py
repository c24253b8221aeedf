"""Are FFmpeg and the programs of the commands there, and can they do what is asked of them?"""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pyca.cli.doctor.commands import configured
from pyca.cli.doctor.finding import Finding, failed, failure, ok, warning
from pyca.config.settings import Settings
from pyca.core.errors import MediaError
from pyca.media.abilities import Abilities, abilities
from pyca.media.demands import Demands
from pyca.media.ffmpeg import find_ffmpeg, find_tools

_OTHER_BUILD = "install an FFmpeg with it, such as the system's package, or change the command"


def check(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at FFmpeg and at each command's program."""
    yield from check_ffmpeg(environ)
    known: dict[Path, Abilities] = {}
    for name, wanted in configured(settings):
        program = _program(wanted.program, environ)
        if program is None:
            text = f"the program “{wanted.program}” does not exist or is not executable"
            yield failed(name, text, "install it, or correct the command")
        elif wanted.ffmpeg:
            yield from _fits(name, wanted, known, environ)
        else:
            yield ok(name, f"runs {program}")


def check_ffmpeg(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look for FFmpeg, which pyCA needs itself, to join and to check recordings."""
    try:
        tools = find_tools(environ)
        yield ok("ffmpeg", f"{tools.ffmpeg}, version {abilities(tools.ffmpeg).version}")
    except MediaError as error:
        yield failure("ffmpeg", error)
        return
    if tools.ffprobe is None:
        yield warning(
            "ffprobe", "there is none, so files are checked less closely", "install the system's FFmpeg"
        )
    else:
        yield ok("ffprobe", str(tools.ffprobe))


def _program(program: str, environ: Mapping[str, str]) -> Path | None:
    """Return where a program is; a plain ``ffmpeg`` is the one that pyCA finds."""
    if program == "ffmpeg":
        try:
            return find_ffmpeg(environ)
        except MediaError:
            return None
    found = shutil.which(program, path=environ.get("PATH", os.defpath))
    return Path(found) if found else None


def _fits(
    name: str, wanted: Demands, known: dict[Path, Abilities], environ: Mapping[str, str]
) -> Iterator[Finding]:
    """Hold what a command wants against what its FFmpeg can do."""
    # Behind another program, such as nice, it is that one which looks for FFmpeg.
    own = wanted.program == wanted.ffmpeg == "ffmpeg"
    found = find_ffmpeg(environ) if own else shutil.which(wanted.ffmpeg, path=environ.get("PATH", os.defpath))
    if not found:
        yield failed(name, f"there is no {wanted.ffmpeg}", "install it, or correct the command")
        return
    path = Path(found)
    try:
        can = known[path] = known.get(path) or abilities(path)
    except MediaError as error:
        yield failure(name, error)
        return
    lacking = [f"{kind} {one}" for kind, one in can.missing(wanted)]
    if lacking:
        yield failed(name, f"{path} lacks {', '.join(lacking)}", _OTHER_BUILD)
        return
    used = sorted(wanted.encoders | wanted.decoders | wanted.demuxers | wanted.muxers)
    yield ok(name, f"FFmpeg has all that is asked for{': ' if used else ''}{', '.join(used)}")
