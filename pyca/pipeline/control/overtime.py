"""Functions of users that nothing in their process can end, such as a loop in C that holds up Python."""

from pyca.instances.running import Running
from pyca.pipeline.control.table import has_function
from pyca.pipeline.files.configuration import Configuration
from pyca.runtime.nursery import Nursery

_TIMES, _MORE = 2.0, 5.0
"""the limit so many times, and seconds more: what can be ended in the process has been ended by then"""


class Overtime:
    """Kills the processes of instances with a function that say nothing for far longer than it may take.

    :param seconds: that a function may take for a frame; 0: as long as it wants
    """

    def __init__(self, nursery: Nursery, seconds: float) -> None:
        self._nursery = nursery
        self._seconds = seconds

    def look(self, running: Running[Configuration], now: float) -> None:
        """Look at a process that runs. By one thread.

        :param now: of the monotonic clock
        """
        if not self._seconds or not has_function(running.configuration):
            return
        if running.silence(now) > self._seconds * _TIMES + _MORE and not running.is_over():
            name = running.configuration.function
            text = f"function {name} takes longer than {self._seconds:g} s for a frame, and does not end"
            running.give_up(self._nursery, f"was killed: {text} (see [pipeline] script_seconds)")
