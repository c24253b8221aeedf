"""A script that drives itself: a generator that takes messages and yields what is to be sent."""

import math
import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pyca.bsread.message import Value
from pyca.core.errors import ImagingError
from pyca.folders.names import shown
from pyca.pipeline.user.functions import Function
from pyca.pipeline.user.results import values_of

_SECOND = 1_000_000_000
_LATEST = 9e9
"""seconds since 1970: nanoseconds of more have no room in a message"""


@dataclass(frozen=True, slots=True)
class Taken:
    """A message as a script takes it.

    :param nanoseconds: since 1970 UTC
    :param data: values by the names of their channels
    """

    pulse_id: int
    nanoseconds: int
    data: Any

    @property
    def timestamp(self) -> float:
        """Seconds since 1970 UTC."""
        return self.nanoseconds / _SECOND


@dataclass(frozen=True, slots=True)
class Output:
    """What a script has yielded."""

    pulse_id: int
    nanoseconds: int
    values: dict[str, Value]


class Outputs:
    """What a script yields, as it takes the messages one by one.

    The time that it may take is counted from each message that it takes, or each yield, to the next one; the
    wait for messages is not. After an error nothing comes any more: a script that shall go on is begun anew.

    :param function: of entry ``run``
    :param messages: waits for the next one; what it raises comes out of :meth:`__next__` as it is
    :raises ImagingError: where the script fails at once, or does not yield
    """

    def __init__(self, function: Function, messages: Iterable[Taken], parameters: Any) -> None:
        self._function = function
        self._messages = _Messages(function, iter(messages))
        self._items = function.begin(self._messages, parameters)

    def __iter__(self) -> Iterator[Output]:
        """Return itself."""
        return self

    def __next__(self) -> Output:
        """Return what the script yields next; what it leaves out, by yielding None, is not.

        :raises ImagingError: where it fails, takes too long or yields what cannot be sent
        """
        while True:
            try:
                item = self._function.guarded(self._step)
            except ImagingError:
                if self._messages.broken is not None:
                    raise self._messages.broken from None
                raise
            if item is _END:
                raise StopIteration
            if item is not None:
                return item  # type: ignore[no-any-return]

    def close(self) -> None:
        """Have the script end.

        :raises ImagingError: where it fails in doing so
        """
        close = getattr(self._items, "close", None)
        if close is not None:
            self._function.guarded(close)

    def _step(self) -> object:
        # A StopIteration that comes from here would be taken for an error of the script.
        item = next(self._items, _END)
        return item if item is _END else self._read(item)

    def _read(self, item: object) -> Output | None:
        name, last = self._function.name, self._messages.last
        if not isinstance(item, tuple):
            values = values_of(item, name)
            if values is not None and last is None:
                raise ImagingError(
                    f"{name} yields before it has taken a message.", "Yield pulse id, time and values there."
                )
            return None if values is None or last is None else Output(last.pulse_id, last.nanoseconds, values)
        if len(item) != 3:
            raise ImagingError(f"{name} yields {len(item)} parts; expected: pulse id, time, values.")
        values = values_of(item[2], name)
        if values is None:
            return None
        return Output(_pulse_id(item[0], name), _nanoseconds(item[1], name), values)


_END = object()
"""what stands behind the last thing that a script yields"""


class _Messages:
    """The messages as the script takes them."""

    def __init__(self, function: Function, source: Iterator[Taken]) -> None:
        self._function = function
        self._source = source
        self.last: Taken | None = None
        self.broken: BaseException | None = None
        """what ended them, if not that there are no more"""

    def __iter__(self) -> Iterator[Taken]:
        return self

    def __next__(self) -> Taken:
        if self.broken is not None:
            raise self.broken
        try:
            self.last = self._function.wait(next, self._source)
        except StopIteration:
            raise
        except BaseException as error:
            self.broken = error
            raise
        return self.last


def _pulse_id(value: object, name: str) -> int:
    fault = f"{name} yields the pulse id {shown(value)}; expected is a whole number."
    if isinstance(value, bool):
        raise ImagingError(fault)
    try:
        return operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ImagingError(fault) from None


def _nanoseconds(value: object, name: str) -> int:
    try:
        seconds = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        seconds = math.nan
    if isinstance(value, str | bool) or not 0 <= seconds < _LATEST:
        raise ImagingError(
            f"{name} yields the time {shown(value)}; expected are seconds since 1970, such as time.time()."
        )
    return round(seconds * _SECOND)
