"""A stream in words: its state, what is wrong, what helps, and figures as people read them."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.orm import Session as Transaction

from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, Program, Setup
from pyca.core.states import ServiceState
from pyca.live.service.heard import is_silent, runs
from pyca.store import live
from pyca.store.services import ServiceStatus

BEGIN = "systemctl start pyca-live"
"""starts the service where systemd does"""

LINKS: dict[LinkState, tuple[str, str]] = {
    LinkState.OFF: ("stopped", "off"),
    LinkState.CONNECTING: ("busy", "connecting"),
    LinkState.LIVE: ("done", "live"),
    LinkState.WAITING: ("warning", "waits for the next try"),
    LinkState.REFUSED: ("failed", "refused by the server"),
    LinkState.CLOSING: ("busy", "closing"),
}
"""Icon and words of what a destination does; the icon gives the colour, which never stands alone."""

PROGRAMS: dict[Program, str] = {
    Program.NOTHING: "nothing yet",
    Program.CAMERA: "the camera",
    Program.RECORDER: "what is being recorded",
    Program.SLATE: "the standby picture",
    Program.BLIND: "the standby picture",
}
"""What is shown on the stream."""


@dataclass(frozen=True)
class Standing:
    """How things stand.

    :param kind: off, preparing, air, stopping or problem
    :param error: what went wrong last, in words
    :param remedy: what to do
    :param command: what to type for it
    """

    kind: str
    icon: str
    heading: str
    words: str = ""
    error: str = ""
    remedy: str = ""
    command: str = ""
    since: float | None = None

    @property
    def on(self) -> bool:
        """True while something goes out or is about to."""
        return self.kind in ("preparing", "air")

    @property
    def passes(self) -> bool:
        """True for what is over within seconds, so that it is worth looking again soon."""
        return self.kind in ("preparing", "stopping")


def streamed(session: Transaction, states: Iterable[ServiceStatus], now: float) -> LiveReport:
    """Return what is streamed now, without figures: it changes only when something happens."""
    told = live.report(session)
    if not runs(states, now) or is_silent(told, now):
        return LiveReport()
    links = tuple(LinkReport(one.id, one.label, one.state) for one in told.links)
    return LiveReport(told.state, told.error, started=told.started, program=told.program, links=links)


def standing(
    report: LiveReport, setup: Setup, service: ServiceStatus, silent_since: float | None = None
) -> Standing:
    """Return how things stand.

    :param silent_since: when a streamer that should tell told for the last time; None where all is well
    """
    if service.state is ServiceState.STOPPED:
        return _without_service(setup, service)
    if silent_since is not None:
        return Standing(
            "problem",
            "failed",
            "No word from the live service",
            "Nobody knows whether anything goes out.",
            "",
            "Its log says why. Under systemd the watchdog starts it again.",
            since=silent_since,
        )
    if report.state is LiveState.STREAMING:
        return _on_air(report)
    if report.state is LiveState.PREPARING:
        return _preparing(report)
    if report.state is LiveState.STOPPING:
        return Standing("stopping", "busy", "Stopping", "The last frames are sent, then connections end.")
    return _idle(report, setup)


def bit_rate(rate: float) -> str:
    """Return bits per second as people read them."""
    if rate >= 999_500:
        return f"{rate / 1e6:.1f} Mbit/s"
    return f"{rate / 1e3:.0f} kbit/s"


def _without_service(setup: Setup, service: ServiceStatus) -> Standing:
    if service.died:
        return Standing(
            "problem",
            "failed",
            "The live service has died",
            "Nothing goes out." + (" The stream goes on when it runs again." if setup.wanted else ""),
            remedy="Its log says why. Under systemd it is started again by itself; otherwise start it:",
            command=BEGIN,
        )
    if setup.wanted:
        return Standing(
            "problem",
            "failed",
            "The live service does not run",
            "The stream is started, and begins as soon as the service runs.",
            remedy="Start it, or run “pyca live”:",
            command=BEGIN,
        )
    return Standing(
        "off",
        "stopped",
        "Off",
        "The live service does not run, so nothing can be sent.",
        remedy="Start it, or run “pyca live”:",
        command=BEGIN,
    )


def _idle(report: LiveReport, setup: Setup) -> Standing:
    if setup.wanted and not report.error:
        return Standing("preparing", "busy", "Starting", "The live service gets ready.")
    if report.error:
        return Standing(
            "problem",
            "failed",
            "Off after an error",
            "Nothing goes out.",
            report.error,
            _remedy(report) or "Mend it, then start again.",
            since=report.since or None,
        )
    return Standing("off", "stopped", "Off", "Nothing goes out.")


def _preparing(report: LiveReport) -> Standing:
    waiting = any(link.state is LinkState.WAITING for link in report.links)
    words = "No destination takes the stream now." if waiting else "Connections are being made."
    error = report.error or next((link.error for link in report.links if link.error), "")
    return Standing(
        "preparing",
        "warning" if waiting else "busy",
        "Preparing",
        words,
        error,
        _remedy(report) if error else "",
        since=report.started or report.since,
    )


def _on_air(report: LiveReport) -> Standing:
    wanted = [link for link in report.links if link.state is not LinkState.OFF]
    live = sum(link.state is LinkState.LIVE for link in wanted)
    what = "destination" if len(wanted) == 1 else "destinations"
    count = f"{len(wanted)}" if live == len(wanted) else f"{live} of {len(wanted)}"
    words = f"To {count} {what}, showing {PROGRAMS[report.program]}."
    troubled = next((f"{_named([link])}: {link.error}" for link in wanted if link.error), "")
    error = report.error or troubled
    return Standing("air", "record", "On air", words, error, _remedy(report), since=report.started)


def _remedy(report: LiveReport) -> str:
    """Return what to do about what is wrong now, empty where nothing is."""
    if report.program is Program.SLATE:
        return "There is no picture from the input, which is tried by itself. Look after camera and cable."
    refused = [link for link in report.links if link.state is LinkState.REFUSED]
    if refused:
        return f"Check address and key of {_named(refused)}, then start it again."
    waiting = [link for link in report.links if link.state is LinkState.WAITING]
    if waiting:
        return f"It is tried again by itself. If that lasts, check network and address of {_named(waiting)}."
    return ""


def _named(links: list[LinkReport]) -> str:
    return ", ".join(f"“{link.label or link.address or link.id}”" for link in links)
