"""Progress for people: one living line on a terminal, plain lines with the time elsewhere."""

import shutil
import sys
import time

import click

from pyca.cli.follow import Moment, Phase

_BAR = 30
_REPEAT = 30.0
"""Seconds after which a plain line is repeated within a phase."""


class Progress:
    """Shows the moments of one event.

    :param live: whether the output can be overwritten
    """

    def __init__(self, live: bool | None = None) -> None:
        self._live = sys.stdout.isatty() if live is None else live
        self._phase: Phase | None = None
        self._said = 0.0

    def __call__(self, moment: Moment) -> None:
        """Show a moment."""
        if self._live:
            self._overwrite(moment)
        elif moment.phase is not self._phase or time.monotonic() - self._said >= _REPEAT:
            self._said = time.monotonic()
            click.echo(f"{time.strftime('%H:%M:%S')}  {moment.phase}: {moment.text}")
        self._phase = moment.phase

    def end(self) -> None:
        """Leave the living line, so that others may print."""
        if self._live and self._phase is not None:
            click.echo()
            self._phase = None

    def _overwrite(self, moment: Moment) -> None:
        if self._phase not in (None, moment.phase):
            click.echo()
        width = shutil.get_terminal_size().columns
        line = f"{moment.phase:<11}{_bar(moment.share)}{moment.text}"
        click.echo(f"\r\x1b[2K{line[: max(width - 1, 20)]}", nl=False)
        sys.stdout.flush()


def _bar(share: float | None) -> str:
    if share is None:
        return ""
    full = round(share * _BAR)
    return f"[{'#' * full}{'-' * (_BAR - full)}] {share:4.0%}  "
