"""What decoders must know of a stream, and how it reaches those that are told only once."""

from pyca.live.flv import HEADER, Kind, Reader, Tag

_AVC = 7
_HEAD = 5
"""bytes of a tag of pictures before its content"""
_SOUND = 4
"""bytes of a configuration of sound that tell codec, rate and channels; more tell nothing new"""


class Form:
    """Follows the configurations of the decoders in a stream.

    :param in_band: put what an H.264 decoder must know into each key frame, as most containers tell it only
        at their beginning
    """

    def __init__(self, *, in_band: bool = False) -> None:
        self.changed = False
        """True once the sound has become another kind: another codec, rate or number of channels"""
        self._in_band = in_band
        self._sound = b""
        self._parameters = b""

    def begin(self, data: bytes) -> bytes:
        """Return the beginning of a stream, shaped; it is a header and whole tags."""
        tags = [self.shape(tag) for tag in Reader().feed(data)]
        self.changed = False
        return b"".join([HEADER, *(tag.encode() for tag in tags)]) if self._in_band else data

    def shape(self, tag: Tag) -> Tag:
        """Return a tag as it is passed on."""
        if tag.kind == Kind.SCRIPT:
            return tag
        if tag.is_setup:
            if tag.kind == Kind.VIDEO:
                self._parameters = parameter_sets(tag.body[_HEAD:])
            elif self._sound != (sound := tag.body[:_SOUND]):
                self.changed = bool(self._sound) or self.changed
                self._sound = sound
            return tag
        if self._in_band and tag.is_key and tag.body[0] & 0x0F == _AVC and self._parameters:
            return Tag(tag.kind, tag.time, tag.body[:_HEAD] + self._parameters + tag.body[_HEAD:])
        return tag


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
