"""Compression of single parts of a message: ``bitshuffle_lz4`` and ``lz4``.

The libraries trust what they read: the one for bitshuffle is not even told where its input ends. So
everything that a part claims is compared with the bytes that are there before it is given to them.
"""

import os
import struct
from functools import cache
from typing import Any

import lz4.block
import numpy as np
from numpy.typing import NDArray

from pyca.core.errors import WireError

LARGEST = 1 << 30
"""bytes of one uncompressed part"""
_HEAD = struct.Struct(">QI")
"""of bitshuffle_lz4: uncompressed size and size of a block, both in bytes"""
_SIZE = struct.Struct("<I")
"""of lz4: uncompressed size in bytes"""
_LENGTH = struct.Struct(">I")
"""of one compressed block in bytes"""
_BLOCK = 8192
"""bytes; what other senders use"""
_MULTIPLE = 8
"""elements: bitshuffle leaves what is over as it is"""
_BEST = 255
"""LZ4 makes no byte from less than 1/255 byte"""

Bytes = NDArray[np.uint8]


def compress(method: str, array: NDArray[Any]) -> Bytes:
    """Return the contents of an array as a compressed part.

    :param method: bitshuffle_lz4 or lz4
    :param array: of one dimension, without gaps
    """
    if method == "lz4":
        return np.frombuffer(lz4.block.compress(array.view(np.uint8).data, store_size=True), np.uint8)
    packed = (
        _bitshuffle().compress_lz4(array, _BLOCK // array.itemsize) if array.size else array.view(np.uint8)
    )
    part = np.empty(_HEAD.size + packed.size, np.uint8)
    _HEAD.pack_into(part.data, 0, array.nbytes, _BLOCK)
    part[_HEAD.size :] = packed
    return part


def decompress(
    method: str, part: memoryview, item: int, where: str, *, size: int | None = None, largest: int = LARGEST
) -> Bytes:
    """Return what a compressed part holds.

    :param method: bitshuffle_lz4 or lz4
    :param part: contiguous bytes
    :param item: bytes of one element
    :param where: what to call the part in errors
    :param size: what is expected, in bytes; None for anything of up to ``largest`` bytes
    :raises WireError: where it is damaged, or of another size
    """
    if method == "lz4":
        claimed = _head(_SIZE, part, where)[0]
        if size is not None and claimed != size:
            # Some write it in the byte order of the channel.
            claimed = int.from_bytes(part[: _SIZE.size], "big")
        _check(claimed, len(part), where, size, largest)
        return _plain_lz4(part[_SIZE.size :], claimed, where)
    claimed, block = _head(_HEAD, part, where)
    _check(claimed, len(part), where, size, largest)
    if claimed % item:
        raise WireError(f"{where} has {claimed} bytes, which are no whole elements of {item} bytes")
    return _shuffled(part[_HEAD.size :], claimed, block, item, where)


@cache
def _bitshuffle() -> Any:
    """Return the library for bitshuffle, loaded so that it works in the thread that calls it.

    By itself it starts a thread for each processor, also for eight bytes: these wait for each other in busy
    loops, which takes seconds where the machine has other work, and forever in a process that was forked.
    """
    name = "OMP_NUM_THREADS"
    given = os.environ.get(name)
    os.environ[name] = given or "1"
    try:
        import bitshuffle
    finally:
        if given is None:
            del os.environ[name]
    return bitshuffle


def _head(head: struct.Struct, part: memoryview, where: str) -> tuple[Any, ...]:
    if len(part) < head.size:
        raise WireError(f"{where} is too short to be compressed: {len(part)} bytes")
    return head.unpack_from(part)


def _check(claimed: int, given: int, where: str, size: int | None, largest: int) -> None:
    if size is not None and claimed != size:
        raise WireError(f"{where} has {claimed} bytes; its type and shape need {size}")
    if claimed > largest or claimed > given * _BEST:
        raise WireError(f"{where} claims to have {claimed} bytes, compressed to {given}: that cannot be")


def _plain_lz4(data: memoryview, size: int, where: str) -> Bytes:
    try:
        plain = lz4.block.decompress(data, uncompressed_size=size)
    except (lz4.block.LZ4BlockError, ValueError, MemoryError) as error:
        raise WireError(f"{where} cannot be decompressed: {error}") from None
    if len(plain) != size:
        raise WireError(f"{where} has {len(plain)} bytes, but claims to have {size}")
    return np.frombuffer(plain, np.uint8)


def _shuffled(data: memoryview, size: int, block: int, item: int, where: str) -> Bytes:
    count = size // item
    elements = block // item
    if not count:
        return np.empty(0, np.uint8)
    if block % item or elements % _MULTIPLE or not elements:
        raise WireError(f"{where} has blocks of {block} bytes; expected are multiples of {_MULTIPLE * item}")
    _walk(data, count, elements, item, where)
    try:
        plain = _bitshuffle().decompress_lz4(
            np.frombuffer(data, np.uint8), (count,), np.dtype(f"V{item}"), elements
        )
    except Exception as error:  # the library raises plain Exceptions
        raise WireError(f"{where} cannot be decompressed: {error}") from None
    found: Bytes = plain.view(np.uint8)
    return found


def _walk(data: memoryview, count: int, elements: int, item: int, where: str) -> None:
    """Check that no block reaches beyond the end."""
    blocks = count // elements + bool(count % elements // _MULTIPLE)
    end = len(data) - count % _MULTIPLE * item
    place = 0
    unpack = _LENGTH.unpack_from
    for _ in range(blocks):
        if place + _LENGTH.size > end:
            raise WireError(f"{where} is cut off: it ends within its blocks")
        place += _LENGTH.size + unpack(data, place)[0]
    if place > end:
        raise WireError(f"{where} is cut off: {place - end} bytes are missing")
