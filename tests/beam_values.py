"""Values of a Gaussian beam as a pipeline sends them, by the formulas, for the tests of what shows them."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass
class Beam:
    """A beam on a calibrated camera, whose axes descend.

    :param place: of its centre in pixels, x and y
    :param widths: σ in pixels, x and y
    :param pixel: length of one
    """

    size: tuple[int, int] = (320, 240)
    place: tuple[float, float] = (190.0, 100.0)
    widths: tuple[float, float] = (28.0, 17.0)
    pixel: float = 10.0
    slices: int = 3

    def values(self, pulse: int) -> dict[str, Any]:
        """Return the channels of a pulse; the beam goes a pixel to and fro."""
        (width, height), (across, down) = self.size, self.place
        across += pulse % 2
        x, y = (
            self._hill(n, at, w)
            for n, at, w in zip((width, height), (across, down), self.widths, strict=True)
        )
        image = (3000 * np.outer(y, x)).astype(np.uint16) + (np.arange(width) % 5 * 20).astype(np.uint16)
        found: dict[str, Any] = {"image": image, "width": np.int64(width), "height": np.int64(height)}
        for axis, length, at, wide, total in (
            ("x", width, across, self.widths[0], image.sum(0, np.int64)),
            ("y", height, down, self.widths[1], image.sum(1, np.int64)),
        ):
            where = ((length / 2 - np.arange(length)) * self.pixel).astype(np.float32)
            offset, amplitude = float(total.min()), float(total.max() - total.min())
            found |= {
                f"{axis}_axis": where,
                f"{axis}_profile": total,
                f"{axis}_center_of_mass": np.float64((length / 2 - at) * self.pixel),
                f"{axis}_rms": np.float64(wide * self.pixel),
                f"{axis}_fwhm": np.float64(2.3548 * wide * self.pixel),
                f"{axis}_fit_mean": np.float64((length / 2 - at) * self.pixel),
                f"{axis}_fit_standard_deviation": np.float64(wide * self.pixel),
                f"{axis}_fit_amplitude": np.float64(amplitude),
                f"{axis}_fit_offset": np.float64(offset),
                f"{axis}_fit_gauss_function": (offset + amplitude * self._hill(length, at, wide)).astype(
                    np.float32
                ),
            }
        found |= {"intensity": image.sum(), "min_value": image.min(), "max_value": image.max()}
        return found | self._region(across, down)

    def _region(self, across: float, down: float) -> dict[str, Any]:
        (width, height), (wide, high) = self.size, self.widths
        corners = [across - 2 * wide, down - 2 * high, across + 2 * wide, down + 2 * high]
        found: dict[str, Any] = {"good_region": np.array([int(corner) for corner in corners], np.int64)}
        for number in range(self.slices):
            at = down + (number - self.slices // 2) * high
            found[f"slice_{number}_center_x"] = np.float64((width / 2 - across) * self.pixel)
            found[f"slice_{number}_center_y"] = np.float64((height / 2 - at) * self.pixel)
        return found

    def _hill(self, length: int, at: float, wide: float) -> Any:
        return np.exp(-((np.arange(length) - at) ** 2) / (2 * wide**2))
