"""What commands print: tables, JSON, moments."""

import json
import re
import shutil
import sys
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click

_LONGEST = 120
"""Characters of a table's cell where no terminal sets the limit."""
_NARROWEST = 20
# OSC and its kin up to their end, CSI, and any other sequence of two characters.
_ESCAPE = re.compile(
    r"\x1b[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|\x1b.?", re.DOTALL
)
_OVERRIDES = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u2028\u2029")


def plain(text: str) -> str:
    """Return a text without anything that a terminal would obey, on a single line."""
    bare = _ESCAPE.sub("", text)
    kept = (" " if unicodedata.category(sign) == "Cc" or sign in _OVERRIDES else sign for sign in bare)
    return " ".join("".join(kept).split())


def brief(text: str, taken: int = 0) -> str:
    """Return a plain text that fits into what is left of a line.

    :param taken: characters that the line has already; counts on a terminal only
    """
    width = _LONGEST
    if sys.stdout.isatty():
        width = max(shutil.get_terminal_size().columns - taken, _NARROWEST)
    text = plain(text)
    return text if len(text) <= width else text[: width - 1] + "…"


def print_json(data: Any) -> None:
    """Print data as JSON for programs."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their heads, each column as wide as it has to be; the last is cut where it must."""
    taken = sum(2 + max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads) - 1))
    rows = [(*map(plain, row[:-1]), brief(row[-1], taken)) for row in rows]
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    click.echo(click.style(_line(heads, widths), bold=True))
    for row in rows:
        click.echo(_line(row, widths))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def print_facts(facts: Sequence[tuple[str, str]]) -> None:
    """Print names and values; a fact without a value is left out."""
    width = max(len(name) for name, _ in facts)
    for name, value in facts:
        if value:
            click.echo(f"{click.style(name.ljust(width), bold=True)}  {value}")


def emphasized(text: str) -> str:
    """Return a word that must not be overlooked; its colour is never its only sign."""
    return click.style(text, fg="yellow", bold=True)


def show_moment(moment: float | None, zone: str) -> str:
    """Return a moment in the agent's time zone, nothing for none."""
    if moment is None:
        return ""
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def iso_moment(moment: float | None, zone: str) -> str | None:
    """Return a moment as ISO 8601 with its offset, for JSON."""
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, ZoneInfo(zone)).isoformat(timespec="milliseconds")
