"""One destination over its whole life: tried, live, lost, tried again, given up, restarted, closed."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from pyca.core.backoff import Backoff
from pyca.core.control import ParameterError
from pyca.core.errors import PycaError
from pyca.core.live import Destination, LinkReport, LinkState
from pyca.core.secrecy import mask
from pyca.live.flow.flv import HEADER, Tag
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send.address import parse
from pyca.live.send.outlets import Outlet, to_server
from pyca.live.send.receiver import Intro, Note
from pyca.live.send.relay import Relay
from pyca.live.send.troubles import Trouble, explained
from pyca.media.explain import explain

REFUSALS = 3
"""tries in a row after which a server that refuses is believed, where it has never taken the stream"""
HANG_UPS = 10
"""the same where it hangs up without a word, as what stands before a server does while that one restarts"""
STEADY = 5.0
"""seconds after which a connection counts as one that stands"""
_OVER = 2.0
"""seconds after which the trouble before a connection is no news any more"""
BACKOFF = Backoff(first=1.0, limit=30.0, factor=1.5)
"""rises slowly, as most outages are a restart of the server"""

Route = Callable[[], Outlet]
"""what to run for the next try"""

_LOOK = 1.0
"""seconds between two looks at a running process"""
_NEVER = float("inf")


class Link:
    """Passes a stream on to one place, come what may.

    :param intro: returns what a decoder needs first: header, metadata, configurations, and all since the last
        key frame
    :param note: is told what happens, without secrets
    :param routes: what to try in turn; by default the destination's address and its backup
    """

    def __init__(
        self,
        destination: Destination,
        around: Surroundings,
        watch: Watch,
        intro: Intro,
        note: Note,
        routes: Sequence[Route] = (),
    ) -> None:
        self._destination = destination
        self._around = around
        self._watch = watch
        self._intro = intro
        self._note = note
        self._relay: Relay | None = None
        self._state = LinkState.OFF
        self._since = around.clock.now()
        self._address = mask(destination.url)
        self._error = ""
        self._noted = ""
        self._turn = self._failures = self._refusals = self._hang_ups = self._reconnects = 0
        self._sent = self._dropped = 0
        self._live_at: float | None = None
        self._lost_at: float | None = None
        self._was_live = self._warned = False
        self._next: float = around.clock.monotonic()
        self._closing = self._again = self._wiping = False
        self._outlet: Outlet | None = None
        """the last one"""
        self._why = ""
        self._routes = list(routes)
        try:
            self._routes = self._routes or _routes(destination, around)
        except ParameterError as error:
            self._give_up(str(error))

    @property
    def ended(self) -> bool:
        """True once it was closed and its process is gone."""
        return self._closing and self._relay is None

    def offer(self, tags: Sequence[Tag]) -> None:
        """Pass on what comes next; what cannot be passed on now is left out."""
        relay = self._relay
        if self._closing:
            return
        if relay is None:
            if self._state is LinkState.CONNECTING and any(tag.is_key for tag in tags):
                self._try()  # these tags are in the beginning that it is given
        elif relay.is_old() and any(tag.is_key for tag in tags):
            self._note("info", "it has sent for so long that its times are full: its process is replaced")
            self._replace()
        elif relay.offer(tags):
            self._note("info", "the form of the stream changes: its process is replaced")
            self._replace()

    def forget(self) -> None:
        """Leave out what waits: it must not be seen any more."""
        relay = self._relay
        holds = relay.forget() if relay else False
        keeps = self._outlet is not None and self._outlet.keeps
        # One that connects was given the beginning of a stream already, and has not passed it on.
        if relay and (holds or keeps or self._state is LinkState.CONNECTING):
            if not self._closing:
                self._again = True
                self._next = self._around.clock.monotonic()
                self._set(LinkState.CLOSING)
            self._note("info", f"{relay.outlet.shown}: its process is replaced, so that it shows nothing old")
            relay.kill(silent=True)
        if self._outlet is not None:
            self._outlet.wipe()
            self._wiping = True

    def tick(self, now: float) -> float:
        """Do what is due, and return the moment at which to come again.

        :param now: seconds of the monotonic clock; so is what is returned
        """
        relay = self._relay
        if relay is None:
            if self._closing or self._state is LinkState.REFUSED:
                return _NEVER
            if now >= self._next:
                self._try()
            return now + _LOOK if self._relay else self._next
        relay.look(now)
        if relay.exit is not None:
            self._see()
            return now
        step = relay.climb(now)
        if relay.is_unkillable(now):
            self._note("error", f"{relay.outlet.shown}: its process hangs in the system and is left to it")
            relay.abandon(0.0)
            self._leave(relay)
            return now
        if step is not None or relay.ending:
            return min(now + _LOOK, step or _NEVER)
        if why := relay.stalled(now):
            self._why = why
            self._note("warning", f"{relay.outlet.shown}: {self._why}; its process is killed and replaced")
            self._noted = self._why
            relay.kill()
        elif self._live_at is not None and now - self._live_at >= STEADY:
            self._stand()
        return now + _LOOK

    def report(self) -> LinkReport:
        """Return how it does."""
        relay = self._relay
        waits = self._state is LinkState.WAITING
        clock = self._around.clock
        now = clock.monotonic()
        return LinkReport(
            self._destination.id,
            self._destination.label,
            self._state,
            address=self._address,
            error=self._error if self._live_at is None or now - self._live_at < _OVER else "",
            since=self._since,
            sent=self._sent + (relay.sent if relay else 0),
            bitrate=relay.bitrate() if relay and self._state is LinkState.LIVE else 0.0,
            dropped=self._dropped + (relay.backlog.dropped if relay and relay.grown else 0),
            reconnects=self._reconnects,
            next_try=clock.now() + max(0.0, self._next - clock.monotonic()) if waits else None,
        )

    def restart(self) -> None:
        """Connect anew, without waiting; also after it was given up."""
        if self._closing:
            return
        self._refusals = self._hang_ups = self._failures = 0
        self._note("info", "connects anew because somebody asked for it")
        self._replace()

    def close(self) -> None:
        """Begin to end it for good; see :attr:`ended`."""
        if self._closing:
            return
        self._closing = True
        self._end_relay()
        self._set(LinkState.CLOSING if self._relay else LinkState.OFF)

    def kill(self) -> None:
        """End it at once, and release all that it holds."""
        self._closing = True
        relay, self._relay = self._relay, None
        if relay:
            relay.abandon()

    def _replace(self) -> None:
        """Have the present process end properly and start another at once."""
        self._again = True
        self._next = self._around.clock.monotonic()
        if self._relay:
            self._end_relay()
            self._set(LinkState.CLOSING)
        elif self._routes:
            self._set(LinkState.WAITING)

    def _end_relay(self) -> None:
        if self._relay:
            connecting = self._state is LinkState.CONNECTING and self._relay.outlet.network
            self._relay.finish(self._around.clock.monotonic(), at_once=connecting)

    def _try(self) -> None:
        self._again = False
        self._why = ""
        self._set(LinkState.CONNECTING)
        beginning = self._intro()
        if len(beginning) <= len(HEADER):
            # There is no picture yet: a process would only wait for one.
            self._next = self._around.clock.monotonic() + _LOOK
            return
        try:
            outlet = self._routes[self._turn % len(self._routes)]()
            self._address = outlet.shown
            self._outlet = outlet
            self._wiping = False
            self._warn_of(outlet)
            self._relay = Relay(outlet, self._around, self._watch, beginning, self._see)
        except PycaError as error:
            self._fail(Trouble(str(error)))

    def _warn_of(self, outlet: Outlet) -> None:
        if outlet.exposed and not self._warned:
            self._warned = True
            text = "its secret stands in FFmpeg's arguments, where users of this machine can read it"
            self._note("warning", f"{outlet.shown}: {text}")

    def _see(self) -> None:
        """Take note of what the process has become."""
        relay = self._relay
        if relay is None:
            return
        if relay.exit is None:
            if self._state is LinkState.CONNECTING and relay.grown:
                self._go_live(relay)
            return
        self._leave(relay)

    def _leave(self, relay: Relay) -> None:
        """Go on after a process."""
        now = self._around.clock.monotonic()
        stood = self._live_at is not None and now - self._live_at >= STEADY
        if stood:
            self._stand()
        self._live_at = None
        self._sent += relay.sent
        self._dropped += relay.backlog.dropped if relay.grown else 0
        self._relay = None
        if self._wiping:
            # It may have gone on for a moment after it was killed.
            relay.outlet.wipe()
        if self._closing:
            self._set(LinkState.OFF)
        elif self._again:
            self._set(LinkState.WAITING)
        else:
            trouble = Trouble(self._why) if self._why else self._trouble(relay)
            self._fail(trouble, same_place=stood)

    def _trouble(self, relay: Relay) -> Trouble:
        if relay.outlet.network:
            # Who only fetches what we offer refuses nothing when leaving.
            found = explained(relay.said, answered=self._was_live or relay.outlet.waits)
        else:
            found = Trouble(explain(relay.said))
        ended = relay.exit.message if relay.exit else "the process ended"
        return replace(found, sentence=found.sentence or ended)

    def _go_live(self, relay: Relay) -> None:
        self._live_at = self._around.clock.monotonic()
        again = self._lost_at is not None
        self._reconnects += again
        after = (
            f" again after {self._around.clock.monotonic() - self._lost_at:.1f} s" if self._lost_at else ""
        )
        self._set(LinkState.LIVE)
        self._note("info", f"{relay.outlet.shown} takes the stream{after}")

    def _stand(self) -> None:
        """Believe that the connection stands."""
        self._was_live = True
        self._failures = self._refusals = self._hang_ups = 0
        self._error = self._noted = ""

    def _fail(self, trouble: Trouble, *, same_place: bool = False) -> None:
        """Plan the next try after one that ended without having been asked to, or give up."""
        now = self._around.clock.monotonic()
        if self._state is LinkState.LIVE:
            self._lost_at = now
        self._error = trouble.sentence
        self._failures += 1
        if self._was_live or not (trouble.refused or trouble.hung_up):
            self._refusals = self._hang_ups = 0
        self._refusals += trouble.refused and not self._was_live
        self._hang_ups += trouble.hung_up and not self._was_live
        if self._refusals >= REFUSALS or self._hang_ups >= HANG_UPS:
            self._give_up(trouble.sentence)
            return
        if not same_place:
            self._turn += 1
        pause = BACKOFF.pause(self._failures)
        self._next = now + pause
        self._set(LinkState.WAITING)
        if trouble.sentence != self._noted:
            self._noted = trouble.sentence
            self._note("warning", f"{self._address}: {trouble.sentence}; tries again from {pause:.1f} s on")

    def _give_up(self, why: str) -> None:
        self._error = why
        self._next = _NEVER
        self._set(LinkState.REFUSED)
        self._note("error", f"{self._address}: {why}; given up until it is started again")

    def _set(self, state: LinkState) -> None:
        if state is not self._state:
            self._state = state
            self._since = self._around.clock.now()


def _routes(destination: Destination, around: Surroundings) -> list[Route]:
    """Return what sends to a destination's address and its backup.

    :raises ParameterError: where one of them cannot be
    """
    first = parse(destination.url, destination.key)
    # The backup takes the same stream under the same key, also where that stood in the first address.
    backup = [parse(destination.backup, destination.key or first.key)] if destination.backup else []
    return [partial(to_server, address, around) for address in (first, *backup)]
