"""Alarms about the stream: a destination that nothing reaches, or a camera without a picture."""

from collections.abc import Mapping

from pyca.core.alarm import AlarmKind
from pyca.core.live import LinkReport, LinkState, LiveReport, Program
from pyca.store.alarms import Alarms

PATIENCE = 10.0
"""Seconds for which something may be away before it is told."""
INPUT = "input"
"""what an alarm about the camera is said to concern"""
_WITHOUT_PICTURE = (Program.SLATE, Program.NOTHING)


class Alerts:
    """Looks at each report. One that is raised keeps its words until all is well again."""

    def __init__(self, alarms: Alarms) -> None:
        self._alarms = alarms
        self._since: dict[str, float] = {}
        """since when something is wrong, by what it concerns"""
        self._raised: set[str] = set()

    def follow(self, alarms: Alarms) -> None:
        """Raise them elsewhere from now on."""
        self.rest()
        self._alarms = alarms

    def look(self, report: LiveReport, wanted: Mapping[str, str], now: float, *, taken: bool = False) -> None:
        """Raise what is wrong for long enough, and end what is well again.

        :param wanted: id → name of the destinations that should be reached
        :param now: of the clock that never jumps
        :param taken: whether the input is left to a recorder
        """
        wrong = {
            wanted[link.id]: words
            for link in report.links
            if link.id in wanted and (words := _wrong_with(link))
        }
        if report.program in _WITHOUT_PICTURE:
            why = "a recorder has the input and passes nothing on" if taken else "the input gives no picture"
            wrong[INPUT] = f"{why}; the standby picture is sent"
        for name in self._since.keys() - wrong.keys():
            self._well(name)
        for name, words in wrong.items():
            since = self._since.setdefault(name, now)
            if name not in self._raised and now - since > PATIENCE:
                self._raised.add(name)
                self._alarms.alert(AlarmKind.LIVE, words, source=name)

    def rest(self) -> None:
        """Nothing is streamed: nothing can be wrong."""
        for name in list(self._since):
            self._well(name)

    def _well(self, name: str) -> None:
        self._since.pop(name, None)
        if name in self._raised:
            self._raised.remove(name)
            self._alarms.clear(AlarmKind.LIVE, source=name)


def _wrong_with(link: LinkReport) -> str:
    """Return why nothing reaches a destination; empty where all is well."""
    if link.state in (LinkState.LIVE, LinkState.CLOSING, LinkState.OFF):
        return ""
    place = link.address or "the destination"
    if link.state is LinkState.REFUSED:
        return f"{place} refuses the stream: {link.error or 'no reason is known'}"
    return f"nothing reaches {place}: {link.error or 'no answer yet'}"
