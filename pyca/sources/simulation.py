"""A camera that is none: moving beams and noise, as fast and as large as wanted (kind ``simulation``).

``source`` may be anything. With the same ``seed`` the same images come in the same order, bit for bit; a
frame that nobody asked for in time is skipped and counted as lost.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import SourceError
from pyca.images.image import Size
from pyca.sources.beams import Beams, Look
from pyca.sources.frame import Frame
from pyca.sources.options import Option, choice, integer, number
from pyca.sources.pace import Even, Pace

OPTIONS = (
    Option("width", 1280, integer(1, 8192)),
    Option("height", 960, integer(1, 8192)),
    Option("dtype", "uint16", choice("uint16", "uint8")),
    # As the existing server does; 0 is as fast as anybody asks.
    Option("frame_rate", 10.0, number(0, 10_000)),
    Option("beams", 1, integer(0, 100)),
    Option("beam_size", None, number(0.1, 8192, optional=True)),
    Option("intensity", None, number(0, 1_000_000, optional=True)),
    Option("speed", 2.0, number(0, 8192)),
    Option("noise", None, number(0, 65_535, optional=True)),
    Option("saturation", None, integer(1, 65_535, optional=True)),
    Option("seed", 0, integer(0, 2**63 - 1)),
)
_BRIGHTEST = {"uint8": 255, "uint16": 65_535}


class Simulation:
    """The simulated camera.

    :param rate: frames per second, 0 for as many as are asked for
    :param pulses: frames have pulse ids: their numbers in the schedule, skipped ones included
    :param wait: waits as :func:`time.sleep` does
    """

    def __init__(
        self,
        look: Look,
        rate: float,
        *,
        pulses: bool = False,
        clock: Clock | None = None,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._look = look
        self._pulses = pulses
        self._pace = Pace(Even(rate) if rate else None, clock or SystemClock(), wait)
        self._beams: Beams | None = None

    def open(self) -> None:
        """Make the noise, and have the first frame due now."""
        if self._beams is None:
            self._beams = Beams(self._look)
            self._pace.begin()

    def size(self) -> Size:
        """Return width and height in pixels."""
        return self._look.width, self._look.height

    def receive(self, timeout: float) -> Frame | None:
        """Return the frame that is due, None where none is within ``timeout`` seconds."""
        if self._beams is None:
            raise SourceError("The simulated camera is not open.")
        due = self._pace.next(timeout)
        if due is None:
            return None
        pulse_id = due if self._pulses else None
        return Frame(self._beams.image(due), self._pace.nanoseconds(due), pulse_id)

    def close(self) -> None:
        """Let the noise go."""
        self._beams = None

    @property
    def lost(self) -> int:
        """Frames that were skipped because nobody asked for them in time."""
        return self._pace.lost


def make(source: str, options: Mapping[str, Any]) -> Simulation:
    """Return a simulated camera.

    :param source: anything
    :raises SourceError: where ``saturation`` is more than the pixels can hold
    """
    return Simulation(_look(options), options["frame_rate"])


def make_pulsed(source: str, options: Mapping[str, Any]) -> Simulation:
    """Return a simulated camera whose frames have pulse ids, as those of a bsread stream do."""
    return Simulation(_look(options), options["frame_rate"], pulses=True)


def _look(options: Mapping[str, Any]) -> Look:
    brightest = _BRIGHTEST[options["dtype"]]
    saturation = brightest if options["saturation"] is None else options["saturation"]
    if saturation > brightest:
        raise SourceError(
            f"The simulated camera's saturation is {saturation}, its pixels are {options['dtype']}.",
            f"set saturation to {brightest} at most, or dtype to uint16",
        )
    given = {name: options[name] for name in ("width", "height", "dtype", "beams", "speed", "seed")}
    computed = {
        "beam_size": max(options["width"] / 24, 1.0),
        "intensity": saturation / 2,
        "noise": saturation / 256,
    }
    chosen = {name: value if options[name] is None else options[name] for name, value in computed.items()}
    return Look(**given, **chosen, saturation=saturation)
