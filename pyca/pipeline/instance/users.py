"""Functions of users in the process of an instance, with their limits."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from pyca.pipeline.instance.surroundings import Surroundings

if TYPE_CHECKING:
    from pyca.pipeline.user.functions import Function
    from pyca.pipeline.user.limits import Guard


class Users:
    """Loads functions of users. Nothing is done, and no memory limited, before the first one is wanted.

    :param threaded: whether several threads call them
    :param abandon: told why the process has to end, and ends it
    """

    def __init__(self, around: Surroundings, *, threaded: bool, abandon: Callable[[str], None]) -> None:
        self._around = around
        self._threaded = threaded
        self._abandon = abandon
        self._guard: Guard | None = None
        self._loaded: dict[tuple[str, str], Function] = {}

    def load(self, name: str, entry: str) -> "Function":
        """Return a function, as it stood in its script when it was loaded first.

        :param name: of the script, with or without ``.py``
        :raises ImagingError: where it cannot be used
        """
        if (name, entry) in self._loaded:
            return self._loaded[name, entry]
        # Few instances have any.
        from pyca.pipeline.user.limits import limit_memory
        from pyca.pipeline.user.scripts import Loader

        around = self._around
        if self._guard is None:
            self._guard = self._guarding()
            limit_memory(around.script_memory)
        loader = Loader(around.scripts, around.libraries, guard=self._guard)
        found = self._loaded[name, entry] = loader.load(name, entry)
        return found

    def forget(self) -> None:
        """Load functions anew where they are wanted the next time."""
        self._loaded.clear()

    def _guarding(self) -> "Guard":
        from pyca.pipeline.user.limits import Alarm, Unlimited, Watchdog
        from pyca.pipeline.user.scripts import places_of

        around = self._around
        if not around.script_seconds:
            return Unlimited()
        if not self._threaded:
            return Alarm(around.script_seconds, self._abandon)
        places = places_of(around.scripts, around.libraries)
        return Watchdog(around.script_seconds, self._abandon, places.of_thread)
