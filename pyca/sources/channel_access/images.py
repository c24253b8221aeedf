"""From the elements of a PV to images and numbers."""

from typing import Any

import numpy as np

from pyca.core.errors import SourceError
from pyca.images.image import Image, Size
from pyca.sources.channel_access.client import Update

_UNSIGNED = {"i1": "u1", "i2": "u2"}
_LARGEST = 65_535


def image(pv: str, update: Update, size: Size, dtype: str | None = None) -> Image:
    """Return what a PV holds as an image: (height, width), in this machine's byte order.

    Channel Access has no unsigned short integers: uint16 images come as int16 ones, and are taken as uint16.
    Nothing is copied but where the byte order or the type has to be another.

    :param dtype: what the numbers mean, None for what follows from their type
    :raises SourceError: where these are no numbers, or too few or too many
    """
    if update.problem:
        raise SourceError(
            f"{pv} cannot be read: {update.problem}",
            "where images are large: is EPICS_CA_MAX_ARRAY_BYTES large enough, here and at the IOC?",
        )
    values = update.values
    if isinstance(values, list):
        raise SourceError(f"{pv} holds texts, numbers of an image are expected")
    width, height = size
    if len(values) != width * height:
        raise SourceError(
            f"{pv} has {len(values)} elements, {width} × {height} = {width * height} are expected"
        )
    picture: Image = _meant(values, dtype).reshape(height, width)
    return picture


def whole(pv: str, update: Update) -> int:
    """Return the whole number that a PV says.

    :raises SourceError: where it says none
    """
    values = update.values
    if not isinstance(values, list) and len(values) and float(values[0]).is_integer():
        return int(values[0])
    found = update.problem or (f"“{values[0]}”" if len(values) else "nothing")
    raise SourceError(f"{pv} says {found}, a whole number is expected")


def pixels(pv: str, update: Update) -> int:
    """Return the width or height that a PV says.

    :raises SourceError: where it says none
    """
    number = whole(pv, update)
    if not 0 < number <= _LARGEST:
        raise SourceError(f"{pv} says {number}, a number of pixels from 1 to {_LARGEST} is expected")
    return number


def words(update: Update | None) -> str:
    """Return the text that a PV says, empty where it says none."""
    if update is None or not len(update.values):
        return ""
    return str(update.values[0]).strip()


def _meant(values: Any, dtype: str | None) -> Any:
    found = values.dtype
    wanted = np.dtype(dtype or _UNSIGNED.get(found.str[1:], found.str[1:]))
    if found.kind in "iu" and wanted.kind in "iu" and found.itemsize == wanted.itemsize:
        values = values.view(wanted.newbyteorder(found.byteorder))
    return values.astype(wanted, copy=False)
