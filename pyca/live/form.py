"""What decoders must know of a stream, and how it reaches those that are told only once."""

from pyca.live.flv import HEADER, Kind, Reader, Tag

_AVC = 7
_HEAD = 5
"""bytes of a tag of pictures before its content"""


class Form:
    """Follows the configurations of the decoders in a stream.

    :param in_band: put what an H.264 decoder must know into each key frame, as most containers tell it only
        at their beginning
    """

    def __init__(self, *, in_band: bool = False) -> None:
        self.changed = False
        """True once a configuration came that differs from the first of its kind"""
        self._in_band = in_band
        self._first: dict[int, bytes] = {}
        self._parameters = b""

    def begin(self, data: bytes) -> bytes:
        """Return the beginning of a stream, shaped; it is a header and whole tags."""
        tags = Reader().feed(data)
        if not self._in_band:
            for tag in tags:
                self.shape(tag)
            return data
        return b"".join([HEADER, *(self.shape(tag).encode() for tag in tags)])

    def shape(self, tag: Tag) -> Tag:
        """Return a tag as it is passed on."""
        if tag.kind == Kind.SCRIPT:
            return tag
        if tag.is_setup:
            if self._first.setdefault(tag.kind, tag.body) != tag.body:
                self.changed = True
            if tag.kind == Kind.VIDEO:
                self._parameters = parameter_sets(tag.body[_HEAD:])
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
