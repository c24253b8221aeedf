"""The log for page and API: from the operator's command, a file, the journal, or what services keep."""

import os
import shutil
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pyca.config.types import CommandLine
from pyca.core.errors import CommandError
from pyca.runtime.command import build_argv
from pyca.runtime.files import open_regular
from pyca.runtime.keptlog import before, folder_beside, kept_files
from pyca.runtime.logs import stderr_is_journal
from pyca.ui.context import Context
from pyca.ui.view.loglines import Level, Line, parse

KEEP = 400_000
"""Bytes of a log that are read at most, from its end."""
MOST_LINES = 2000
_JOURNAL = "journalctl --quiet --no-pager --output=json --lines=600 --unit=pyca-* --unit=pyca.service"
_CONFIGURE = (
    "set [logging] file, or [ui] log_command to a command that prints a log, such as "
    "“journalctl -n 200 --no-pager -o short-iso -u pyca-*”"
)
_JOIN = "let pyCA's user read the journal (usermod -a -G systemd-journal pyca), then restart, or "


@dataclass(frozen=True)
class Log:
    """The end of the log."""

    source: str
    """where it comes from, in words; empty where there is none"""
    lines: tuple[Line, ...] = ()
    """the newest last"""
    cut: bool = False
    """True where there was more than is given here"""
    trouble: str = ""
    """what is wrong with it, in words"""
    remedy: str = ""
    """what would help"""
    waiting: bool = False
    """True where a command has not said all yet, so that it is worth reading again soon"""


def read(context: Context) -> Log:
    """Return the end of the log. It never fails and never waits long: what is wrong stands in the answer."""
    settings, now = context.settings, context.clock.now()
    if settings.ui.log_command:
        shown = CommandLine().redact(settings.ui.log_command)
        return _of_command(context, settings.ui.log_command, f"the output of “{shown}”")
    if settings.logging.file is not None:
        return _of_files([settings.logging.file], now, f"the file {settings.logging.file}", named=False)
    kept = _kept(context)
    if stderr_is_journal():
        log = _of_journal(context)
        return log if log.lines or not kept.lines else kept
    return kept


def chosen(lines: Iterable[Line], least: Level, service: str = "") -> list[Line]:
    """Return the lines of a level and worse, of one service where one is named."""
    return [line for line in lines if least.covers(line.level) and service in ("", line.service)]


def services(lines: Iterable[Line]) -> list[str]:
    """Return the services that lines come from."""
    return sorted({line.service for line in lines if line.service})


def _of_command(context: Context, command: str, source: str) -> Log:
    try:
        argv = build_argv(command, {})
    except CommandError as error:
        return Log(source, trouble=f"{error}.")
    answer = context.log_command.ask(argv, context.clock, KEEP)
    output, trouble = answer.output, answer.trouble
    if answer.waiting:
        trouble = "The command is still running" + (": this is what it said before." if output else ".")
    if output is None:
        return Log(source, trouble=trouble, waiting=answer.waiting)
    text = output.text.partition("\n")[2] or output.text if output.cut else output.text
    log = _log(source, list(parse(text, context.clock.now())), output.cut, trouble)
    return replace(log, waiting=answer.waiting)


def _of_journal(context: Context) -> Log:
    """Return what the journal holds of pyCA's units; its entries are exact, so they are asked for as JSON."""
    source = "the journal of pyCA's units"
    if not shutil.which("journalctl", path=os.environ.get("PATH", os.defpath)):
        return Log(
            "", trouble="The messages go to the journal, and journalctl is not here.", remedy=_CONFIGURE
        )
    log = _of_command(context, _JOURNAL, source)
    entries = tuple(line for line in log.lines if line.moment is not None)
    if entries or log.waiting:
        return replace(log, lines=entries)
    return Log(
        source,
        trouble="The messages go to the journal, which shows none to the page.",
        remedy=_JOIN + _CONFIGURE,
    )


def _kept(context: Context) -> Log:
    """Return what the services keep themselves beside the database."""
    file = context.database.file
    if file is None:
        return Log("", trouble="No log is kept for the page.", remedy=_CONFIGURE)
    folder = folder_beside(file)
    files = kept_files(folder)
    if not files:
        return Log("", trouble="No service has written to a log for the page yet.", remedy=_CONFIGURE)
    return _of_files(files, context.clock.now(), f"what the services keep in {folder}", named=True)


def _of_files(files: Sequence[Path], now: float, source: str, *, named: bool) -> Log:
    """Return the ends of some files in the order of time.

    :param named: True where each file is that of the service that it is named after
    """
    lines: list[Line] = []
    troubles, cut = [], False
    for file in files:
        try:
            text, more = _tail(file, KEEP // len(files))
        except OSError as error:
            troubles.append(f"{file} cannot be read: {error.strerror or error}.")
            continue
        cut = cut or more
        lines += parse(text, now, file.stem if named else "")
    if named:
        lines.sort(key=lambda line: line.moment or 0.0)
    remedy = "let pyCA's user read it, or set [ui] log_command" if troubles else ""
    return _log(source, lines, cut, " ".join(troubles), remedy)


def _tail(file: Path, most: int) -> tuple[str, bool]:
    """Return the end of a log and whether there is more; it goes on in the file that it had before.

    :param most: bytes
    :raises OSError: where it is no file that we may read
    """
    data, more = _end(file, most)
    if not more:
        try:
            earlier, more = _end(before(file), most - len(data))
        except OSError:
            earlier = b""
        data = earlier + data
    if more:
        data = data.partition(b"\n")[2] or data  # the first line lacks its beginning
    return data.decode("utf-8", "replace"), more


def _end(file: Path, most: int) -> tuple[bytes, bool]:
    with open_regular(file) as (descriptor, status):
        start = max(status.st_size - most, 0)
        return os.pread(descriptor, most, start) if most else b"", start > 0


def _log(source: str, lines: Collection[Line], cut: bool, trouble: str = "", remedy: str = "") -> Log:
    some = tuple(lines)
    return Log(source, some[-MOST_LINES:], cut or len(some) > MOST_LINES, trouble, remedy)
