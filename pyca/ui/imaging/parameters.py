"""What stands behind the question mark of an address."""

import math

from flask import request
from werkzeug.exceptions import BadRequest

_NOTHING = ("", "none", "null")
_NO = ("0", "false", "no", "off", *_NOTHING)


def text(name: str) -> str | None:
    """Return a parameter as it is written, None where it is not given."""
    found = request.args.get(name, "").strip()
    return None if found.lower() in _NOTHING else found


def number(name: str, *, least: float = -math.inf, most: float = math.inf) -> float | None:
    """Return a number, None where it is not given.

    :raises BadRequest: where it is none, or not within the limits
    """
    written = text(name)
    if written is None:
        return None
    try:
        found = float(written)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise BadRequest(f"{name} must be a number.")
    if not least <= found <= most:
        raise BadRequest(f"{name} must be from {least:g} to {most:g}.")
    return found


def positive(name: str, most: float) -> float | None:
    """Return a number above 0, None where it is not given.

    :raises BadRequest: where it is none, or not within the limits
    """
    found = number(name, least=0.0, most=most)
    if found == 0:
        raise BadRequest(f"{name} must be above 0.")
    return found


def flag(name: str) -> bool:
    """Tell whether something is wanted: its name alone is enough."""
    given = request.args.get(name)
    if given is None:
        return False
    return given.strip() == "" or given.strip().lower() not in _NO
