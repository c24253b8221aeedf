"""Is it now what this machine believes it is?"""

import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from pyca.cli.doctor.finding import Finding, failed, ok, skipped, warning
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.opencast.checkup import greet, patient
from pyca.runtime.output import last_output

_LIMIT = 10.0
"""seconds for each question"""
_SUSPECT = 2.0
_WRONG = 30.0
"""seconds by which the clocks differ"""
_REMEDY = "let both be set by a time server, here with “timedatectl set-ntp true”"


def check(settings: Settings, clock: Clock, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the clock and its zone."""
    yield from check_synchronised(clock, environ)
    yield _against_server(settings, clock)
    zone = settings.agent.timezone
    now = datetime.fromtimestamp(clock.now(), ZoneInfo(zone))
    yield ok("time zone", f"{zone}, where it is {now:%Y-%m-%d %H:%M:%S}")


def check_synchronised(clock: Clock, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask systemd whether the clock is set by a time server."""
    name = "synchronised"
    program = shutil.which("timedatectl", path=environ.get("PATH"))
    if program:
        argv = [program, "show", "--property=NTPSynchronized", "--value"]
        said = last_output(argv, clock, limit=_LIMIT, keep=1000)
        word = said.text.strip()
        if said.code == 0 and word in ("yes", "no"):
            if word == "yes":
                yield ok(name, "by a time server")
            else:
                remedy = "run “timedatectl set-ntp true”, or install chrony"
                yield warning(name, "no time server sets this clock: it drifts", remedy)
            return
    yield skipped(name, "cannot be told on this machine")


def _against_server(settings: Settings, clock: Clock) -> Finding:
    """Hold this clock against that of the server, which tells whole seconds."""
    name = "server's time"
    if settings.standalone:
        return skipped(name, "no server to compare with")
    try:
        with patient(settings.server, clock, _LIMIT) as http:
            greeting = greet(http, clock)
    except DeliveryError:
        return skipped(name, "the server does not answer")
    if greeting.ahead is None:
        return skipped(name, "the server does not tell it")
    off = abs(greeting.ahead)
    # What the measurement itself may be wrong by is no reproach.
    surely = off - greeting.unsure
    text = f"this clock is {off:.0f} s {'behind' if greeting.ahead > 0 else 'ahead of'} the server's"
    if surely > _WRONG:
        return failed(name, f"{text}: events are recorded at the wrong time", _REMEDY)
    if surely > _SUSPECT:
        return warning(name, text, _REMEDY)
    return ok(name, "this clock and the server's agree")
