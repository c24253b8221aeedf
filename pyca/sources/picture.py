"""Finds the image among the channels of a message, and says what is wrong where there is none."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pyca.core.errors import SourceError
from pyca.images.image import KINDS, Image
from pyca.sources.names import listed

_USUAL_CHANNEL = "image"
"""the channel that a camera server sends its image in"""
_CAMERA = ":FPICTURE"
"""end of the name of the channel that a camera itself sends its image in"""
_COMPUTED = frozenset({"x_axis", "y_axis", "width", "height", "timestamp"})
"""what a camera server adds to an image: ours computes its own"""


def channel_of(values: Mapping[str, Any], wanted: str | None) -> str:
    """Return the name of the channel with the image.

    :param wanted: by its name; None: ``image``, or what a camera calls its image, or the only one with two
        dimensions
    :raises SourceError: where there is none, or several that may be meant, naming those that are there
    """
    if wanted or _USUAL_CHANNEL in values:
        name = wanted or _USUAL_CHANNEL
        if name in values:
            return name
        raise SourceError(f"There is no channel {name}. There are: {listed(values)}.")
    cameras = [name for name in values if name.endswith(_CAMERA)]
    images = [name for name, value in values.items() if isinstance(value, np.ndarray) and value.ndim == 2]
    for found in (cameras, images):
        if len(found) == 1:
            return found[0]
    if cameras or images:
        raise SourceError(
            f"Several channels may be the image: {listed(cameras or images)}.", "set channel to one of them"
        )
    raise SourceError(f"No channel holds an image. There are: {listed(values)}.")


def image_in(values: Mapping[str, Any], name: str) -> Image | None:
    """Return the image of a channel, None where the channel has no value this time.

    :raises SourceError: where it holds something else
    """
    value = values[name]
    if value is None:
        return None
    if not isinstance(value, np.ndarray) or value.ndim != 2:
        raise SourceError(f"Channel {name} holds {_kind_of(value)}; expected is an image, width × height.")
    if not value.size:
        raise SourceError(f"Channel {name} holds {_kind_of(value)}; expected is an image with pixels.")
    if value.dtype not in KINDS:
        known = ", ".join(kind.name for kind in KINDS)
        raise SourceError(f"Channel {name} holds values of type {value.dtype}; expected is one of {known}.")
    return value


def others(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the channels that are passed on beside the image."""
    return {key: value for key, value in values.items() if key != name and key not in _COMPUTED}


def _kind_of(value: object) -> str:
    if isinstance(value, np.ndarray):
        shape = " × ".join(map(str, value.shape[::-1]))
        return f"an array of {shape} values" + (" (in colour?)" if value.ndim == 3 else "")
    return "a text" if isinstance(value, str) else "a single value"
