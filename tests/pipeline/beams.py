"""Images of beams, and comparisons with the reference."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

Array = np.ndarray[Any, Any]
Values = dict[str, Any]
Case = tuple[Array, Array, Array]
"""an image, and its axes"""
TOLERANCE = 1e-4


def beam(
    width: int = 60,
    height: int = 40,
    *,
    middle: tuple[float, float] = (0.45, 0.55),
    sigma: tuple[float, float] = (6.0, 4.0),
    amplitude: float = 2000.0,
    offset: float = 30.0,
    noise: float = 3.0,
    tilt: float = 0.0,
    seed: int = 1,
    dtype: Any = np.uint16,
) -> Array:
    """A beam, read-only as what is received.

    :param middle: as a part of width and height
    :param tilt: rows by which it is lower one column further right
    """
    x = np.arange(width)[None, :] - middle[0] * width
    y = np.arange(height)[:, None] - middle[1] * height - tilt * x
    light = amplitude * np.exp(-(x**2) / (2 * sigma[0] ** 2) - y**2 / (2 * sigma[1] ** 2))
    noisy = light + offset + np.random.default_rng(seed).normal(0, noise, (height, width))
    is_whole = np.dtype(dtype).kind != "f"
    image = (np.clip(noisy, np.iinfo(dtype).min, np.iinfo(dtype).max) if is_whole else noisy).astype(dtype)
    image.flags.writeable = False
    return image


def axes_of(
    image: Array, *, x_step: float = 1.0, y_step: float = 1.0, origin: float = 0.0
) -> tuple[Array, Array]:
    """Axes with these steps, descending where they are negative."""
    height, width = image.shape
    x = (np.arange(width) - origin * width) * x_step
    y = (np.arange(height) - origin * height) * y_step
    return x.astype(np.float32), y.astype(np.float32)


@st.composite
def cases(draw: st.DrawFn, *, noise: float = 8.0) -> Case:
    """Beams that are clear to see, of any size, wherever they are, on axes of all kinds."""
    width, height = draw(st.integers(30, 90)), draw(st.integers(30, 90))
    part = st.floats(0.3, 0.7)
    image = beam(
        width,
        height,
        middle=(draw(part), draw(part)),
        sigma=(draw(st.floats(2.5, width / 8)), draw(st.floats(2.5, height / 8))),
        amplitude=draw(st.floats(400, 4000)),
        offset=draw(st.floats(0, 200)),
        noise=draw(st.floats(0.0, noise)),
        tilt=draw(st.floats(-0.3, 0.3)),
        seed=draw(st.integers(0, 1000)),
        dtype=draw(st.sampled_from([np.uint16, np.uint16, np.int32, np.uint32, np.float32, np.float64])),
    )
    step = st.sampled_from([1.0, -1.0, 0.01, -0.37, 12.5])
    return image, *axes_of(
        image, x_step=draw(step), y_step=draw(step), origin=draw(st.sampled_from([0.0, 0.5]))
    )


def differences(found: Values, expected: Values) -> list[str]:
    """What is not as the reference has it: whole numbers exactly, fractions as nearly as the goal demands.

    Places on an axis are compared as parts of the widths of the beam, offsets as parts of its height.
    """
    if list(found) != list(expected):
        return [f"channels: {list(found)}"]
    return [
        f"{name}: found {found[name]!r}, expected {value!r}"
        for name, value in expected.items()
        if name not in ("processing_parameters", "timestamp")
        and not _fits(found[name], value, TOLERANCE * _scale(name, expected))
    ]


def _fits(found: Any, value: Any, absolute: float) -> bool:
    if value is None or isinstance(value, str):
        return bool(found == value)
    if found is None:
        return False
    one, other = np.asarray(found), np.asarray(value)
    if one.shape != other.shape:
        return False
    if other.dtype.kind in "iu":
        return bool((one == other).all()) and one.dtype.kind in "iu"
    return bool(np.allclose(one, other, rtol=TOLERANCE, atol=absolute, equal_nan=True))


def _scale(name: str, expected: Values) -> float:
    """How much a value is counted as."""
    if name.endswith(("_fit_offset", "_fit_gauss_function")):
        return abs(float(expected[name.rsplit("_fit_", 1)[0] + "_fit_amplitude"]))
    if name == "coupling_slope":
        return float(expected["y_fit_standard_deviation"] / expected["x_fit_standard_deviation"])
    if name == "coupling":
        return float(expected["y_fit_standard_deviation"] * expected["x_fit_standard_deviation"])
    side = "y" if name.startswith(("y_", "gr_y_")) or name.endswith("_center_y") else "x"
    width = float(expected[f"{side}_fit_standard_deviation"])
    if name == "coupling_offset":
        width = max(float(expected["y_fit_standard_deviation"]), float(abs(expected["y_fit_mean"])))
    return 0.0 if math.isnan(width) else width
