"""What commands print: tables, JSON, moments."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import click


def print_json(data: Any) -> None:
    """Print data as JSON for programs."""
    click.echo(json.dumps(data, ensure_ascii=False, indent=2))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows below their heads, each column as wide as it has to be."""
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
