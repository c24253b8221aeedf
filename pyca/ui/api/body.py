"""Bodies: strict JSON, so that nothing reaches the rest of pyCA that it could not store."""

import json
import math
from collections.abc import Iterable
from typing import Any

from flask import request
from werkzeug.exceptions import BadRequest

from pyca.ui.api.errors import ApiError, invalid

_DEEPEST = 32
"""levels of nesting; our documents need six"""


def read_body() -> Any:
    """Return what the body of the present request holds.

    :raises ApiError: where it is no JSON that could be stored: 400
    :raises RequestEntityTooLarge: where it is too large
    """
    try:
        found = parse(request.get_data(cache=True))
        check(found)
    except ValueError as error:
        raise ApiError(invalid(f"The body is no usable JSON: {error}")) from error
    except RecursionError as error:
        raise ApiError(invalid("The body is nested too deeply.")) from error
    return found


def read_json() -> Any:
    """Return what the body of the present request holds, for interfaces with plain refusals.

    :raises BadRequest: where it is no JSON that could be stored
    :raises RequestEntityTooLarge: where it is too large
    """
    try:
        found = parse(request.get_data())
        check(found)
    except json.JSONDecodeError as error:
        raise BadRequest(f"The body is no JSON: {error}.") from error
    except ValueError as error:
        raise BadRequest(f"The body cannot be used: {error}.") from error
    except RecursionError as error:
        raise BadRequest("The body is nested too deeply.") from error
    return found


def parse(text: bytes) -> Any:
    """Return what strict JSON holds: UTF-8, no name twice, no NaN or Infinity.

    :raises ValueError: saying what is wrong
    :raises RecursionError: where it is nested without end
    """
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is no UTF-8 at byte {error.start}") from error
    return json.loads(
        decoded, object_pairs_hook=_object, parse_constant=_constant, parse_float=_float, parse_int=_int
    )


def check(found: Any) -> None:
    """Refuse texts that no database stores, and what is nested more deeply than any document.

    :raises ValueError: saying what is wrong
    """
    level: list[Any] = [found]
    for _ in range(_DEEPEST):
        for text in (one for one in level if isinstance(one, str)):
            _check_text(text)
        level = [part for one in level for part in _parts(one)]
        if not level:
            return
    raise ValueError("it is nested too deeply")


def _parts(one: Any) -> Iterable[Any]:
    if isinstance(one, dict):
        return (*one.keys(), *one.values())
    return one if isinstance(one, list) else ()


def _check_text(text: str) -> None:
    if "\0" in text:
        raise ValueError("a text holds the character NUL")
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("a text holds half a character (a lone surrogate)")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"“{twice[:100]}” is given twice in one object")
    return made


def _constant(word: str) -> Any:
    raise ValueError(f"{word} is no number of JSON")


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:40]} is too large")
    return number


def _int(digits: str) -> int:
    if len(digits) > 18:
        raise ValueError(f"{digits[:40]} is too large")
    return int(digits)
