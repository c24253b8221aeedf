"""The keys that a pipeline's configuration may have, what each must be, and those that are not for us."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.folders.names import fault_in, fault_of, shown
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
from pyca.sources.options import Check, boolean, choice, integer, number
from pyca.sources.reach import is_connectable

TYPES = ("processing", "store", "stream", "custom", "script", "fanout", "fanin")
LARGEST_PULSE = 2**63 - 1
MOST_BUFFERED = {"bsread_image_buf": 5000, "bsread_data_buf": 10_000}
"""messages; more are not kept, whatever is wanted"""
_LISTENING = re.compile(r"tcp://\*:(\d{1,5})")


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Key:
    """One key of a pipeline.

    :param check: returns what is expected instead of a value, empty where the value fits
    :param default: where the key is not there or null; some depend on the type or the mode, see
        :mod:`pyca.pipeline.files.defaults`
    :param convert: makes of a value that fits what the configuration holds
    :param live: whether a running instance takes another value
    :param types: of the pipelines in which it has an effect, empty for all
    """

    name: str
    check: Check
    default: Any = None
    convert: Callable[[Any], Any] = _same
    live: bool = True
    types: tuple[str, ...] = ()


def word(*known: str) -> Check:
    """Return a check for one of some words, in capitals or not."""
    expected = "one of " + ", ".join(known)
    return lambda value: "" if isinstance(value, str) and value.upper() in known else expected


def name_of_file(value: Any) -> str:
    """Check a file below the folder of the files: a stranger must not write anywhere else."""
    if not isinstance(value, str) or not value.strip():
        return "a path below the folder of files"
    if value.startswith("/"):
        return "a path without a slash at its beginning, below the folder of files"
    for part in value.split("/"):
        if fault := fault_of(part):
            return f"a path below the folder of files ({shown(part)} {fault})"
    return ""


def function(value: Any) -> str:
    """Check the name of a function; that there is one is looked at where it is loaded."""
    if value in (None, ""):
        return ""
    if fault_of(value):
        return "the name of a script, transparent or null"
    if value.endswith((".c", ".so", ".h")):
        return "a script of Python; functions in C are not run here"
    return ""


def channels(value: Any) -> str:
    """Check a list of names of channels; one name alone is a list of one."""
    parts = [value] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        return "a list of names of channels"
    wrong = [part for part in parts if not isinstance(part, str) or not part.strip() or fault_in(part)]
    return f"a list of names of channels ({shown(wrong[0])} is none)" if wrong else ""


def address(value: Any) -> str:
    """Check the address of a stream."""
    if value in (None, ""):
        return ""
    expected = "an address such as tcp://host:port or ipc:///path, or null"
    if not isinstance(value, str) or fault_in(value) or re.search(r"\s", value):
        return expected
    if value.startswith("ipc://"):
        return "" if len(value) > len("ipc://") else expected
    if match := _LISTENING.fullmatch(value):
        return "" if 0 < int(match[1]) < 65536 else expected
    return "" if value.startswith("tcp://") and is_connectable(value) else expected


def pulse_range(value: Any) -> str:
    """Check ``[start, stop]``; nothing passes while start is 0, a stop of 0 never comes."""
    if value in (None, []):
        return ""
    expected = "[start_pid, stop_pid] in whole numbers, not backwards, or null"
    if not isinstance(value, list | tuple) or len(value) != 2:
        return expected
    if any(integer(0, LARGEST_PULSE)(part) for part in value):
        return expected
    return expected if 0 < value[1] < value[0] else ""


def background_use(value: Any) -> str:
    """Check what is done with a background."""
    fits = isinstance(value, bool) or (isinstance(value, str) and value in ("signed", "passive"))
    return "" if fits else "true, false, signed or passive"


def name_or_none(value: Any) -> str:
    """Check the name of a camera or pipeline."""
    return "" if value in (None, "") or not fault_of(value) else "a name, or null"


def fraction(value: Any) -> str:
    """Check a part of the whole, neither nothing nor all."""
    fits = not number(0, 1)(value) and 0 < value < 1
    return "" if fits else "a number between 0 and 1, or null"


def some_images(value: Any) -> str:
    """Check how many images are averaged."""
    return (
        ""
        if not any_integer(value) and abs(value) <= _MOST_AVERAGED
        else (f"a whole number from -{_MOST_AVERAGED} to {_MOST_AVERAGED}, or null")
    )


_MOST_AVERAGED = 1000
IMAGES = ("processing",)
MERGING = ("processing", "stream", "custom", "script")
FUNCTIONS = ("processing", "stream", "custom", "script")
"""types in which a function may read keys of its own"""


def _numbers(value: Any) -> Any:
    return tuple(int(part) for part in value) if value else None


def _listed(value: Any) -> Any:
    return as_words(value) or None


_KEYS = (
    Key("pipeline_type", choice(*TYPES), "processing", live=False),
    Key("camera_name", name_or_none, None, or_none, live=False),
    Key("group", words, (), as_words),
    Key("function", function, None, or_none, types=FUNCTIONS),
    Key("reload", boolean, False, types=FUNCTIONS),
    Key("include", channels, None, _listed),
    Key("exclude", channels, None, _listed),
    Key("mode", word("PUB", "PUSH", "FILE"), "PUB", str.upper, live=False),
    Key("protocol", choice("tcp", "ipc"), "tcp", live=False),
    Key("port", integer(0, 65535), None, or_none, live=False),
    Key("queue_size", integer(1, 100_000), 10, live=False),
    Key("block", boolean, False, live=False),
    Key("no_client_timeout", finite, 10.0, float),
    Key("buffer_size", integer(0, 100_000), None, or_none, live=False),
    Key("create_header", choice("on_change", "once", "always"), "on_change"),
    Key("data_compression", compression, None, as_compression, live=False),
    Key("data_header_compression", compression, None, as_compression, live=False),
    Key("file", name_of_file, None, live=False),
    Key("layout", word("DEFAULT", "FLAT", "BSH5"), "DEFAULT", str.upper, live=False),
    Key("localtime", boolean, True, live=False),
    Key("change", boolean, False, live=False),
    Key("camera_timeout", finite, 10.0, float),
    Key("stream_timeout", finite, 10.0, float),
    Key("abort_on_timeout", boolean, False),
    Key("abort_on_error", boolean, True),
    Key("read_only", boolean, False, live=False),
    Key("pid_range", pulse_range, None, _numbers),
    Key("records", integer(0, LARGEST_PULSE), None, or_none),
    Key("paused", boolean, False),
    Key("input_pipeline", name_or_none, None, or_none, live=False),
    Key("input_stream", address, None, or_none, live=False),
    Key("input_mode", word("SUB", "PULL"), "SUB", str.upper, live=False),
    Key("output_pipeline", name_or_none, None, or_none, live=False),
    Key("output_stream", address, None, or_none, live=False),
    Key("downsampling", integer(0, 1_000_000), None, or_none),
    Key("max_frame_rate", number(0, 1_000_000), None, or_none),
    Key("processing_threads", integer(0, 64), None, or_none, live=False),
    Key("enforce_pid", boolean, False),
    Key("enforce_timestamp", boolean, False),
    Key("pid_buffer", integer(0, 100_000), 0, live=False, types=("fanin",)),
    Key("bsread_address", address, None, or_none, live=False, types=MERGING),
    Key("bsread_channels", channels, None, _listed, live=False, types=MERGING),
    Key("bsread_mode", word("SUB", "PULL"), None, str.upper, live=False, types=MERGING),
    Key("bsread_image_buf", integer(1, 1_000_000), 1000, live=False, types=MERGING),
    Key("bsread_data_buf", integer(1, 1_000_000), 1000, live=False, types=MERGING),
    Key("averaging", some_images, None, or_none, types=IMAGES),
    Key("binning_x", integer(1, 65535), 1, types=IMAGES),
    Key("binning_y", integer(1, 65535), 1, types=IMAGES),
    Key("binning_mean", boolean, False, types=IMAGES),
    Key("image_background", background, None, or_none, types=IMAGES),
    Key("image_background_enable", background_use, False, types=IMAGES),
    Key("mirror_x", boolean, False, types=IMAGES),
    Key("mirror_y", boolean, False, types=IMAGES),
    Key("image_region_of_interest", roi, None, as_roi, types=IMAGES),
    Key("image_threshold", finite, None, types=IMAGES),
    Key("image_averaging", some_images, None, or_none, types=IMAGES),
    Key("image_scale", finite, None, types=IMAGES),
    Key("image_offset", finite, None, types=IMAGES),
    Key("fw_threshold", fraction, None, types=IMAGES),
    Key("copy", boolean, False, types=IMAGES),
)
KEYS: Mapping[str, Key] = {key.name: key for key in _KEYS}
"""in the order of a complete configuration, which ends with those of :mod:`pyca.pipeline.files.parts`"""

ALSO: Mapping[str, str] = {"pause": "paused", "background_id": "image_background"}
"""other words for keys; the second one switches the background on as well"""

FOREIGN: Mapping[str, str] = {
    "check_timestamp": "times are passed on as they are; enforce_timestamp leaves out those that go back",
    "allow_type_changes": "a change of a value's type is always allowed; create_header says what follows",
    "allow_shape_changes": "a change of a value's size is always allowed; create_header says what follows",
    "image_compression": "data_compression is for all values",
    "scalar_compression": "data_compression is for all values",
    "processes": "an instance is one process; use processing_threads or fan-out",
    "multiprocessed": "an instance is one process; use processing_threads or fan-out",
}
"""keys that other servers know: kept, without effect here"""

REFUSED: Mapping[str, str] = {
    "input_stream2": "two streams of images cannot be merged here; merge scalars with bsread_address",
    "bsread_address2": "only one stream of values can be merged; name one that has all channels",
}
"""keys that other servers know and without which the outcome would be another"""
