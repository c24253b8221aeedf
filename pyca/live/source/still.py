"""The slate, kept: as it never moves, two seconds of it last for ever, and no process need encode it."""

from collections.abc import Sequence

from pyca.live.flow.flv import Tag

_LARGEST = 16_000_000
"""bytes; more is no still picture"""


class Still:
    """One group of pictures with its sound: learned once, and played from memory again and again."""

    def __init__(self) -> None:
        self._setup: dict[int, Tag] = {}
        self._group: list[Tag] = []
        self._size = 0
        self._length = 0
        self._begun = 0.0
        self._next = 0

    @property
    def complete(self) -> bool:
        """True when it can be played."""
        return self._length > 0

    def learn(self, tags: Sequence[Tag]) -> None:
        """Take what the slate's process sends, until a whole group of pictures is there."""
        for tag in tags:
            if self.complete or tag.is_end:
                return
            if tag.is_setup:
                self._setup[tag.kind] = tag
            elif tag.is_key and self._group:
                self._length = tag.time - self._group[0].time
                self._group = [one for one in self._group if one.time < tag.time]
            elif tag.is_key or self._group:
                self._keep(tag)

    def _keep(self, tag: Tag) -> None:
        self._size += len(tag.body)
        if self._size > _LARGEST:
            self._group, self._size = [], 0
        elif not self._group or tag.time >= self._group[0].time:
            self._group.append(tag)

    def rewind(self, now: float) -> list[Tag]:
        """Play from its beginning, and return what comes before it."""
        self._begun, self._next = now, 0
        return list(self._setup.values())

    def play(self, now: float) -> list[Tag]:
        """Return what is due since the last call; only where it is complete."""
        found: list[Tag] = []
        elapsed = (now - self._begun) * 1000
        while True:
            rounds, place = divmod(self._next, len(self._group))
            tag = self._group[place]
            time = rounds * self._length + tag.time - self._group[0].time
            if time > elapsed:
                return found
            found.append(Tag(tag.kind, time, tag.body))
            self._next += 1
