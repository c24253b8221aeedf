"""Reading ``pyca.conf``: from bytes to nested sections of raw values, with every syntax error named."""

import re
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from configobj import ConfigObj, NestingError

from pyca.config.locate import locate, scan
from pyca.config.report import Report, shorten
from pyca.core.errors import ConfigError

_NAME = re.compile(r"[\w.-]+")
_QUOTED_COMMA = re.compile(r"['\"]\s*,")
_ITEM = r"""(?:"[^"]*+"|'[^']*+'|[^'",#\s][^,#]*+)\s*"""
_LIST = re.compile(rf"(?:{_ITEM},\s*)*+(?:{_ITEM})?+(?:#.*)?")
_MOST_TRIES = 10
"""ConfigObj tries 2^n readings of a line with unbalanced quotes and n quoted items; ten are quick"""

_LARGEST = 1_000_000
"""bytes; no configuration is larger, but a wrong path may be"""

Tree = Mapping[str, Any]
"""sections and keys by name; a section is a mapping, a key's raw value a text or a list of texts"""


def read_source(file: Path) -> tuple[Tree, Report]:
    """Return the sections of ``file`` and the report that collects its mistakes.

    :raises ConfigError: where there is nothing to go on with: the file is unreadable, no text, or its
        sections cannot be told apart
    """
    lines = _decode(file, _read(file))
    report = Report(file, locate(lines))
    _take_out_endless_lines(lines, report)
    tree, broken = _parse(lines, report)
    if broken:
        raise ConfigError(report.problems)
    return tree, report


def _read(file: Path) -> bytes:
    """Return what is in the file; a pipe would be waited for and a device read without end."""
    try:
        mode = file.stat().st_mode
        if stat.S_ISDIR(mode):
            raise ConfigError([f"{file}: is a folder, expected a file"])
        if not stat.S_ISREG(mode):
            raise ConfigError([f"{file}: is not a regular file, expected one, not a pipe or device"])
        with file.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigError([f"{file}: cannot be read: {reason}"]) from error
    if len(content) > _LARGEST:
        raise ConfigError([f"{file}: is larger than 1 MB, expected a configuration of a few kB"])
    return content


def _decode(file: Path, content: bytes) -> list[str]:
    """Return the lines of the file, without the byte order mark that some editors put in front."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The error counts from behind a byte order mark, so the position is looked up in what it decoded.
        before = error.object[: error.start]
        line = before.count(b"\n") + 1
        column = len(before) - (before.rfind(b"\n") + 1) + 1
        message = f"byte 0x{error.object[error.start]:02x} in column {column} is not UTF-8"
        raise ConfigError([f"{file}:{line}: {message}; save the file as UTF-8"]) from None
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _take_out_endless_lines(lines: list[str], report: Report) -> None:
    """Report and blank those lines whose unbalanced quotes ConfigObj would ponder for hours."""
    for number, location, value in scan(lines):
        many = len(_QUOTED_COMMA.findall(value)) > _MOST_TRIES
        if many and not value.startswith(("'''", '"""')) and not _LIST.fullmatch(value):
            report.error(location, "has unbalanced quotes; put each item of the list in '…' or \"…\"")
            lines[number - 1] = ""


def _parse(lines: list[str], report: Report) -> tuple[Tree, bool]:
    """Return the sections and whether they are too broken to look any further.

    Interpolation is off, so that ``%`` and ``$`` in commands stay what they are.
    """
    try:
        return ConfigObj(lines, interpolation=False, list_values=True), False
    except SyntaxError as error:
        errors: Sequence[SyntaxError] = getattr(error, "errors", [error])
        broken = False
        for one in errors:
            number = getattr(one, "line_number", None) or 1
            report.error_at(number, _explain(one, lines[number - 1]))
            broken = broken or isinstance(one, NestingError) or lines[number - 1].lstrip().startswith("[")
            if "multiline" in str(one):  # what follows is the text itself, each line another error
                broken = True
                break
        tree: Tree | None = getattr(error, "config", None)
        return tree or {}, broken or tree is None


def _explain(error: SyntaxError, line: str) -> str:
    """Return what is wrong with a line; never its value, which may be a password."""
    text = str(error)
    word = _NAME.match(line.strip(" \t'\"[]"))
    name = f"“{shorten(word[0])}”" if word else "this line"
    if "Duplicate section" in text:
        return f"section {name} is there twice; put its keys into one"
    if "Duplicate keyword" in text:
        return f"{name} is set twice in one section; remove one of them"
    if "multiline" in text:
        return f"the triple quotes of {name} are not closed; end the value with the same three quotes"
    if "Parse error in value" in text:
        return f"the value of {name} has unbalanced quotes; put all of it in '…' or in triple quotes"
    if isinstance(error, NestingError):
        return f"section {name} needs as many [ as ] and at most one more than the section around it"
    return f"{name} is neither a [section] nor a key; expected “key = value”"
