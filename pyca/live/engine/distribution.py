"""All that a stream is sent to, each by itself: what one does never touches another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pyca.core.errors import PycaError
from pyca.core.live import Destination, LinkReport, LinkState
from pyca.live.engine.makers import Makers
from pyca.live.flow.flv import Tag
from pyca.live.flow.watch import Watch
from pyca.live.plan import Plan, Surroundings
from pyca.live.send.guarded import Guarded, added
from pyca.live.send.receiver import Intro, Receiver

_FAR = 3600.0
_AGAIN = 15.0
"""seconds until what was impossible is tried again: a disk may come, or a folder"""
# No destination has such an id.
_RECORDING = "/recording"
_PLAYER = "/hls"
_PREVIEW = "/preview"

Noted = Callable[[str, str, str], None]
"""is told a level, a text and the id of a destination"""


class Distribution:
    """Keeps one outlet for each destination and file that is wanted."""

    def __init__(
        self, makers: Makers, surroundings: Surroundings, watch: Watch, intro: Intro, note: Noted
    ) -> None:
        self._makers = makers
        self._surroundings = surroundings
        self._watch = watch
        self._intro = intro
        self._note = note
        self._destinations: tuple[Destination, ...] = ()
        self._wanted: dict[str, Destination | Path] = {}
        self._outlets: dict[str, tuple[Destination | Path, Receiver]] = {}
        self._ending: list[tuple[str, Receiver]] = []
        self._before: dict[str, LinkReport] = {}
        self._impossible: dict[str, tuple[Destination | Path, float]] = {}
        self._told: dict[str, str] = {}

    @property
    def ended(self) -> bool:
        """True when nothing is left."""
        return not self._outlets and not self._ending

    def follow(self, plan: Plan) -> None:
        """Begin what is new, end what is not wanted any more, and leave the rest alone."""
        self._destinations = plan.destinations
        files: Mapping[str, Path | None] = {
            _RECORDING: plan.record,
            _PLAYER: plan.hls,
            _PREVIEW: plan.preview,
        }
        wanted = {item.id: item for item in plan.destinations if item.wanted}
        self._wanted = {**wanted, **{name: path for name, path in files.items() if path is not None}}
        self._impossible = {
            name: tried for name, tried in self._impossible.items() if tried[0] == self._wanted.get(name)
        }
        for name, (made_for, _outlet) in list(self._outlets.items()):
            if not _is_same(made_for, self._wanted.get(name)):
                self._end(name)

    def close(self) -> None:
        """Begin to end all, at the same time."""
        self._wanted = {}
        for name in list(self._outlets):
            self._end(name)

    def kill(self) -> None:
        """End at once what is left."""
        self.close()
        for _name, outlet in self._ending:
            outlet.kill()
        self._ending = []

    def offer(self, tags: Sequence[Tag]) -> None:
        """Send tags to all."""
        for _made_for, outlet in self._outlets.values():
            outlet.offer(tags)

    def forget(self) -> None:
        """Leave out, everywhere, what waits: it must not be seen any more."""
        for _made_for, outlet in self._outlets.values():
            outlet.forget()

    def restart(self, destination: str) -> None:
        """Connect one destination anew."""
        if destination in self._outlets:
            self._outlets[destination][1].restart()

    def tick(self, now: float) -> float:
        """Do what is due and return when to be called again."""
        due = [now + _FAR]
        due += [outlet.tick(now) for _name, outlet in self._ending]
        self._ending = [(name, outlet) for name, outlet in self._ending if not outlet.ended]
        leaving = {name for name, _outlet in self._ending}
        for name, made_for in self._wanted.items():
            # A server takes one connection for a key: the next waits for the end of the one before.
            if name in self._outlets or name in leaving:
                continue
            _tried, again = self._impossible.get(name, (None, now))
            if now >= again:
                self._begin(name, made_for, now)
            else:
                due.append(again)
        due += [outlet.tick(now) for _made_for, outlet in self._outlets.values()]
        return min(due)

    def reports(self) -> tuple[LinkReport, ...]:
        """Return how all destinations do, in the order of the plan."""
        return tuple(self._report(destination) for destination in self._destinations)

    def takes(self) -> bool:
        """Tell whether anything takes the stream: a destination, or where none is wanted, a file."""
        servers = [outlet for made_for, outlet in self._outlets.values() if isinstance(made_for, Destination)]
        # The preview is there for whoever looks after the stream: it alone is none.
        files = [
            outlet for name, (_made_for, outlet) in self._outlets.items() if name in (_RECORDING, _PLAYER)
        ]
        return any(outlet.report().state is LinkState.LIVE for outlet in servers or files)

    def refused(self) -> str:
        """Return why the last destination was given up, where all that are wanted were; else nothing."""
        wanted = [item for item in self._wanted.values() if isinstance(item, Destination)]
        reports = [self._report(item) for item in wanted]
        if not reports or any(report.state is not LinkState.REFUSED for report in reports):
            return ""
        return reports[-1].error or "the server refuses this stream"

    def _begin(self, name: str, made_for: Destination | Path, now: float) -> None:
        try:
            self._outlets[name] = (made_for, self._make(name, made_for))
        except PycaError as error:
            self._impossible[name] = (made_for, now + _AGAIN)
            if self._told.get(name) != str(error):
                self._told[name] = str(error)
                self._note("error", str(error), name if isinstance(made_for, Destination) else "")
            return
        self._impossible.pop(name, None)
        self._told.pop(name, None)

    def _make(self, name: str, made_for: Destination | Path) -> Receiver:
        def note(level: str, text: str) -> None:
            self._note(level, text, name if isinstance(made_for, Destination) else "")

        def make(watch: Watch) -> Receiver:
            common = (self._surroundings, watch, self._intro, note)
            if isinstance(made_for, Destination):
                return self._makers.link(made_for, *common)
            makers = {
                _RECORDING: self._makers.recording,
                _PLAYER: self._makers.hls,
                _PREVIEW: self._makers.preview,
            }
            return makers[name](made_for, *common)

        return Guarded(make, self._watch, self._surroundings.clock, note)

    def _end(self, name: str) -> None:
        _made_for, outlet = self._outlets.pop(name)
        # Before it is closed: that it has refused is to be known also when all is over.
        self._before[name] = added(self._before.get(name), outlet.report())
        outlet.close()
        self._ending.append((name, outlet))

    def _report(self, destination: Destination) -> LinkReport:
        before = self._before.get(destination.id)
        if destination.id in self._outlets:
            report = added(before, self._outlets[destination.id][1].report())
        else:
            leaving = any(name == destination.id for name, _outlet in self._ending)
            state = LinkState.CLOSING if leaving else LinkState.OFF
            base = before or LinkReport(destination.id, destination.label, address=destination.url)
            if destination.wanted and base.state is LinkState.REFUSED:
                state = LinkState.REFUSED
            report = replace(base, state=state, bitrate=0.0, next_try=None)
        return replace(report, id=destination.id, label=destination.label)


def _is_same(one: Destination | Path, other: Destination | Path | None) -> bool:
    """Tell whether an outlet may stay; what a destination is called does not matter to it."""
    if isinstance(one, Destination) and isinstance(other, Destination):
        return replace(one, label=other.label) == other
    return one == other
