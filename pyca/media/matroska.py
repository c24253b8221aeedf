"""Tell whether a Matroska file was closed properly; only then its header may be believed."""

from pathlib import Path
from typing import BinaryIO

_EBML = 0x1A45DFA3
_SEGMENT = 0x18538067
_LONGEST_HEADER = 4096
"""bytes; real ones have about 40"""


def is_closed(path: Path) -> bool:
    """Return False where a Matroska or WebM file was cut off: killed recorder, power cut, full disk.

    A segment of unknown size was never closed, one beyond the end of the file lost its tail. Such a file may
    still claim a length: stream copies inherit the source's (RFC 8794: unknown sizes, RFC 9559: segments).

    :raises OSError: where the file cannot be read
    """
    with path.open("rb") as file:
        if _read_number(file, keep_marker=True) != _EBML:
            return True
        header = _read_number(file)
        if header is None or header > _LONGEST_HEADER:
            return False
        file.seek(header, 1)
        if _read_number(file, keep_marker=True) != _SEGMENT:
            return False
        size = _read_number(file)
        return size is not None and file.tell() + size <= path.stat().st_size


def _read_number(file: BinaryIO, *, keep_marker: bool = False) -> int | None:
    """Return the next EBML variable-length number, None where it is unknown or missing.

    :param keep_marker: True for element ids, which include the length marker
    """
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    data = first + file.read(length - 1)
    if len(data) < length:
        return None
    number = int.from_bytes(data, "big")
    if keep_marker:
        return number
    unknown = (1 << 7 * length) - 1
    number &= unknown
    return None if number == unknown else number
