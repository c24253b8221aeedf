"""FLV without input or output: the form in which pictures and sound pass from the encoder to destinations.

A stream is a header of nine bytes and tags, each followed by its size: see “Video File Format Specification”,
version 10, annex E, by Adobe.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from pyca.core.errors import MediaError

HEADER = b"FLV\x01\x05\x00\x00\x00\x09" + b"\x00\x00\x00\x00"
"""of a stream with pictures and sound, with the size of the tag before the first"""
LONGEST_TAG = 8_000_000
"""bytes; a key frame has some hundred thousand"""

_HEAD = 11
_TAIL = 4
_HEADER_SIZE = 9
_KEY_FRAME = 1
_AVC = 7
_AAC = 10
_FRAME = b"\x01"
_END = b"\x02"
_NAME = b"\x02\x00\x0aonMetaData"
_NUMBER = b"\x00"


class Kind(IntEnum):
    """What a tag holds."""

    AUDIO = 8
    VIDEO = 9
    SCRIPT = 18


@dataclass(frozen=True, slots=True)
class Tag:
    """One frame of pictures or sound, or what decoders need to know before.

    :param time: milliseconds at which it is decoded
    """

    kind: int
    time: int
    body: bytes
    _encoded: bytes = field(default=b"", init=False, repr=False, compare=False)
    """kept, as all destinations are given the same"""

    @property
    def is_setup(self) -> bool:
        """True for what comes once, before frames: metadata and the configurations of the decoders."""
        if self.kind == Kind.SCRIPT:
            return True
        codec = self.body[0] & 0x0F if self.kind == Kind.VIDEO else self.body[0] >> 4
        return codec == (_AVC if self.kind == Kind.VIDEO else _AAC) and self.body[1:2] == b"\x00"

    @property
    def is_key(self) -> bool:
        """True for a picture at which a decoder can begin."""
        return self.kind == Kind.VIDEO and self.body[0] >> 4 == _KEY_FRAME and self.body[1:2] == _FRAME

    @property
    def is_end(self) -> bool:
        """True for the mark after the last picture of an encoder."""
        return self.kind == Kind.VIDEO and self.body[0] & 0x0F == _AVC and self.body[1:2] == _END

    def encode(self, time: int | None = None) -> bytes:
        """Return the tag as it stands in a stream.

        :param time: milliseconds that take the place of its own
        """
        if self._encoded and time is None:
            return self._encoded
        moment = (self.time if time is None else time) & 0xFFFFFFFF
        if self.kind == Kind.SCRIPT:
            moment = 0  # FFmpeg takes later ones for subtitles, and holds pictures back to wait for more
        size = len(self.body)
        head = struct.pack(
            ">B3sHBB3x", self.kind, size.to_bytes(3, "big"), moment >> 8 & 0xFFFF, moment & 0xFF, moment >> 24
        )
        encoded = b"".join((head, self.body, struct.pack(">I", size + _HEAD)))
        if time is None:
            object.__setattr__(self, "_encoded", encoded)
        return encoded


def metadata(values: Mapping[str, float]) -> Tag:
    """Return the tag that tells players what comes, such as width and height."""
    pairs = b"".join(_key(name) + struct.pack(">d", value) for name, value in values.items())
    return Tag(Kind.SCRIPT, 0, _NAME + b"\x08" + struct.pack(">I", len(values)) + pairs + b"\x00\x00\x09")


def number(tag: Tag, name: str) -> float | None:
    """Return a number that such a tag names, None where it does not."""
    before, key, after = tag.body.partition(_key(name))
    return float(struct.unpack(">d", after[:8])[0]) if key and before and len(after) >= 8 else None


def _key(name: str) -> bytes:
    return struct.pack(">H", len(name)) + name.encode("ascii") + _NUMBER


class Reader:
    """Cuts a stream into tags, however it arrives."""

    def __init__(self) -> None:
        self._rest = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[Tag]:
        """Take the next bytes and return the tags that they complete.

        :raises MediaError: where this is no FLV
        """
        self._rest += data
        if not self._begun:
            if len(self._rest) < len(HEADER):
                return []
            if self._rest[:3] != b"FLV" or int.from_bytes(self._rest[5:9], "big") != _HEADER_SIZE:
                raise _foreign()
            del self._rest[: len(HEADER)]
            self._begun = True
        return list(self._whole())

    def _whole(self) -> Iterator[Tag]:
        position = 0
        rest = self._rest
        while len(rest) - position >= _HEAD:
            size = int.from_bytes(rest[position + 1 : position + 4], "big")
            end = position + _HEAD + size + _TAIL
            kind = rest[position] & 0x1F
            if size > LONGEST_TAG or kind not in (Kind.AUDIO, Kind.VIDEO, Kind.SCRIPT):
                raise _foreign()
            if end > len(rest):
                break
            if int.from_bytes(rest[end - _TAIL : end], "big") != size + _HEAD:
                raise _foreign()
            time = int.from_bytes(rest[position + 4 : position + 7], "big") | rest[position + 7] << 24
            if size:
                yield Tag(kind, time, bytes(rest[position + _HEAD : position + _HEAD + size]))
            position = end
        del rest[:position]


def _foreign() -> MediaError:
    return MediaError("what arrives is no FLV", "a program between camera and pyCA writes into it")
