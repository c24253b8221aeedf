"""Which program is shown, and how one follows the other without a seam. No input or output, no waiting.

Encoders count time from their own start. What is shown is counted by one clock that goes on evenly, whatever
program is on: a program is joined at a key frame, which gets the present moment, and keeps its own rhythm
from there on. A program whose clock leaves the present by seconds is joined anew at its next key frame.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pyca.core.live import Program
from pyca.live.flow import flv, silence
from pyca.live.flow.flv import Kind, Tag
from pyca.live.flow.form import SOUND_FACTS
from pyca.live.flow.silence import Silence

ASTRAY = 5.0
"""seconds between a program's clock and ours after which it is joined anew"""
AHEAD = 1.0
"""seconds that what was sent may lie before the present when another program is joined"""
LONGEST_INTRO = 8_000_000
"""bytes that are kept for new destinations; they wait for the next key frame where there would be more"""

_LEAST = 12
"""bytes of a configuration of pictures that tells anything"""
_FRAME = 40
"""milliseconds of a picture where a program does not say how many it has"""

_FACTS = ("width", "height", "framerate")


@dataclass
class _Setup:
    """What comes before a program's frames."""

    facts: dict[str, float] = field(default_factory=dict)
    decoders: dict[int, Tag] = field(default_factory=dict)


class Director:
    """Puts one stream together from several programs."""

    def __init__(self) -> None:
        self._allowed: tuple[Program, ...] = ()
        self._setups: dict[Program, _Setup] = {}
        self._sizes: dict[Program, tuple[int, int]] = {}
        self._shown = Program.NOTHING
        self._began: float | None = None
        self._offset = 0
        self._last = {int(Kind.AUDIO): -1, int(Kind.VIDEO): -1}
        self._silence = Silence()
        self._told: dict[int, Tag] = {}
        self._intro: list[Tag] | None = None
        self._intro_size = 0

    @property
    def shown(self) -> Program:
        """What is on; NOTHING where a key frame is awaited."""
        return self._shown

    def size(self, program: Program) -> tuple[int, int] | None:
        """Return width and height of a program's pictures, of its last run where it has ended."""
        return self._sizes.get(program)

    def allow(self, programs: Iterable[Program]) -> None:
        """Say what may be shown, the best first. What is shown and not among them leaves at once."""
        self._allowed = tuple(programs)
        if self._shown not in self._allowed:
            self._leave()

    def lost(self, program: Program) -> None:
        """A program has ended; its next one begins anew."""
        self._setups.pop(program, None)
        if self._shown is program:
            self._leave()

    def take(self, program: Program, tags: Sequence[Tag], moment: float) -> list[Tag]:
        """Take what a program sends and return what is to be sent on, with new times.

        :param moment: now, in seconds of a clock that never jumps
        """
        if self._began is None:
            self._began = moment
        present = int((moment - self._began) * 1000)
        setup = self._setups.setdefault(program, _Setup())
        sent: list[Tag] = []
        for tag in tags:
            if tag.is_setup:
                sent += self._learn(program, setup, tag)
            elif tag.is_end:
                continue
            elif self._shown is program or self._may_take_over(program, setup, tag, present):
                sent += self._show(program, tag, present)
        return sent

    def intro(self) -> bytes:
        """Return what a new destination begins with: what decoders know, and all since the last key frame."""
        frames = self._intro or []
        time = frames[0].time if frames else max(*self._last.values(), 0)
        head = (replace(tag, time=time) for tag in self._told.values())
        return b"".join((flv.HEADER, *(tag.encode() for tag in (*head, *frames))))

    def _learn(self, program: Program, setup: _Setup, tag: Tag) -> list[Tag]:
        """Keep what decoders need; send it on where it changes under what is shown."""
        if tag.kind == Kind.SCRIPT:
            found = {name: flv.number(tag, name) for name in _FACTS}
            setup.facts = {name: value for name, value in found.items() if value is not None}
            if {"width", "height"} <= setup.facts.keys():
                self._sizes[program] = (int(setup.facts["width"]), int(setup.facts["height"]))
            return []
        if tag.kind == Kind.VIDEO and len(tag.body) < _LEAST:
            return []  # from an encoder that was not told to write its configuration first
        setup.decoders[tag.kind] = tag
        return self._news(setup, max(self._last.values())) if self._shown is program else []

    def _news(self, setup: _Setup, time: int) -> list[Tag]:
        """Return what must stand before a program's next frame: what decoders do not know already.

        Some containers are damaged where FFmpeg is told the same thing twice.
        """
        heard = [] if Kind.AUDIO in setup.decoders else [silence.SETUP]
        head = (flv.metadata(setup.facts), *setup.decoders.values(), *heard)
        news = [replace(tag, time=time) for tag in head if not _tells(self._told.get(tag.kind), tag)]
        self._told.update((tag.kind, tag) for tag in news)
        return news

    def _may_take_over(self, program: Program, setup: _Setup, tag: Tag, present: int) -> bool:
        if not tag.is_key or program not in self._allowed or Kind.VIDEO not in setup.decoders:
            return False
        if max(self._last.values()) > present + AHEAD * 1000:
            return False
        return self._shown not in self._allowed or self._rank(program) < self._rank(self._shown)

    def _rank(self, program: Program) -> int:
        return self._allowed.index(program)

    def _show(self, program: Program, tag: Tag, present: int) -> list[Tag]:
        """Return a frame with its new time, after what must stand before it."""
        sent: list[Tag] = []
        if self._shown is not program or (tag.is_key and tag.time + self._offset <= self._last[Kind.VIDEO]):
            self._shown = program
            self._offset = max(present, self._earliest(program)) - tag.time
            self._silence.begin(tag.time + self._offset)
            sent += self._news(self._setups[program], tag.time + self._offset)
        time = tag.time + self._offset
        if abs(time - present) > ASTRAY * 1000:
            self._leave()
            return sent
        if time <= self._last[tag.kind]:
            if tag.kind == Kind.AUDIO:
                return sent  # from before the key frame that the program was joined at
            time = self._last[tag.kind] + 1
        frame = Tag(tag.kind, time, tag.body)
        frames = [frame, *self._unheard(program, time)]
        for one in frames:
            self._last[one.kind] = one.time
            self._keep(one)
        return [*sent, *frames]

    def _unheard(self, program: Program, time: int) -> list[Tag]:
        """Return the silence up to a picture, where a program has no sound of its own."""
        return [] if Kind.AUDIO in self._setups[program].decoders else self._silence.until(time)

    def _earliest(self, program: Program) -> int:
        """Return when a program's first picture may come: a frame after the last, or two would be one."""
        if self._last[Kind.VIDEO] < 0:
            return 0
        rate = self._setups[program].facts.get("framerate", 0.0)
        frame = int(1000 / rate) if rate >= 1 else _FRAME
        return max(self._last[Kind.VIDEO] + frame, self._last[Kind.AUDIO] + 1)

    def _keep(self, frame: Tag) -> None:
        if frame.is_key:
            self._intro, self._intro_size = [], 0
        if self._intro is not None:
            self._intro.append(frame)
            self._intro_size += len(frame.body)
            if self._intro_size > LONGEST_INTRO:
                self._intro = None

    def _leave(self) -> None:
        self._shown = Program.NOTHING
        self._intro = None


def _tells(told: Tag | None, tag: Tag) -> bool:
    """Tell whether decoders know all that a tag would tell them."""
    if told is None:
        return False
    # Encoders of the same sound differ in what they add behind codec, rate and channels.
    end = SOUND_FACTS if tag.kind == Kind.AUDIO else None
    return told.body[:end] == tag.body[:end]
