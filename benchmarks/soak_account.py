"""What was asked for, what was recorded, what arrived, and what the difference is due to."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from benchmarks.soak_plan import Asked, Disturbance, Planned, asked
from pyca.core.states import EventState

UNWRITTEN = 1.5
"""Seconds that a recorder has not yet brought to the disk when it is killed."""
RETURN = 3.0
"""Seconds from the end of a fault until everything is recorded again."""
LONGEST: Mapping[str, float] = {
    "FFmpeg killed": 0.0,
    "FFmpeg stopped": 12.0,
    "capture killed": 6.0,
    "supervisor killed": 6.0,
}
"""Faults that may cost recorded seconds, and how long each of them may last. No other one may cost any."""
DELAYS = ("capture killed", "schedule killed", "supervisor killed", "database locked", "calendar", "server")
"""First words of the faults that may keep a change of the schedule from arriving."""
EDGE = 1.0
"""Seconds at its start and end by which a recording may be shorter where nothing went wrong."""
ALIKE = 0.3
"""Seconds by which what arrived may differ from what was recorded: containers count differently."""
OVER = (EventState.FINISHED_UPLOADING, EventState.FAILED_RECORDING)


@dataclass
class Fault:
    """Something that was done to the agent.

    :param until: when it was over; infinite while it is not
    :param uid: the only event that it concerns, empty where it concerns all
    """

    kind: str
    moment: float
    until: float = float("inf")
    uid: str = ""

    def spoils(self, uid: str) -> bool:
        """Tell whether it may cost seconds of an event."""
        return self.kind in LONGEST and self.uid in ("", uid)

    @property
    def span(self) -> tuple[float, float]:
        """From when until when it excuses that nothing is recorded."""
        return self.moment - UNWRITTEN, min(self.until, self.moment + LONGEST[self.kind]) + RETURN


@dataclass(frozen=True)
class Found:
    """What became of an event.

    :param recorded: seconds, as the agent has noted them
    :param started: when its first command was started
    :param delivered: seconds that arrived, one figure for each workflow
    """

    uid: str
    state: EventState
    recorded: float = 0.0
    started: float | None = None
    delivered: tuple[float, ...] = ()
    partial: bool = False


@dataclass
class Balance:
    """The sums.

    :param edges: seconds missing at starts and ends where nothing went wrong
    :param excused: seconds lost to faults
    :param unexcused: seconds lost without a reason
    """

    faults: int = 0
    scheduled: int = 0
    cancelled: int = 0
    states: Counter[str] = field(default_factory=Counter)
    recorded_events: int = 0
    partial: int = 0
    delivered_events: int = 0
    twice: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    undelivered: list[str] = field(default_factory=list)
    seconds: float = 0.0
    recorded: float = 0.0
    delivered: float = 0.0
    unsent: float = 0.0
    edges: list[float] = field(default_factory=list)
    excused: float = 0.0
    unexcused: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    late_disturbed: list[float] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """True where the agent has broken its word."""
        return bool(self.twice or self.unfinished or self.silent or self.undelivered)

    def summary(self, memory: float, descriptors: float) -> str:
        """Return the last line.

        :param memory: of the last third, as a multiple of the first one's
        """
        lost = f"{self.excused:.0f} s lost to {self.faults} faults"
        parts = [
            f"{self.scheduled} events",
            f"{spaced(self.seconds)} s scheduled",
            f"{spaced(self.recorded)} s recorded",
            f"{spaced(self.delivered)} s delivered",
            lost,
            f"{sum(self.unexcused.values()):.0f} s without a reason",
            f"{self.unsent:.0f} s unsent",
            f"memory x{memory:.2f}",
            f"descriptors x{descriptors:.2f}",
        ]
        return f"soak: {', '.join(parts)}"

    def lines(self) -> list[str]:
        """Return everything else, for people."""
        states = ", ".join(f"{number} {state}" for state, number in sorted(self.states.items()))
        return [
            f"events: {self.scheduled} scheduled, {self.cancelled} cancelled, "
            f"{self.recorded_events} recorded, {self.partial} of them with trouble, "
            f"{self.delivered_events} delivered; {states}",
            f"workflows started twice: {_names(self.twice)}",
            f"states left unfinished: {_names(self.unfinished)}",
            f"events without a final word: {_names(self.silent)}",
            f"recorded and not delivered: {_names(self.undelivered)}, {self.unsent:.1f} s",
            f"seconds: {self.seconds:.0f} scheduled, {self.recorded:.1f} recorded, "
            f"{self.delivered:.1f} delivered",
            f"seconds lost to faults: {self.excused:.1f} to {self.faults} faults",
            f"seconds lost at starts and ends: {sum(self.edges):.1f}, {_middle(self.edges)} per recording",
            f"seconds lost without a reason: {sum(self.unexcused.values()):.1f}{_each(self.unexcused)}",
            f"start lateness, nothing in its way: {_middle(self.late)}",
            f"start lateness, after faults: {_middle(self.late_disturbed)}",
        ]


def balance(planned: Sequence[Planned], found: Iterable[Found], faults: Sequence[Fault]) -> Balance:
    """Draw up the balance of a whole run."""
    known = {one.uid: one for one in found}
    disturbances = [Disturbance(one.moment, one.until) for one in faults if one.kind.startswith(DELAYS)]
    sums = Balance(faults=len(faults), scheduled=len(planned))
    for event in planned:
        wanted = asked(event, disturbances)
        sums.cancelled += event.cancelled
        sums.seconds += wanted.seconds
        one = known.get(event.uid)
        if one is None and wanted.seconds > 0:
            sums.silent.append(event.uid)
        _compare(sums, event.uid, wanted, one, faults)
    for one in known.values():
        _count(sums, one)
    return sums


def _count(sums: Balance, one: Found) -> None:
    """Add what became of one recording, of an event that was set apart too."""
    sums.states[str(one.state)] += 1
    sums.recorded += one.recorded
    sums.recorded_events += one.recorded > 0
    sums.partial += one.partial
    sums.delivered += max(one.delivered, default=0.0)
    sums.delivered_events += bool(one.delivered)
    if len(one.delivered) > 1:
        sums.twice.append(one.uid)
    if one.state not in OVER:
        sums.unfinished.append(one.uid)
    unsent = one.recorded - max(one.delivered, default=0.0)
    if one.recorded > 0 and (unsent > ALIKE or not one.delivered):
        sums.undelivered.append(one.uid)
        sums.unsent += unsent


def _compare(sums: Balance, uid: str, wanted: Asked, one: Found | None, faults: Sequence[Fault]) -> None:
    """Find out what the missing seconds of one event are due to."""
    spoilt = spoilt_seconds(wanted, [fault for fault in faults if fault.spoils(uid)])
    lost = max(wanted.seconds - max(one.delivered if one else (), default=0.0), 0.0)
    excused = min(lost, spoilt)
    sums.excused += excused
    edge = min(lost - excused, EDGE)
    if wanted.seconds > 0:
        sums.edges.append(edge)
    if lost - excused - edge > 0.05:
        sums.unexcused[uid] = lost - excused - edge
    if one and one.started is not None and wanted.sure:
        (sums.late_disturbed if spoilt else sums.late).append(one.started - wanted.start)


def spoilt_seconds(wanted: Asked, faults: Iterable[Fault]) -> float:
    """Return for how long an event was under any of these faults."""
    total, reached = 0.0, wanted.start
    for begin, end in sorted(fault.span for fault in faults):
        total += max(min(end, wanted.end) - max(begin, reached), 0.0)
        reached = max(reached, min(end, wanted.end))
    return total


def spaced(number: float) -> str:
    return f"{number:,.0f}".replace(",", " ")


def _names(uids: Sequence[str]) -> str:
    return f"{len(uids)}" + (f" ({', '.join(uids[:10])})" if uids else "")


def _each(figures: Mapping[str, float]) -> str:
    worst = sorted(figures.items(), key=lambda item: -item[1])[:10]
    return f" ({', '.join(f'{uid} {value:.1f}' for uid, value in worst)})" if worst else ""


def _middle(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"median {median(values):.3f} s, worst {max(values, key=abs):.3f} s ({len(values)} events)"
