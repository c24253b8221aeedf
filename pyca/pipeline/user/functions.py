"""A function of users as the instances call it."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from pyca.bsread.message import Value
from pyca.core.errors import ImagingError
from pyca.pipeline.user.faults import Places, raised
from pyca.pipeline.user.limits import Guard, TooLongError
from pyca.pipeline.user.results import values_of

ARGUMENTS = {
    "process_image": ("image", "pulse_id", "timestamp", "x_axis", "y_axis", "parameters", "bsdata"),
    "process": ("stream_data", "pulse_id", "timestamp", "parameters"),
    "run": ("messages", "parameters"),
}
"""of each entry; what functions of older scripts do not take at the end is left out for them"""
FEWEST = {"process_image": 6, "process": 4, "run": 2}


class Function:
    """Calls a function of users: whatever it does, nothing but an ImagingError comes from it.

    :param script: file name
    :param entry: name of the function
    :param guard: ends what takes too long
    :raises ImagingError: where it takes other arguments
    """

    def __init__(
        self, script: str, entry: str, function: Callable[..., Any], places: Places, guard: Guard
    ) -> None:
        self.script = script
        self.entry = entry
        self._function = function
        self._places = places
        self._guard = guard
        self._number = accepted(script, entry, function)

    @property
    def name(self) -> str:
        """Where it is, for messages."""
        code = getattr(self._function, "__code__", None)
        line = f", line {code.co_firstlineno}" if code is not None else ""
        return f"Script {self.script}{line}: {self.entry}"

    def __call__(self, *arguments: Any) -> dict[str, Value] | None:
        """Return the values for one message, in order; None where it is to be left out.

        :param arguments: in the order of :data:`ARGUMENTS`
        :raises ImagingError: where the function fails, takes too long, or returns what cannot be sent
        """
        found: dict[str, Value] | None = self.guarded(self._values, arguments[: self._number])
        return found

    def guarded(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call something that is the users', or calls what is.

        :raises ImagingError: where it fails or takes too long
        """
        return guarded(self.script, self._places, self._guard, function, *arguments)

    def wait(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call, from within what the users' code called, what is not the users' and may take long."""
        return self._guard.wait(function, *arguments)

    def begin(self, *arguments: Any) -> Iterator[Any]:
        """Begin a function that yields, and return its iterator.

        :raises ImagingError: where it fails or does not yield
        """
        return begun(self, self.guarded(self._function, *arguments))

    def _values(self, arguments: tuple[Any, ...]) -> dict[str, Value] | None:
        # A mapping may be the users' own, too: it is read while they are being looked after.
        return values_of(self._function(*arguments), self.name)


def begun(function: Function, returned: object) -> Iterator[Any]:
    """Return what a function that yields has returned.

    :raises ImagingError: where nothing can be taken from it
    """
    if not isinstance(returned, Iterator):
        raise ImagingError(
            f"{function.name} yields nothing: it returns a {type(returned).__name__}.",
            "Have it yield the values of each message.",
        )
    return returned


def accepted(script: str, entry: str, function: Callable[..., Any]) -> int:
    """Return how many of the arguments of an entry a function takes.

    :raises ImagingError: where it takes others
    """
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # of a compiled function nobody knows
        return len(ARGUMENTS[entry])
    for number in range(len(ARGUMENTS[entry]), FEWEST[entry] - 1, -1):
        try:
            signature.bind(*range(number))
        except TypeError:
            continue
        return number
    raise ImagingError(
        f"Script {script}: {entry} takes {signature}; expected is ({', '.join(ARGUMENTS[entry])})."
    )


def guarded(script: str, places: Places, guard: Guard, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the code of users.

    :raises ImagingError: where it fails or takes too long
    """
    try:
        return guard.call(function, *arguments)
    except TooLongError as error:
        where = places.of_traceback(error.__traceback__) or script
        raise ImagingError(
            f"Script {where}: it takes longer than it may for a frame.", "See [pipeline] script_seconds."
        ) from error
    except BaseException as error:
        # What we have found to be wrong with a result is said already.
        if isinstance(error, ImagingError) and not places.of_traceback(error.__traceback__):
            raise
        raise _told(script, places, guard, error) from error


def _told(script: str, places: Places, guard: Guard, error: BaseException) -> ImagingError:
    """Return the error for an exception, whose own words are code of users as well."""
    try:
        return guard.call(raised, script, places, error)
    except BaseException:  # they may raise, exit or hang like everything else of theirs
        where = places.of_traceback(error.__traceback__) or script
        return ImagingError(f"Script {where}: it raises an exception that cannot tell what it is.")
