"""How a stream does, for people and for programs."""

import json
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from threading import RLock
from types import MappingProxyType

import click

from pyca.cli.output import plain
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Program
from pyca.core.units import show_duration

_REPEAT = 10.0
"""seconds after which a line is repeated where it cannot be overwritten"""
_NAME = 10
"""characters of a destination's name where there is little room"""
_COLOURS = {
    LiveState.STREAMING: "green",
    LiveState.PREPARING: "yellow",
    LinkState.LIVE: "green",
    LinkState.WAITING: "yellow",
    LinkState.REFUSED: "red",
}
_LEVELS = {"warning": "yellow", "error": "red"}
_PROGRAMS = {
    Program.RECORDER: "recorder",
    Program.SLATE: "no picture: standby picture",
    Program.BLIND: "standby picture",
}


_NOBODY: Mapping[str, str] = MappingProxyType({})


class Shown:
    """Shows reports as one living line on a terminal, as plain lines now and then elsewhere.

    :param as_json: one line of JSON for each report and event instead
    :param living: whether the output can be overwritten
    :param names: by which people know the destinations; left out where there is one only
    """

    def __init__(
        self, *, as_json: bool = False, living: bool | None = None, names: Mapping[str, str] = _NOBODY
    ) -> None:
        self._json = as_json
        self._living = not as_json and (sys.stdout.isatty() if living is None else living)
        self._names = names if len(names) > 1 else {}
        self._lock = RLock()
        """messages come from other threads too"""
        self._width = 0
        """of the living line as it stands"""
        self._said = float("-inf")
        self._state: LiveState | None = None

    def report(self, told: LiveReport, now: float) -> None:
        """Show how the stream does.

        :param now: seconds since 1970 UTC
        """
        with self._lock:
            self._report(told, now)

    def event(self, line: LogLine) -> None:
        """Show something that happened; on standard error, the living line is written anew below it."""
        with self._lock:
            self._event(line)

    def end(self) -> None:
        """Leave the living line as it is, and go on below it."""
        with self._lock:
            if self._width:
                click.echo()
                self._width = 0

    def _report(self, told: LiveReport, now: float) -> None:
        if self._json:
            click.echo(json.dumps({"type": "status", **_facts(told)}, ensure_ascii=False))
        elif self._living:
            self._overwrite(told, now)
        elif told.state is not self._state or time.monotonic() - self._said >= _REPEAT:
            self._said = time.monotonic()
            click.echo(f"{_clock(now)}  {describe(told, now)}")
        self._state = told.state

    def _event(self, line: LogLine) -> None:
        if self._json:
            click.echo(json.dumps({"type": "event", **asdict(line)}, ensure_ascii=False))
            return
        self._clear()
        whom = f"{name}: " if (name := self._names.get(line.destination)) else ""
        text = click.style(plain(f"{whom}{line.text}"), fg=_LEVELS.get(line.level))
        click.echo(f"{_clock(line.at)}  {text}", err=True)

    def _clear(self) -> None:
        """Wipe the living line, so that something else can be written in its place."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False)
            sys.stdout.flush()
            self._width = 0

    def _overwrite(self, told: LiveReport, now: float) -> None:
        # Blanks rather than an escape sequence: those are taken out together with the colours.
        room = max(shutil.get_terminal_size().columns - 1, 20)
        lines = (describe(told, now), brief(told, now), briefest(told, now))
        line = next((one for one in lines if len(click.unstyle(one)) <= room), _cut(lines[-1], room))
        width = len(click.unstyle(line))
        click.echo(f"\r{line}{' ' * max(self._width - width, 0)}", nl=False)
        sys.stdout.flush()
        self._width = width


def describe(told: LiveReport, now: float) -> str:
    """Return how a stream does in one line, what matters most first."""
    return "  ".join(_parts(told, now))


def brief(told: LiveReport, now: float) -> str:
    """Return the same for a terminal of the usual width, where there are several destinations."""
    parts = [*_head(told, now), f"{told.fps:.0f} fps", _rate(told.bitrate)]
    parts += [f"drop {_dropped(told)}", f"rec {_reconnects(told)}"]
    return "  ".join([*parts, *(_brief_link(link, now) for link in told.links)])


def briefest(told: LiveReport, now: float) -> str:
    """Return how many destinations there are, and those that are in trouble."""
    away = [link for link in told.links if link.state is not LinkState.LIVE]
    count = f"{len(told.links) - len(away)} of {len(told.links)} live"
    return "  ".join([*_head(told, now), count, *(_brief_link(link, now) for link in away)])


def _head(told: LiveReport, now: float) -> Iterator[str]:
    yield _coloured(told.state)
    if told.started is not None:
        yield show_duration(max(now - told.started, 0.0))
    if program := _PROGRAMS.get(told.program):
        yield click.style(program, fg="yellow")


def _dropped(told: LiveReport) -> int:
    return told.dropped + sum(link.dropped for link in told.links)


def _reconnects(told: LiveReport) -> int:
    return sum(link.reconnects for link in told.links)


def _brief_link(link: LinkReport, now: float) -> str:
    words = _coloured(link.state)
    if link.state is LinkState.WAITING and link.next_try is not None:
        words = click.style(f"{max(link.next_try - now, 0.0):.0f} s", fg=_COLOURS[link.state])
    return f"{_cut(plain(link.label or link.id), _NAME)} {words}"


def _rate(bits: float) -> str:
    return f"{bits / 1e6:.1f}M" if bits >= 1e6 else f"{bits / 1e3:.0f}k"


def _parts(told: LiveReport, now: float) -> Iterator[str]:
    yield from _head(told, now)
    yield f"{told.fps:.0f} fps"
    yield show_rate(told.bitrate)
    yield f"dropped {_dropped(told)}"
    yield f"reconnects {_reconnects(told)}"
    for link in told.links:
        # A line of 80 characters holds it all where there is one destination, which needs no name.
        name = f"{plain(link.label or link.id)}: " if len(told.links) > 1 else ""
        yield name + _link(link, now)


def _link(link: LinkReport, now: float) -> str:
    words = _coloured(link.state)
    if link.state is LinkState.WAITING and link.next_try is not None:
        words += f" {max(link.next_try - now, 0.0):.0f} s"
    if link.state is LinkState.LIVE:
        words += f" {show_rate(link.bitrate)}"
    return words


def show_rate(bits: float) -> str:
    """Return bits per second for people."""
    return f"{bits / 1e6:.2f} Mbit/s" if bits >= 1e6 else f"{bits / 1e3:.0f} kbit/s"


def _facts(told: LiveReport) -> dict[str, object]:
    facts = asdict(told)
    # There is no database, so there are no sessions either.
    facts.pop("session")
    return facts


def _coloured(state: LiveState | LinkState) -> str:
    return click.style(str(state), fg=_COLOURS.get(state))


def _cut(text: str, room: int) -> str:
    """Return a text of at most so many characters; a cut one loses its colours."""
    bare = click.unstyle(text)
    return text if len(bare) <= room else bare[: room - 1] + "…"


def _clock(moment: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(moment))
