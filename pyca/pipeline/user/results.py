"""What a function of users returned, as values that can be sent."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pyca.bsread.message import Value
from pyca.bsread.values import formed
from pyca.core.errors import ImagingError, WireError
from pyca.folders.names import fault_in, shown


def values_of(returned: object, function: str) -> dict[str, Value] | None:
    """Return the values by the names of their channels; None where the message is to be left out.

    Lists become arrays. Arrays are not copied.

    :param returned: by a function of users
    :param function: which, and of which script, for errors
    :raises ImagingError: where it is nothing that can be sent
    """
    if returned is None:
        return None
    if not isinstance(returned, Mapping):
        raise ImagingError(
            f"{function} returns {shown(returned)}; expected is a mapping from names of channels to values."
        )
    return {_name(name, function): _value(name, value, function) for name, value in returned.items()}


def _name(name: object, function: str) -> str:
    if not isinstance(name, str):
        raise ImagingError(f"{function} returns a channel whose name {shown(name)} is no text.")
    if not name or fault_in(name):
        raise ImagingError(f"{function} returns a channel whose name {shown(name)} cannot be sent.")
    return name


def _value(name: Any, value: Any, function: str) -> Value:
    if value is None:
        return None
    try:
        if isinstance(value, list | tuple):
            value = _array(name, value)
        # Of an array the type alone is looked at: all of it may have to be copied, which is done once.
        formed(name, value[:0] if isinstance(value, np.ndarray) and value.ndim else value)
    except WireError as error:
        raise ImagingError(f"{function}: {error.message}.") from error
    found: Value = value
    return found


def _array(name: str, value: list[Any] | tuple[Any, ...]) -> Any:
    try:
        return np.asarray(value)
    except (ValueError, OverflowError, TypeError, RecursionError) as error:
        raise WireError(f"The list of channel {name!r} is not even: it cannot be sent as an array") from error
