"""What is legal in a command and yet will not record: no such program, shell words, other files."""

import os
import re
import shlex
import shutil
from collections.abc import Iterator, Mapping

from pyca.config.checks import HOOKS
from pyca.config.locate import Location
from pyca.config.report import Report, shorten
from pyca.config.settings import Input, Settings

_WRITES_WHAT_IT_IS_TOLD = re.compile(r"ffmpeg|gst-launch|arecord|rpicam|libcamera")
"""beginnings of programs that write the files in their arguments; a script may choose its own"""

_SHELL_WORD = re.compile(r"\|\|?|&&?|;|<|[0-9&]?>>?\S*|\$\w+|\$\{\w+\}|\$\(.*|`.*", re.DOTALL)


def caution_commands(settings: Settings, report: Report, environ: Mapping[str, str]) -> None:
    """Add the warnings for the commands that are in use.

    :param environ: the variables that commands will run with, of which PATH counts
    """
    for location, recording in _in_use(settings):
        words = shlex.split(recording.command.replace("\\\n", " "))
        if not words:
            continue
        _caution_program((*location, "command"), words[0], report, environ)
        _caution_shell((*location, "command"), words[1:], report)
        if _WRITES_WHAT_IT_IS_TOLD.match(os.path.basename(words[0])):
            for key, files in (("files", recording.files), ("preview", recording.preview)):
                _caution_files((*location, key), files, words, report)


def caution_hooks(settings: Settings, report: Report, environ: Mapping[str, str]) -> None:
    """Add the warnings for the commands of ``[hooks]``.

    :param environ: the variables that hooks will run with, of which PATH counts
    """
    for hook in HOOKS:
        words = shlex.split(getattr(settings.hooks, hook))
        if words:
            _caution_program(("hooks", hook), words[0], report, environ)
            _caution_shell(("hooks", hook), words[1:], report)


def _in_use(settings: Settings) -> Iterator[tuple[Location, Input]]:
    """Yield what is recorded and where it stands; with named inputs ``[capture]`` records nothing."""
    for name, recording in settings.named_inputs.items():
        yield (("inputs", name) if settings.inputs else ("capture",)), recording


def _caution_program(location: Location, program: str, report: Report, environ: Mapping[str, str]) -> None:
    """Warn of a program that cannot be started. For a plain ``ffmpeg`` there may be a bundled one."""
    if program == "ffmpeg" or "{{" in program:
        return
    if shutil.which(program, path=environ.get("PATH", os.defpath)):
        return
    name = f"the program “{shorten(program)}”"
    if "/" not in program:
        reason = f"{name} is not found on PATH; install it or write its whole path"
    elif os.path.isfile(program):
        reason = f"{name} is not executable; run chmod +x {program}"
    else:
        reason = f"{name} does not exist; correct its path"
    report.warn_at(location, reason)


def _caution_shell(location: Location, words: list[str], report: Report) -> None:
    """Warn of words that only a shell understands."""
    found = dict.fromkeys(shorten(word) for word in words if _SHELL_WORD.fullmatch(word))
    if found:
        names = " and ".join(f"“{word}”" for word in found)
        report.warn_at(location, f"{names} reaches the program as it is, as there is no shell; use a script")


def _caution_files(location: Location, files: tuple[str, ...], words: list[str], report: Report) -> None:
    """Warn of files that the command does not name."""
    for file in files:
        name = file.rpartition("/")[2]
        if not any(name in word for word in words):
            message = f"“{shorten(file)}” does not appear in the command"
            report.warn_at(location, message)
