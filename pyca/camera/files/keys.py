"""The keys that every camera's configuration may have, what each must be, and those that are not for us."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.sources.checks import (
    any_integer,
    as_compression,
    as_roi,
    as_words,
    background,
    compression,
    finite,
    or_none,
    roi,
    words,
)
from pyca.sources.options import Check, boolean, choice, integer

Calibrated = tuple[float, float, float, float]


@dataclass(frozen=True)
class Calibration:
    """How pixels become units of length: markers on the picture, and the distance between them.

    :param reference_marker: [upper left x, upper left y, lower right x, lower right y] in pixels
    :param reference_marker_width: units between the markers, horizontally
    :param angle_horizontal: degrees by which the screen is turned away from the camera
    """

    reference_marker: Calibrated = (0, 0, 100, 100)
    reference_marker_width: float = 100.0
    reference_marker_height: float = 100.0
    angle_horizontal: float = 0.0
    angle_vertical: float = 0.0


def marker(value: Any) -> str:
    """Check the four numbers of the reference markers."""
    fits = isinstance(value, list | tuple) and len(value) == 4 and not any(map(finite, value))
    return "" if fits else "four numbers: [upper left x, upper left y, lower right x, lower right y]"


@dataclass(frozen=True)
class Key:
    """One key of all cameras.

    :param convert: makes of a value that fits what the configuration holds
    """

    check: Check
    convert: Callable[[Any], Any] = lambda value: value


KEYS: Mapping[str, Key] = {
    "mirror_x": Key(boolean),
    "mirror_y": Key(boolean),
    "rotate": Key(any_integer),
    "roi": Key(roi, as_roi),
    "image_background": Key(background, or_none),
    "protocol": Key(choice("tcp", "ipc")),
    "alias": Key(words, as_words),
    "group": Key(words, as_words),
    "no_client_timeout": Key(finite),
    "queue_size": Key(integer(1, 100_000)),
    "frame_rate": Key(
        lambda value: "" if not finite(value) and value >= 0 else "a number of at least 0", or_none
    ),
    "simulate_pulse_id": Key(boolean),
    "forwarder_port": Key(integer(0, 65535), or_none),
    "image_compression": Key(compression, as_compression),
    "scalar_compression": Key(compression, as_compression),
    "data_header_compression": Key(compression, as_compression),
    "binning_x": Key(integer(1, 65535)),
    "binning_y": Key(integer(1, 65535)),
    "binning_mean": Key(boolean),
    "port": Key(integer(0, 65535), or_none),
}
"""without those that need more than a look at their value: name, source, source_type, camera_calibration"""

CALIBRATION_KEYS: Mapping[str, Check] = {
    "reference_marker": marker,
    "reference_marker_width": finite,
    "reference_marker_height": finite,
    "angle_horizontal": finite,
    "angle_vertical": finite,
}

WITHOUT_EFFECT: Mapping[str, str] = {
    "forwarder_port": "raw images are not forwarded to a port of their own; have a client take the stream",
}
"""keys of all cameras that are kept, and what to do instead"""

FOREIGN: Mapping[str, str] = {
    "script": "cameras that are scripts are not run here",
    "threaded": "here every camera is a process of its own",
    "connections": "only cameras of the types bsread and stream have several connections",
    "buffer_size": "only cameras of the types bsread and stream have a buffer",
    "block": "a stream never waits for its clients; frames that they cannot take are counted",
    "mode": "a camera's stream is PUB",
    "abort_on_error": "a camera goes on after an error, which is reported",
    "allow_type_changes": "a change of the image's type is always allowed and counted as header change",
    "allow_shape_changes": "a change of the image's size is always allowed and counted as header change",
    "allow_nan": "values are passed on as they are",
}
"""keys that other servers know: kept in the file, without effect here"""
