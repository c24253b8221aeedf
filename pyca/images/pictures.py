"""Images as people look at them: coloured PNG and JPEG, and the eight bits that a recording has."""

import io
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.core.errors import ImagingError
from pyca.folders.names import shown
from pyca.images.blocks import block_sums
from pyca.images.image import Image
from pyca.images.pngfile import encoded

COLORMAP = "rainbow"
LONGEST_SIDE = 1280
"""pixels of a JPEG: more is no use in a browser's window"""
QUALITY = 80
"""of a JPEG, 1 to 95: more takes more bytes"""
# The library has two of this name and warns of it; this is the one that everybody means.
_MEANT = {"rainbow": "gnuplot:rainbow"}
_NOTHING = ("", "none", "null")
"""what programs write into addresses where they mean nothing"""
_PAGE = "http://matplotlib.org/examples/color/colormaps_reference.html"

Numbers = NDArray[np.uint8]


@dataclass(frozen=True)
class View:
    """How an image is shown.

    :param scale: 0.5 for half as many rows and columns: blocks of pixels become their means; at most 1
    :param min_value: what is subtracted first; what would be below 0 becomes 0
    :param max_value: what is above, after the subtraction, becomes this
    :param colormap: a name of matplotlib's
    """

    scale: float | None = None
    min_value: float | None = None
    max_value: float | None = None
    colormap: str = COLORMAP

    @classmethod
    def parse(cls, query: Mapping[str, str]) -> "View":
        """Return the view that the parameters of a request ask for; others are left alone.

        :param query: texts by name; empty ones, “None” and “null” are as good as none
        :raises ImagingError: naming the parameter that makes no sense
        """
        scale = _number("scale", query.get("scale"))
        low, high = _number("min_value", query.get("min_value")), _number("max_value", query.get("max_value"))
        colormap = query.get("colormap") or ""
        is_given = colormap.strip().lower() not in _NOTHING
        return cls(_scale(scale), low, high, colormap if is_given else COLORMAP)


def png(
    image: Image,
    *,
    scale: float | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
    colormap: str | None = None,
) -> bytes:
    """Return an image as PNG in colours, opaque RGBA, not compressed.

    In the order of the protocol: block means, ``min_value`` subtracted, clipped at ``max_value``, divided by
    the maximum, coloured. What is not a number becomes 0.

    :param image: (height, width)
    :param scale: as in :class:`View`; clamped so that one pixel at least is left, and nothing is enlarged
    :raises ImagingError: where a parameter makes no sense or there is no such colormap
    """
    colors = _colors(colormap or COLORMAP)
    shades = _shades(_reduced(image, _scale(scale)), min_value, max_value, len(colors))
    return encoded(np.take(colors.view(np.uint32)[:, 0], shades))


def jpeg(
    image: Image,
    *,
    scale: float | None = None,
    min_value: float | None = None,
    max_value: float | None = None,
    colormap: str | None = None,
    longest_side: int = LONGEST_SIDE,
    quality: int = QUALITY,
) -> bytes:
    """Return an image as JPEG in the colours of :func:`png`.

    Of larger images only every second, third … pixel is shown.

    :param image: (height, width)
    :param longest_side: pixels
    :param quality: 1 to 95
    :raises ImagingError: as :func:`png`
    """
    from PIL import Image as Pictures

    colors = _colors(colormap or COLORMAP)
    image = _reduced(image, _scale(scale))
    step = math.ceil(max(image.shape) / longest_side)
    shades = _shades(image[::step, ::step], min_value, max_value, len(colors))
    grey = bool((colors[:, :1] == colors[:, 1:3]).all())
    pixels = colors[:, 0][shades] if grey else colors[:, :3][shades]
    file = io.BytesIO()
    Pictures.fromarray(pixels).save(file, "JPEG", quality=quality)
    return file.getvalue()


def mono8(image: Image, min_value: float | None = None, max_value: float | None = None) -> Numbers:
    """Return an image in eight bits: ``min_value`` and below become 0, ``max_value`` and above 255.

    Without them the limits are those of the image's type, of fractions 0 and 1, so that the brightness of a
    recording does not jump. Eight bits without limits are returned as they are, not copied.

    :param image: (height, width)
    :raises ImagingError: where the range is empty
    """
    if image.dtype == np.uint8 and min_value is None and max_value is None:
        return image
    brightest = np.iinfo(image.dtype).max if image.dtype.kind in "iu" else 1.0
    low = 0.0 if min_value is None else _finite("min_value", min_value)
    high = float(brightest) if max_value is None else _finite("max_value", max_value)
    if high <= low:
        raise ImagingError(f"max_value: found {high:g}, expected more than min_value, which is {low:g}.")
    return _looked_up(image, lambda values: (values - low) * 255 / (high - low) + 0.5, 256)


def _shades(image: Image, low: float | None, high: float | None, count: int) -> Numbers:
    """Return the number of each pixel's colour."""
    low = 0.0 if low is None else _finite("min_value", low)
    high = math.inf if high is None else _finite("max_value", high)
    brightest = min(_brightest(image) - low, high)
    if brightest <= 0:
        return np.zeros(image.shape, np.uint8)
    # The last colour is that of the maximum alone, as in matplotlib.
    return _looked_up(image, lambda values: (values - low) * (count / brightest), count)


def _brightest(image: Image) -> float:
    if image.dtype.kind in "iu":
        return float(image.max())
    return float(np.max(image, initial=-math.inf, where=np.isfinite(image)))


def _looked_up(image: Image, formula: Any, count: int) -> Numbers:
    """Return a formula's whole numbers, from 0 to ``count`` - 1, for each pixel.

    For 8 and 16 bits it is computed once for each possible value.
    """
    image = np.asarray(image, image.dtype.newbyteorder("="))
    if image.dtype.kind in "iu" and image.dtype.itemsize <= 2:
        unsigned = np.dtype(f"u{image.dtype.itemsize}")
        values = np.arange(2 ** (8 * image.dtype.itemsize), dtype=unsigned).view(image.dtype)
        table = np.clip(formula(values.astype(np.float64)), 0, count - 1).astype(np.uint8)
        found: Numbers = np.take(table, image.view(unsigned))
        return found
    # Numbers beyond all measure are black or white, which is nothing to warn of.
    with np.errstate(all="ignore"):
        numbers = formula(image.astype(np.float64))
    numbers = np.nan_to_num(numbers, copy=False, nan=0.0, posinf=count - 1, neginf=0.0)
    shades: Numbers = np.clip(numbers, 0, count - 1, out=numbers).astype(np.uint8)
    return shades


def _reduced(image: Image, scale: float | None) -> Image:
    """Return the means of blocks; rests at the edges are left out."""
    if image.ndim != 2 or not image.size:
        raise ImagingError("The camera sent no image of rows and columns.")
    by = 1 if scale is None else max(round(min(1 / scale, max(image.shape))), 1)
    rows, columns = min(by, image.shape[0]), min(by, image.shape[1])
    if rows == columns == 1:
        return image
    means: Image = block_sums(image, columns, rows) / (rows * columns)
    return means


@lru_cache(maxsize=16)
def _colors(name: str) -> Numbers:
    """Return the colours of a colormap, (at most 256, 4), in the order red, green, blue, opacity."""
    from cmap import Colormap

    try:
        colors = Colormap(_MEANT.get(name, name)).lut(256)
    except (ValueError, TypeError, KeyError) as error:
        text = f"Unable to apply colormap '{name[:100]}'. See {_PAGE} for available colormaps."
        raise ImagingError(text) from error
    table: Numbers = np.rint(np.asarray(colors)[:256] * 255).astype(np.uint8)
    table[:, 3] = 255
    table.setflags(write=False)
    return table


def _number(name: str, text: str | None) -> float | None:
    if text is None or text.strip().lower() in _NOTHING:
        return None
    try:
        return _finite(name, float(text))
    except ValueError as error:
        raise ImagingError(f"{name}: found {shown(text)}, expected a number.") from error


def _finite(name: str, value: float) -> float:
    if not math.isfinite(value):
        raise ImagingError(f"{name}: found {value}, expected a number.")
    return value


def _scale(scale: float | None) -> float | None:
    if scale is not None and not 0 < scale < math.inf:
        raise ImagingError(f"scale: found {scale:g}, expected a number above 0.")
    return scale
