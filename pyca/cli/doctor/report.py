"""How findings are printed: grouped, aligned, and legible without colours."""

import shutil
import sys
import textwrap
from collections import Counter
from collections.abc import Sequence

import click

from pyca.cli.doctor.finding import Finding, Verdict
from pyca.cli.output import plain

_COLORS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.FAILED: "red", Verdict.SKIPPED: None}
_STATE = max(len(state) for state in Verdict)
_NAME = 16
_INDENT = " " * (2 + _STATE + 2 + _NAME + 2)
_NARROWEST = 60


def print_theme(name: str, findings: Sequence[Finding]) -> None:
    """Print what was found of one theme."""
    click.echo(click.style(name, bold=True))
    for finding in findings:
        state = click.style(finding.state.ljust(_STATE), fg=_COLORS[finding.state])
        head = f"  {state}  {finding.name.ljust(_NAME)}  "
        first, *rest = _lines(finding.text, "") or [""]
        click.echo(f"{head}{first}")
        for line in (*rest, *(_lines(finding.remedy, "→ ") if finding.remedy else ())):
            click.echo(f"{_INDENT}{line}")


def _lines(text: str, mark: str) -> list[str]:
    """Return a text in lines that fit a terminal; elsewhere it is one line, which programs like better."""
    text = plain(text)
    if not sys.stdout.isatty():
        return [f"{mark}{text}"]
    width = max(shutil.get_terminal_size().columns, _NARROWEST) - len(_INDENT)
    return textwrap.wrap(
        text,
        width,
        initial_indent=mark,
        subsequent_indent=" " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )


def print_verdict(findings: Sequence[Finding]) -> None:
    """Print in one line what all of it amounts to."""
    counts = Counter(finding.state for finding in findings)
    failed, warned = counts[Verdict.FAILED], counts[Verdict.WARNING]
    warnings = f"{warned} warning{'' if warned == 1 else 's'}"
    click.echo()
    if failed:
        click.echo(f"{failed} failed, {warnings}: the lines with → say what to do.")
    elif warned:
        click.echo(f"Nothing failed, {warnings}: the lines with → say what to do.")
    else:
        click.echo("All is well.")
