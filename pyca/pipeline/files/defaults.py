"""Defaults that depend on other keys."""

from collections.abc import Mapping
from typing import Any

from pyca.pipeline.files.keys import KEYS

_PUSHING = ("fanout", "store")
"""types whose messages are work for somebody: none may be left out, and each goes to one receiver"""
_OUTPUTS = ("output_pipeline", "output_stream")

FOLLOWING = ("mode", "block", "input_mode", "bsread_mode", "data_compression")
"""keys whose default follows from others"""


def default_of(name: str, found: Mapping[str, Any]) -> Any:
    """Return the default of a key.

    :param found: the values of keys that were given, as a configuration holds them
    """
    kind, mode = found.get("pipeline_type"), mode_of(found)
    if name == "mode":
        return mode
    if name == "block":
        return mode == "PUSH"
    if name == "input_mode":
        return "PULL" if kind == "fanin" else "SUB"
    if name == "bsread_mode":
        # What a dispatcher makes is for everybody who asks.
        return "PULL" if found.get("bsread_address") else "SUB" if found.get("bsread_channels") else None
    if name == "data_compression":
        return "bitshuffle_lz4" if mode == "FILE" else None
    return KEYS[name].default


def mode_of(found: Mapping[str, Any]) -> str:
    """Return how messages leave: PUB, PUSH or FILE."""
    # Who connects to another pipeline pushes: it takes nothing else.
    pushes = found.get("pipeline_type") in _PUSHING or any(found.get(name) for name in _OUTPUTS)
    usual = "PUSH" if pushes else "PUB"
    return str(found.get("mode") or usual)
