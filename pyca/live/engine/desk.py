"""One session at work: programs, the director, and where it is sent to. Belongs to one thread."""

from collections.abc import Sequence
from functools import partial

from pyca.core.errors import PycaError
from pyca.core.live import LiveState, Program, Size
from pyca.live.engine.director import Director
from pyca.live.engine.distribution import Distribution, Noted
from pyca.live.engine.feed import Feed
from pyca.live.engine.makers import Makers
from pyca.live.flow.figures import Flow
from pyca.live.flow.flv import Tag
from pyca.live.flow.leftovers import Leftovers
from pyca.live.flow.watch import Watch
from pyca.live.plan import Plan, Surroundings
from pyca.live.source.encoders import COPY
from pyca.live.source.encoding import CameraCommand
from pyca.live.source.inputs import has_camera
from pyca.live.source.producer import Producer
from pyca.live.source.run import Means
from pyca.live.source.still import Still

PATIENCE = 3.0
"""seconds that a camera that has not failed may take before the slate is shown"""
FEED_PATIENCE = 8.0
"""seconds for which a stream that has shown nothing yet waits for a recorder that has the camera: players
keep the size of its beginning, and a recorder's FFmpeg may take its time"""
PREPARATION = 8.0
"""seconds after which a stream that has begun has time for its slate"""
_PIECE = 0.1
"""seconds between two pieces of a slate that is played from memory, which wakes nobody by itself"""
_JUDGE = 0.25
"""seconds between two looks at what the links have become"""


class Desk:
    """Does what a plan says, from its making to the end after ``stop``."""

    def __init__(
        self, plan: Plan, surroundings: Surroundings, makers: Makers, watch: Watch, note: Noted
    ) -> None:
        self._plan = plan
        self._surroundings = surroundings
        self._makers = makers
        self._note = note
        self._clock = surroundings.clock
        self._director = Director()
        self._stopping = False
        self._judged = float("-inf")
        self._begun = False
        """True once something was shown"""
        self._still = Still()
        self._changed = self._clock.monotonic()
        self._waiting_since: float | None = self._changed
        self.flow = Flow()
        self.state = LiveState.PREPARING
        self.error = ""
        """the last one"""
        self.refused = False
        """True where the input can never be streamed as it is wanted"""
        leftovers = Leftovers(surroundings.folder, self._clock)
        leftovers.end()
        means = Means(surroundings, watch, leftovers)
        self._camera = self._producer(Program.CAMERA, means)
        self._slate = self._producer(Program.SLATE, means)
        self._feed = Feed(
            surroundings.feed_socket,
            watch,
            self._clock,
            send=partial(self._take, Program.RECORDER),
            lost=partial(self._director.lost, Program.RECORDER),
            note=self._tell,
        )
        self.links = Distribution(makers, surroundings, watch, self._director.intro, note)
        self._begin_camera()
        self._apply(plan)

    @property
    def program(self) -> Program:
        """What is shown."""
        shown = self._director.shown
        return Program.BLIND if shown is Program.SLATE and self._plan.blind else shown

    @property
    def ended(self) -> bool:
        """True when it was stopped and no process is left."""
        return self._stopping and self._camera.idle and self._slate.idle and self.links.ended

    @property
    def dropped(self) -> int:
        """Frames that the encoder had to leave out."""
        return self._camera.dropped

    @property
    def source_restarts(self) -> int:
        """How often the input was started again because it failed."""
        return self._camera.restarts

    def follow(self, plan: Plan) -> None:
        """Change what differs from the plan before."""
        if self._stopping:
            return
        before, self._plan = self._plan, plan
        if (plan.profile, plan.source, plan.camera) != (before.profile, before.source, before.camera):
            self._begin_camera()
        if (plan.profile, plan.source) != (before.profile, before.source):
            self._still = Still()
            self._changed = self._clock.monotonic()
            self._slate.stop()
        if plan.haste and not plan.camera:
            self._camera.stop(at_once=True)
        self._apply(plan)
        if plan.blind and not before.blind:
            self.links.forget()

    def stop(self, error: str = "") -> None:
        """Begin to end.

        :param error: why, where nobody asked for it
        """
        if self._stopping:
            return
        self._stopping = True
        self.state = LiveState.STOPPING
        self.error = error or self.error
        self.links.close()
        self._feed.close()
        self._camera.stop()
        self._slate.stop()

    def tick(self, now: float) -> float:
        """Do what is due and return when to be called again."""
        if self._camera.hopeless and not self._plan.feed:
            self._refuse()
        if not self._stopping:
            self._watch_picture(now)
        due = min(self._camera.tick(now), self._slate.tick(now), self._feed.tick(now), self.links.tick(now))
        if not self._stopping and now >= self._judged + _JUDGE:
            self._judged = now
            self._judge(now)
        return due if self._stopping else min(due, self._picture_due(now))

    def close(self) -> None:
        """Kill what is left of programs and links."""
        self._feed.close()
        self._camera.close()
        self._slate.close()
        self.links.kill()

    def _producer(self, program: Program, means: Means) -> Producer:
        return Producer(
            program,
            means,
            send=partial(self._take, program),
            lost=partial(self._director.lost, program),
            note=self._tell,
        )

    def _tell(self, level: str, text: str) -> None:
        self._note(level, text, "")

    def _take(self, program: Program, tags: Sequence[Tag]) -> None:
        now = self._clock.monotonic()
        if program is Program.SLATE:
            self._still.learn(tags)
        if sent := self._director.take(program, tags, now):
            self._begun = True
            self.flow.add(sent, now)
            self.links.offer(sent)

    def _begin_camera(self) -> None:
        if _has_camera(self._plan):
            plan = self._plan
            self._camera.start(
                lambda progress: self._makers.camera(plan.profile, plan.source, self._surroundings, progress)
            )
        else:
            self._camera.stop()

    def _slate_command(self, _progress: int) -> CameraCommand:
        profile = self._plan.profile
        # Pictures that are encoded have the profile's size; those that are copied, whatever they have.
        own = self._director.size(Program.CAMERA) if self._plan.source.encoder == COPY else None
        size = Size(*own, profile.bitrate) if own else None
        return CameraCommand(list(self._makers.slate(profile, size, self._surroundings)))

    def _apply(self, plan: Plan) -> None:
        try:
            if plan.feed:
                self._feed.open()
            else:
                self._feed.close()
        except PycaError as error:
            self.error = str(error)
            self._tell("error", self.error)
        better = ((Program.RECORDER, plan.feed), (Program.CAMERA, _has_camera(plan)))
        shown = [program for program, wanted in better if wanted and not plan.blind]
        self._director.allow((*shown, Program.SLATE))
        self.links.follow(plan)

    def _watch_picture(self, now: float) -> None:
        """Show the slate while there is nothing better, and no longer."""
        if self._director.shown in (Program.CAMERA, Program.RECORDER):
            self._waiting_since = None
            self._prepare(now)
            return
        if self._waiting_since is None:
            self._waiting_since = now
        if now < self._waiting_since + self._patience():
            return
        if self._still.complete:
            self._slate.stop()
            again = self._still.rewind(now) if self._director.shown is not Program.SLATE else []
            self._take(Program.SLATE, [*again, *self._still.play(now)])
        elif not self._slate.wanted:
            self._slate.start(self._slate_command)

    def _picture_due(self, now: float) -> float:
        """Return when the slate has its turn, or its next piece."""
        if self._director.shown in (Program.CAMERA, Program.RECORDER):
            return float("inf")
        turn = (now if self._waiting_since is None else self._waiting_since) + self._patience()
        if now < turn:
            return turn
        return now + _PIECE if self._still.complete or not self._slate.wanted else float("inf")

    def _patience(self) -> float:
        """Return the seconds for which nothing is shown while a picture is on its way."""
        if self._plan.blind:
            return 0.0
        if self._plan.feed and not self._plan.camera and not self._begun:
            return FEED_PATIENCE
        return PATIENCE if self._camera.wanted and not self._camera.error else 0.0

    def _prepare(self, now: float) -> None:
        """Have the slate at hand before it is needed, so that the blind is down at once."""
        wanted = not self._still.complete and now >= self._changed + PREPARATION
        if wanted and not self._slate.wanted:
            self._slate.start(self._slate_command)
        elif not wanted:
            self._slate.stop()

    def _refuse(self) -> None:
        """End where the input can never be streamed, before anything else is shown instead."""
        if not self._stopping:
            self.refused = True
            self._tell("error", f"the stream ends: {self._camera.error}")
            self.stop(self._camera.error)

    def _judge(self, now: float) -> None:
        """Find the state that follows from the links."""
        if refused := self.links.refused():
            self._tell("error", f"the stream ends: {refused}")
            self.stop(refused)
            return
        self.error = self._camera.error or self.error
        # A connection over which nothing goes is no stream.
        streams = self.links.takes() and self.flow.flows(now)
        self.state = LiveState.STREAMING if streams else LiveState.PREPARING


def _has_camera(plan: Plan) -> bool:
    try:
        return plan.camera and has_camera(plan.source.input)
    except PycaError:
        return True  # its start tells what is wrong
