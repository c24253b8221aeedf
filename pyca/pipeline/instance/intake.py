"""What comes from the source of a pipeline, as far as it is wanted."""

import logging
import time

from pyca.core.errors import OfflineError, WireError
from pyca.instances.job import Complaints
from pyca.instances.statistics import Figures
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.end import End
from pyca.pipeline.instance.feed import Feed, Item
from pyca.pipeline.instance.made_feed import RATE, MadeFeed
from pyca.pipeline.instance.pace import Pace, Verdict
from pyca.pipeline.instance.silence import Silence
from pyca.runtime.channel import Channel

SECONDS_PER_MESSAGE = 0.2
"""that a message is waited for before the server is listened to again"""


class Intake:
    """Takes messages from a feed, and looks for the source again where it is silent.

    :param channel: to the server, which is told whether the source is there
    :param figures: what is counted
    :param log: of the instance
    :param end: is told where nothing more will come
    """

    def __init__(
        self,
        feed: Feed,
        configuration: Configuration,
        channel: Channel,
        figures: Figures,
        log: logging.Logger,
        end: End,
    ) -> None:
        self._feed = feed
        self._configuration = configuration
        self._pace = Pace(configuration, rate_is_kept=isinstance(feed, MadeFeed))
        self._channel = channel
        self._figures = figures
        self._log = log
        self._complaints = Complaints(log)
        self._end = end
        self._silence = Silence(time.monotonic())
        self.why = ""
        """why nothing comes, empty where it does"""

    def open(self, *, patient: bool) -> None:
        """Find the source.

        :param patient: whether one that is offline is waited for
        :raises PycaError: where it cannot be used
        """
        try:
            self._feed.open()
        except OfflineError as error:
            if not patient:
                raise
            self._offline(error)
        else:
            # What has been found has all its time.
            self._silence.hear(time.monotonic())

    def configure(self, configuration: Configuration) -> None:
        """Do as a configuration says from the next message on."""
        self._configuration = configuration
        self._pace.configure(configuration)
        if isinstance(self._feed, MadeFeed):
            self._feed.rate(configuration.max_frame_rate or RATE)

    def take(self) -> Item | None:
        """Return the next message that is wanted, None where none came in time."""
        item = self._received()
        now = time.monotonic()
        self._figures.lost, self._figures.garbled = self._feed.lost, self._feed.garbled
        if item is None:
            self._look_for_it(now)
            return None
        self._figures.received += 1
        self._hear(now)
        verdict = self._pace.look(item, now)
        if verdict is Verdict.TAKE:
            return item
        if verdict is Verdict.OVER:
            self._end.note(f"Pulse id {item.pulse_id} is behind the range that is wanted")
            return None
        self._figures.skipped += 1
        if verdict is Verdict.STALE:
            text = f"Pulse id {item.pulse_id} comes after a later one: it is left out"
            self._complaints.note(WireError(text))
        return None

    def note_taken(self, item: Item) -> None:
        """Note that a message is being processed, behind which nothing may be wanted."""
        if self._pace.is_last(item):
            self._end.note(f"Pulse id {item.pulse_id} is the last one that is wanted")

    def close(self) -> None:
        """Let go of the source."""
        self._feed.close()

    def _received(self) -> Item | None:
        try:
            return self._feed.receive(SECONDS_PER_MESSAGE)
        except OfflineError as error:
            self._offline(error)
        except WireError as error:
            # Counted by the feed.
            self._complaints.note(error)
        return None

    def _hear(self, now: float) -> None:
        self._silence.hear(now)
        if self.why:
            self._log.info("Messages come again")
            self.why = ""
            self._channel.send({"online": True, "why": ""})

    def _offline(self, error: OfflineError) -> None:
        self._silence.fail(time.monotonic())
        self._tell(str(error))

    def _tell(self, why: str) -> None:
        """Say once that nothing comes."""
        if not self.why:
            self._log.warning("%s", why)
            self.why = why
            self._channel.send({"online": False, "why": why})

    def _look_for_it(self, now: float) -> None:
        """Look for a source that is silent, and decide to end where that is of no use."""
        wanted, silence = self._configuration, self._silence
        if silence.ask(wanted.camera_timeout, now):
            self._feed.renew()
        if silence.is_final(wanted.camera_timeout, now):
            self._end.note(self.why, 1)
        if silence.lasts(wanted.stream_timeout, now):
            text = f"Nothing has come for {wanted.stream_timeout:g} s from {self._feed.address}"
            self._tell(text)
            if wanted.abort_on_timeout:
                self._end.note(text, 1)
