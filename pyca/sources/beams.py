"""Images as a camera at a beam line sees them: bright spots that go round in circles, on a noisy ground."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.images.image import Image

_PERIOD = 262_139
"""values of noise that are made, a prime number: no repetition falls below itself, whatever the width"""
_STRIDE = 99_991
"""from where one image takes its noise to where the next one does"""
_ORBIT = 1 / 6
"""radius of the beams' circles by the smaller side of the image"""


@dataclass(frozen=True)
class Look:
    """What images look like.

    :param beam_size: standard deviation of a beam in pixels from left to right; two thirds of it from
        top to bottom
    :param intensity: brightest pixel of a beam alone
    :param speed: pixels that a beam goes from one image to the next
    :param noise: standard deviation of the ground, whose mean is four times as much
    :param saturation: no pixel is brighter
    """

    width: int
    height: int
    dtype: str
    beams: int
    beam_size: float
    intensity: float
    speed: float
    noise: float
    saturation: int
    seed: int


@dataclass(frozen=True)
class _Spot:
    """A beam within an image: where it is brighter than the ground, and by how much."""

    rows: slice
    columns: slice
    light: NDArray[Any]


class Beams:
    """Images by their number.

    Each is made anew, from noise that is there already: a copy of the ground and the few pixels of the beams
    cost a quarter of a millisecond for 1280×960 pixels. The same look and number give the same image, bit for
    bit.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        chance = np.random.default_rng(look.seed)
        noise = chance.standard_normal(_PERIOD, dtype=np.float32) * look.noise + 4 * look.noise
        values = np.clip(np.rint(noise), 0, look.saturation).astype(look.dtype)
        self._ground = np.resize(values, look.width * look.height + _PERIOD)
        self._begin = int(chance.integers(_PERIOD))
        self._orbits = chance.random((look.beams, 3))
        self._standing = [self._spot(number, 0) for number in range(look.beams)] if look.speed == 0 else None

    def image(self, number: int) -> Image:
        """Return an image (height, width) of its own, which cannot be written to."""
        look = self._look
        first = (self._begin + number * _STRIDE) % _PERIOD
        image = self._ground[first : first + look.width * look.height].reshape(look.height, look.width).copy()
        spots = self._standing
        if spots is None:
            spots = [self._spot(beam, number) for beam in range(look.beams)]
        for spot in spots:
            part = image[spot.rows, spot.columns]
            part += np.minimum(spot.light, look.saturation - part)
        image.flags.writeable = False
        return image

    def _spot(self, beam: int, number: int) -> _Spot:
        """Return the light of a Gaussian beam, as far from its centre as it is half of a count or more."""
        look = self._look
        across, down, phase = self._orbits[beam]
        radius = max(1.0, min(look.width, look.height) * _ORBIT)
        angle = math.tau * phase + number * look.speed / radius
        # The first beam circles about the middle, others about anywhere in the middle half.
        x, y = (0.5, 0.5) if beam == 0 else (0.25 + across / 2, 0.25 + down / 2)
        x = x * look.width + radius * math.cos(angle)
        y = y * look.height + radius * math.sin(angle)
        columns, right = self._profile(x, look.beam_size, look.width)
        rows, below = self._profile(y, look.beam_size * 2 / 3, look.height)
        # One pass that makes whole numbers at once, unless they would be more than a pixel can hold.
        if look.intensity < np.iinfo(look.dtype).max:
            light = np.empty((len(below), len(right)), look.dtype)
            np.multiply.outer(below * np.float32(look.intensity), right, out=light, casting="unsafe")
            return _Spot(rows, columns, light)
        bright = np.multiply.outer(below * np.float32(look.intensity), right)
        return _Spot(rows, columns, np.minimum(bright, look.saturation).astype(look.dtype))

    def _profile(self, centre: float, sigma: float, size: int) -> tuple[slice, NDArray[np.float32]]:
        reach = sigma * math.sqrt(2 * math.log(max(2 * self._look.intensity, 1.0)))
        first = min(max(math.ceil(centre - reach), 0), size)
        last = min(max(math.floor(centre + reach) + 1, first), size)
        distance = (np.arange(first, last, dtype=np.float32) - np.float32(centre)) / np.float32(sigma)
        return slice(first, last), np.exp(distance * distance * np.float32(-0.5))
