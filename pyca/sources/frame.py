"""What a camera delivers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyca.images.image import Image

LARGEST = 1 << 30
"""bytes of an image: nothing that says it has more is believed"""


@dataclass(frozen=True, slots=True)
class Frame:
    """One image and what came with it.

    :param image: never written to again by its source: it may still be on its way to somebody
    :param nanoseconds: when it was taken, since 1970 UTC
    :param pulse_id: None where the source counts no pulses
    :param channels: further values of the same pulse, by name
    """

    image: Image
    nanoseconds: int
    pulse_id: int | None = None
    channels: Mapping[str, Any] = field(default_factory=dict)
