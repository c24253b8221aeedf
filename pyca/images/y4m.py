"""Frames as a stream that FFmpeg reads: yuv4mpegpipe, with one plane of 8 or 16 bits.

The format is a line “YUV4MPEG2 …” and then, for each image, the line “FRAME” and its rows (yuv4mpeg(5) of
the mjpegtools). “Cmono” is of that page, “Cmono16” is FFmpeg's own name; its samples are in the machine's own
order.
"""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
"""(height, width), of integers or floats"""

MIMETYPE = "video/x-yuv4mpeg"
_FRAME = b"FRAME\n"
_USUAL = 100.0
"""frames per second where nobody knows"""
_TICKS = 4
"""of FFmpeg's clock in the time of one frame. FFmpeg counts in the frames per second that the stream names:
of two frames that come within one tick it would drop one, and they never come quite evenly."""
_WORD = np.iinfo(np.uint16).max
_BYTE = np.iinfo(np.uint8).max


class Shot(Protocol):
    """Anything with an image."""

    @property
    def image(self) -> Image:
        """(height, width)."""


def stream(
    frames: Iterable[Shot],
    *,
    min_value: float | None = None,
    max_value: float | None = None,
    rate: float | None = None,
) -> Iterator[bytes]:
    """Yield the stream piece by piece. It ends with the frames, or where their size or depth changes.

    Images of uint8 stay as they are, all others become samples of 16 bits: what is below 0 or above 65535 is
    clipped, NaN becomes 0. With a range they all become 8 bits.

    :param min_value: what becomes black; 0 where only the other one is given
    :param max_value: what becomes white; the most that the type holds, or 65535, where it is not given
    :param rate: frames per second, about; None where nobody knows
    """
    kind: tuple[tuple[int, ...], np.dtype[Any]] | None = None
    ranged = min_value is not None or max_value is not None
    for frame in frames:
        image = _scaled(frame.image, min_value, max_value) if ranged else _plain(frame.image)
        if kind is None:
            kind = (image.shape, image.dtype)
            yield header(image, rate)
        elif kind != (image.shape, image.dtype):
            return
        # Apart, because putting them together would copy each image once more.
        yield _FRAME
        yield image.tobytes()


def header(image: Image, rate: float | None) -> bytes:
    """Return the line with which a stream begins.

    :param image: of uint8 or uint16
    :param rate: as in :func:`stream`
    """
    height, width = image.shape
    ticks = Fraction((rate if rate and rate > 0 else _USUAL) * _TICKS).limit_denominator(1001)
    ticks = max(ticks, Fraction(1, 1001))
    deep = image.dtype.itemsize > 1
    colors = "Cmono16 XYSCSS=MONO16" if deep else "Cmono XYSCSS=MONO"
    clock = f"F{ticks.numerator}:{ticks.denominator}"
    return f"YUV4MPEG2 W{width} H{height} {clock} Ip A1:1 {colors} XCOLORRANGE=FULL\n".encode("ascii")


def _plain(image: Image) -> Image:
    if image.dtype.kind == "u" and image.dtype.itemsize == 1:
        return image
    if image.dtype.kind == "u" and image.dtype.itemsize == np.dtype(np.uint16).itemsize:
        return image.astype(np.uint16, copy=False)
    return _clipped(image, _WORD).astype(np.uint16)


def _scaled(image: Image, min_value: float | None, max_value: float | None) -> Image:
    low = min_value or 0.0
    full = float(np.iinfo(image.dtype).max) if image.dtype.kind in "iu" else float(_WORD)
    high = full if max_value is None else max_value
    # A range without width is a threshold.
    factor = _BYTE / (high - low) if high > low else float(_BYTE)
    # What is too large for a float is white like the rest of its kind.
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.subtract(image, low, dtype=np.float32)
        scaled *= np.float32(factor)
    return _clipped(scaled, _BYTE).astype(np.uint8)


def _clipped(image: Image, most: int) -> Image:
    """Return an image within 0 and ``most``, without NaN, so that it can become whole numbers."""
    clipped = np.clip(image, 0, most)
    return np.nan_to_num(clipped, copy=False, nan=0.0) if clipped.dtype.kind == "f" else clipped
