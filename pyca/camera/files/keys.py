"""The keys that every camera's configuration may have, what each must be, and those that are not for us."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.folders.names import fault_in, fault_of, shown
from pyca.sources.options import Check, boolean, choice, integer

FURTHEST = 1e9
"""pixels or units: nothing in a picture is further away"""
COMPRESSIONS = ("bitshuffle_lz4", "lz4", "none")

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


def finite(value: Any) -> str:
    """Check a number that is neither endless nor beyond all measure."""
    real = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if real and abs(value) <= FURTHEST else "a number"


def any_integer(value: Any) -> str:
    """Check a whole number of either sign."""
    return integer(-1_000_000, 1_000_000)(value) and "a whole number"


def source(value: Any) -> str:
    """Check where a camera is found; a number is as good as a text."""
    return "" if isinstance(value, str) and value.strip() and not fault_in(value) else "a text"


def roi(value: Any) -> str:
    """Check ``[offset_x, size_x, offset_y, size_y]`` in pixels; an empty list is none."""
    if value is None or value == []:
        return ""
    expected = "[offset_x, size_x, offset_y, size_y] in whole pixels with sizes of at least 1, or null"
    if not isinstance(value, list | tuple) or len(value) != 4:
        return expected
    wrong = any(any_integer(whole(part)) for part in value)
    return expected if wrong or value[1] < 1 or value[3] < 1 else ""


def background(value: Any) -> str:
    """Check the id of a background."""
    return "" if value in (None, "") or not fault_of(value) else "the id of a background, or null"


def words(value: Any) -> str:
    """Check a list of names; one name alone is a list of one."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return "a list of names"
    for part in parts:
        if fault := fault_of(part):
            return f"a list of names ({shown(part)} {fault})"
    return "" if len(set(parts)) == len(parts) else "a list of names, each of them once"


def marker(value: Any) -> str:
    """Check the four numbers of the reference markers."""
    fits = isinstance(value, list | tuple) and len(value) == 4 and not any(map(finite, value))
    return "" if fits else "four numbers: [upper left x, upper left y, lower right x, lower right y]"


def compression(value: Any) -> str:
    """Check how values are compressed on the wire."""
    return (
        "" if value is None else choice(*COMPRESSIONS)(value) and "one of bitshuffle_lz4, lz4, none or null"
    )


def whole(value: Any) -> Any:
    """Return a number such as 100.0 as 100, and everything else as it is."""
    return int(value) if isinstance(value, float) and math.isfinite(value) and value.is_integer() else value


def _roi(value: Any) -> Any:
    return tuple(int(part) for part in value) if value else None


def _words(value: Any) -> Any:
    return (value,) if isinstance(value, str) else tuple(value)


def _or_none(value: Any) -> Any:
    return value or None


def _compression(value: Any) -> Any:
    return None if value == "none" else value


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
    "roi": Key(roi, _roi),
    "image_background": Key(background, _or_none),
    "protocol": Key(choice("tcp", "ipc")),
    "alias": Key(words, _words),
    "group": Key(words, _words),
    "no_client_timeout": Key(finite),
    "queue_size": Key(integer(1, 100_000)),
    "frame_rate": Key(
        lambda value: "" if not finite(value) and value >= 0 else "a number of at least 0", _or_none
    ),
    "simulate_pulse_id": Key(boolean),
    "forwarder_port": Key(integer(0, 65535), _or_none),
    "image_compression": Key(compression, _compression),
    "scalar_compression": Key(compression, _compression),
    "data_header_compression": Key(compression, _compression),
    "binning_x": Key(integer(1, 65535)),
    "binning_y": Key(integer(1, 65535)),
    "binning_mean": Key(boolean),
    "port": Key(integer(0, 65535), _or_none),
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
