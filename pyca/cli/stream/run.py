"""Run a stream until somebody ends it, or nothing can be streamed any more."""

import contextlib
import logging
import os
import select
import shlex
import signal
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click
import psutil

from pyca.cli.stream.commands import commands, show, urls
from pyca.cli.stream.shown import Shown
from pyca.cli.stream.wanted import Order
from pyca.config.load import find_file, load
from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import StreamError
from pyca.core.live import LogLine
from pyca.live.engine.engine import Engine
from pyca.live.plan import Surroundings
from pyca.live.send import address
from pyca.live.source.inputs import InputKind, parse_input
from pyca.media.ffmpeg import find_tools
from pyca.runtime.logs import Redact
from pyca.runtime.signals import Wakeup, signals_handled

logger = logging.getLogger(__name__)

_BEAT = 1.0
"""seconds between two reports"""
ENGINE = Engine.__module__


def dry_run(order: Order) -> None:
    """Print the commands that would be run.

    :raises PycaError: where one of them could not work here
    """
    with tempfile.TemporaryDirectory(prefix="pyca-stream-") as folder:
        show(order, _surroundings(order, Path(folder), SystemClock()))
    for text in order.cautions:
        click.echo(f"warning: {text}", err=True)


def run(order: Order, *, verbose: bool = False, as_json: bool = False) -> None:
    """Stream until Ctrl-C, which ends in order; a second one hurries.

    :raises PycaError: where nothing can be streamed here; nothing was started then
    :raises StreamError: where the stream ended by itself, with the reason
    """
    clock = SystemClock()
    shown = Shown(as_json=as_json, names={one.id: one.label for one in order.plan.destinations})
    _listen(order, shown, verbose=verbose)
    with tempfile.TemporaryDirectory(prefix="pyca-stream-") as folder:
        around = _surroundings(order, Path(folder), clock)
        # What cannot be started shall be known before anything is.
        for what, argv in commands(order, around):
            logger.debug("%s: %s", what, shlex.join(argv))
        for text in order.cautions:
            shown.event(LogLine(clock.now(), "warning", text))
        engine = Engine(order.plan, around)
        following = _Following(engine, shown, clock)
        with signals_handled(dict.fromkeys(_ends(), following.ask)) as wakeup:
            engine.start()
            try:
                following.follow(wakeup)
            except BrokenPipeError:
                following.asked += 1
                _forget_output()
            finally:
                # Whatever went wrong with showing it: no camera and no connection stays behind.
                engine.stop()
                engine.close()
        shown.end()
    if not following.asked:
        raise StreamError(engine.report().error or "the stream ended, and no reason is known")


def _surroundings(order: Order, folder: Path, clock: Clock) -> Surroundings:
    """Return what the engine works with.

    :param folder: for sockets and other short-lived files
    """
    around = Surroundings(
        tools=find_tools(os.environ),
        folder=folder,
        clock=clock,
        environ=os.environ,
        ca_file=order.ca_file,
        insecure=order.insecure,
    )
    if parse_input(order.plan.source.input).kind is not InputKind.CAMERA:
        return around
    # The camera server is the one thing that the configuration knows and no option says.
    settings = load(find_file(None, Path.cwd()), os.environ)
    return replace(around, cameras=settings.camera.address)


class _Following:
    """Waits for the engine and for signals."""

    def __init__(self, engine: Engine, shown: Shown, clock: Clock) -> None:
        self._engine = engine
        self._shown = shown
        self._clock = clock
        self.asked = 0
        """how often somebody wanted it to end"""

    def ask(self, _number: int, _frame: object) -> None:
        """Note that somebody wants the stream to end."""
        self.asked += 1

    def follow(self, wakeup: Wakeup) -> None:
        """Show what happens until the engine is through."""
        waiting = select.poll()
        waiting.register(wakeup.fileno(), select.POLLIN)
        waiting.register(self._engine.fileno(), select.POLLIN)
        told = 0
        due = 0.0
        while not self._engine.join(0.0):
            waiting.poll(max(due - time.monotonic(), 0.0) * 1000)
            wakeup.drain()
            self._engine.drain()
            if self.asked > told:
                self._engine.stop()
                if told:
                    _hurry()
                told = self.asked
            if self._show_events() or time.monotonic() >= due:
                self._shown.report(self._engine.report(), self._clock.now())
                due = time.monotonic() + _BEAT
        self._show_events()
        self._shown.report(self._engine.report(), self._clock.now())

    def _show_events(self) -> bool:
        lines = self._engine.lines()
        for line in lines:
            self._shown.event(line)
        return bool(lines)


def _ends() -> list[int]:
    """Return the signals that end a stream; the end of a terminal does not where somebody used ``nohup``.

    SIGINT does even where it is ignored so far: shells do that for what scripts start in the background.
    """
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *(() if ignored else (signal.SIGHUP,))]


def _forget_output() -> None:
    """Write to nowhere from now on: whoever has read it, such as ``head``, has ended."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def _hurry() -> None:
    """Kill all that is still being ended in order; the engine sees to the rest."""
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            child.kill()


class _Messages(logging.Handler):
    """Shows the program's own messages between the reports."""

    def __init__(self, shown: Shown) -> None:
        super().__init__()
        self._shown = shown

    def emit(self, record: logging.LogRecord) -> None:
        """Show a message; what the engine tells as an event is not told twice."""
        if record.name != ENGINE or record.exc_info:
            level = record.levelname.lower()
            self._shown.event(LogLine(record.created, level, f"{record.name}: {self.format(record)}"))


def _listen(order: Order, shown: Shown, *, verbose: bool) -> None:
    """Show messages too: those of errors, or all where somebody asks."""
    secrets = [
        secret
        for one in order.plan.destinations
        for url in urls(one)
        for secret in address.parse(url, one.key).secrets
    ]
    handler = _Messages(shown)
    handler.addFilter(Redact(secrets))
    level = logging.DEBUG if verbose else logging.ERROR
    logging.basicConfig(level=level, handlers=[handler], format="%(message)s")
