"""What decoders must know of a stream, and how it reaches those that are told only once."""

from collections.abc import Iterable

from pyca.live.flow.flv import HEADER, Kind, Reader, Tag

_AVC = 7
_HEAD = 5
"""bytes of a tag of pictures before its content"""
SOUND_FACTS = 4
"""bytes of a configuration of sound that tell codec, rate and channels; more tell nothing new"""


class Form:
    """Follows the configurations of the decoders in a stream.

    :param in_band: put what an H.264 decoder must know into each key frame, as most containers tell it only
        at their beginning
    """

    def __init__(self, *, in_band: bool = False) -> None:
        self.changed = False
        """True once something has changed that can only be told at a beginning: another codec, rate or number
        of channels of the sound"""
        self._in_band = in_band
        self._first: dict[int, bytes] = {}
        self._parameters = b""

    def begin(self, data: bytes) -> bytes:
        """Return the beginning of a stream, shaped; it is a header and whole tags."""
        tags = self.shaped(Reader().feed(data))
        self.changed = False
        return b"".join([HEADER, *(tag.encode() for tag in tags)]) if self._in_band else data

    def shaped(self, tags: Iterable[Tag]) -> list[Tag]:
        """Return tags as they are passed on."""
        return [shaped for tag in tags if (shaped := self._shape(tag))]

    def _shape(self, tag: Tag) -> Tag | None:
        if tag.kind != Kind.SCRIPT and tag.is_setup:
            return self._configure(tag)
        if self._in_band and tag.is_key and tag.body[0] & 0x0F == _AVC and self._parameters:
            return Tag(tag.kind, tag.time, tag.body[:_HEAD] + self._parameters + tag.body[_HEAD:])
        return tag

    def _configure(self, tag: Tag) -> Tag | None:
        told = tag.kind in self._first
        first = self._first.setdefault(tag.kind, tag.body)
        if tag.kind == Kind.VIDEO:
            self._parameters = parameter_sets(tag.body[_HEAD:])
            fixed = slice(_HEAD + 4, _HEAD + 5)  # how long the lengths of units are
        else:
            fixed = slice(0, SOUND_FACTS)
        if first[fixed] != tag.body[fixed]:
            self.changed = True
        # Told a second time, FFmpeg writes over the beginning of a Matroska file and damages it.
        return None if self._in_band and told else tag


def parameter_sets(configuration: bytes) -> bytes:
    """Return the parameter sets of an H.264 decoder configuration, each behind its length as in a frame.

    Nothing is returned where it is damaged: the stream is passed on as it is. See ISO/IEC 14496-15, 5.3.3.
    """
    if len(configuration) < 7:
        return b""
    length_size = (configuration[4] & 3) + 1
    found: list[bytes] = []
    position = 5
    for mask in (0x1F, 0xFF):
        if position >= len(configuration):
            return b""
        count = configuration[position] & mask
        position += 1
        for _ in range(count):
            size = int.from_bytes(configuration[position : position + 2], "big")
            unit = configuration[position + 2 : position + 2 + size]
            if not size or len(unit) < size:
                return b""
            found.append(size.to_bytes(length_size, "big") + unit)
            position += 2 + size
    return b"".join(found)
