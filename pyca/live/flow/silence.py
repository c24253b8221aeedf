"""Silence for programs without sound: destinations expect some, and what is sent waits for it."""

from pyca.core.live import AUDIO_RATE
from pyca.live.flow.flv import Kind, Tag

SETUP = Tag(Kind.AUDIO, 0, bytes.fromhex("af001190"))
"""AAC-LC, 48 kHz, two channels: what all programs have"""

_FRAME = bytes.fromhex("af01211004608c1c")
"""what FFmpeg's encoder makes of 1024 samples without sound"""
_LENGTH = 1024 * 1000 / AUDIO_RATE
"""milliseconds"""


class Silence:
    """Frames of silence, one after the other."""

    def __init__(self) -> None:
        self._next = 0.0

    def begin(self, time: int) -> None:
        """Begin at a moment in milliseconds."""
        self._next = float(time)

    def until(self, time: int) -> list[Tag]:
        """Return what there is to hear up to a moment."""
        found: list[Tag] = []
        while self._next <= time:
            found.append(Tag(Kind.AUDIO, int(self._next), _FRAME))
            self._next += _LENGTH
        return found
