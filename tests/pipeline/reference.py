"""The channels of the default processing, straight from the protocol's formulas, with NumPy and SciPy alone.

Slow and plain on purpose: whole arrays, masks, and SciPy's optimiser from the protocol's start values.
"""

import contextlib
import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.optimize import curve_fit

Array = np.ndarray[Any, Any]
Values = dict[str, Any]


@dataclass
class Gauss:
    offset: float
    amplitude: float
    mean: float
    sigma: float
    curve: Array


def sums(image: Array, axis: int) -> Array:
    return image.sum(axis, dtype=np.float64 if image.dtype.kind == "f" else np.int64)


def gaussian(x: Array, offset: float, amplitude: float, mean: float, sigma: float) -> Array:
    return offset + amplitude * np.exp(-((x - mean) ** 2) / (2 * sigma**2))


def gauss(axis: Array, profile: Array) -> Gauss:
    x, y = axis.astype(np.float64), profile.astype(np.float32).astype(np.float64)
    offset = y.min()
    amplitude = y.max() - offset
    mean = x[y.argmax()]
    sigma = 1.0
    if amplitude:
        sigma = float(np.trapezoid(y - offset, x)) / (amplitude * math.sqrt(2 * math.pi))
    best = (offset, amplitude, mean, sigma)
    if amplitude:
        with warnings.catch_warnings(), contextlib.suppress(RuntimeError, TypeError):
            warnings.simplefilter("ignore")
            best, _ = curve_fit(gaussian, x, y, p0=best, ftol=1e-13, xtol=1e-13, gtol=1e-13, maxfev=5000)
    return Gauss(best[0], best[1], best[2], abs(best[3]), gaussian(x, *best).astype(np.float32))


def centre_of_mass(axis: Array, profile: Array, fit: Gauss) -> tuple[float, float]:
    if fit.amplitude == 0:
        return 0.0, 0.0
    x = axis.astype(np.float64)
    p = profile - fit.offset
    p = p / p.sum()
    p[np.abs(x - fit.mean) > 5 * fit.sigma] = 0
    centre = (x * p).sum()
    return centre, math.sqrt(abs(((x - centre) ** 2 * p).sum()))


def full_width(axis: Array, profile: Array, part: float) -> float:
    x, y = axis.astype(np.float64), profile.astype(np.float64)
    level = y.min() + part * (y.max() - y.min())
    top = int(y.argmax())
    try:
        left = next((i for i in range(top - 1, 0, -1) if y[i] <= level), 0)
        right = next((i for i in range(top + 1, len(y)) if y[i] <= level), len(y) - 1)
        with np.errstate(all="ignore"):
            first = x[left] + (level - y[left]) / (y[left + 1] - y[left]) * (x[left + 1] - x[left])
            before = right - 1
            last = x[before] + (level - y[before]) / (y[right] - y[before]) * (x[right] - x[before])
            return float(abs(last - first))
    except IndexError:
        return 0.0


def good_range(profile: Array, threshold: float, scale: float) -> tuple[int, int]:
    y = [value.item() for value in profile]
    level = min(y) + (max(y) - min(y)) * threshold
    top = y.index(max(y))
    start = next((i for i in range(top, -1, -1) if y[i] < level), top)
    end = next((i for i in range(top, len(y)) if y[i] < level), top)
    wider = (end - start) * (scale - 1) / 2
    return int(max(start - wider, 0)), int(min(end + wider, len(y) - 1))


def place(axis: Array, value: float) -> int:
    """Where on an axis a value is."""
    indices = range(len(axis))
    if axis[0] < axis[-1]:
        return max((i for i in indices if axis[i] <= value), default=0)
    return next((i for i in indices if axis[i] <= value), len(axis) - 1)


def slices(
    image: Array, along: Array, across: Array, fit: Gauss, number: int, scale: float
) -> tuple[float | None, list[tuple[float, Gauss, float] | None]]:
    """Slices along the rows of an image: (place, fit across, intensity) of each, and how long one is."""
    middle = place(along, fit.mean)
    half = max(1, abs(place(along, fit.mean + scale * fit.sigma / number / 2) - middle))
    found: list[tuple[float, Gauss, float] | None] = []
    for step in range(-(number // 2), number // 2 + 1):
        start = middle - half + step * 2 * half
        if start < 0 or start + 2 * half >= len(along):
            found.append(None)
            continue
        profile = sums(image[start : start + 2 * half], 0)
        found.append((float(along[start + half]), gauss(across, profile), float(profile.sum())))
    if found[number // 2] is None:
        return None, [None] * number
    return abs(float(along[middle - half]) - float(along[middle + half])), found


def fit_values(name: str, fit: Gauss) -> Values:
    return {
        f"{name}_fit_gauss_function": fit.curve,
        f"{name}_fit_offset": fit.offset,
        f"{name}_fit_amplitude": fit.amplitude,
        f"{name}_fit_standard_deviation": fit.sigma,
        f"{name}_fit_mean": fit.mean,
    }


def default_values(
    image: Array,
    x_axis: Array,
    y_axis: Array,
    *,
    fw_threshold: float | None = None,
    region: tuple[float, float] | None = None,
    sliced: tuple[int, float, str] | None = None,
) -> Values:
    """All channels but the text of the parameters and the time, in order.

    :param region: threshold and scale
    :param sliced: number, scale and orientation
    """
    x_profile, y_profile = sums(image, 0), sums(image, 1)
    x_fit, y_fit = gauss(x_axis, x_profile), gauss(y_axis, y_profile)
    values: Values = {"x_axis": x_axis, "y_axis": y_axis, "image": image}
    values |= {"width": image.shape[1], "height": image.shape[0]}
    values |= {"processing_parameters": None, "timestamp": None}
    values |= {"min_value": image.min(), "max_value": image.max()}
    values |= {"x_profile": x_profile, "y_profile": y_profile, "intensity": x_profile.sum().item()}
    values["x_fwhm"] = full_width(x_axis, x_profile, 0.5)
    values["y_fwhm"] = full_width(y_axis, y_profile, 0.5)
    if fw_threshold:
        values["x_fw"] = full_width(x_axis, x_profile, fw_threshold)
        values["y_fw"] = full_width(y_axis, y_profile, fw_threshold)
    values["x_center_of_mass"], values["x_rms"] = centre_of_mass(x_axis, x_profile, x_fit)
    values["y_center_of_mass"], values["y_rms"] = centre_of_mass(y_axis, y_profile, y_fit)
    values |= fit_values("x", x_fit) | fit_values("y", y_fit)
    if region:
        values |= region_values(image, x_axis, y_axis, region, sliced)
    return values


def region_values(
    image: Array,
    x_axis: Array,
    y_axis: Array,
    region: tuple[float, float],
    sliced: tuple[int, float, str] | None,
) -> Values:
    left, right = good_range(sums(image, 0), *region)
    top, bottom = good_range(sums(image, 1), *region)
    inside, x, y = image[top:bottom, left:right], x_axis[left:right], y_axis[top:bottom]
    x_profile, y_profile = sums(inside, 0), sums(inside, 1)
    x_fit, y_fit = gauss(x, x_profile), gauss(y, y_profile)
    values: Values = {"good_region": [left, top, right, bottom], "gr_x_axis": x, "gr_y_axis": y}
    values |= {"gr_x_profile": x_profile, "gr_y_profile": y_profile}
    values |= fit_values("gr_x", x_fit) | fit_values("gr_y", y_fit)
    values["gr_intensity"] = sums(inside, 0).sum().item()
    if sliced:
        values |= slice_values(inside, x, y, x_fit, y_fit, sliced)
    return values


def slice_values(
    inside: Array, x: Array, y: Array, x_fit: Gauss, y_fit: Gauss, sliced: tuple[int, float, str]
) -> Values:
    number, scale, orientation = sliced
    number += number % 2 == 0
    side_by_side = slices(inside.T, x, y, x_fit, number, scale)
    vertical = orientation == "vertical"
    length, found = slices(inside, y, x, y_fit, number, scale) if vertical else side_by_side
    values: Values = {"slice_orientation": orientation, "slice_amount": number, "slice_length": length}
    for n, one in enumerate(found):
        four: tuple[float | None, ...] = (None,) * 4
        if one:
            at, fit, intensity = one
            centre = (fit.mean, at) if vertical else (at, fit.mean)
            four = (*centre, fit.sigma, intensity)
        names = ("center_x", "center_y", "standard_deviation", "intensity")
        values |= {f"slice_{n}_{name}": value for name, value in zip(names, four, strict=True)}
    centres = [(one[0], one[1].mean) for one in side_by_side[1] if one]
    coupling: tuple[float | None, ...] = (None,) * 3
    if len(centres) > 1:
        slope, offset = np.polyfit(*zip(*centres, strict=True), 1)
        coupling = (slope * x_fit.sigma**2, slope, offset)
    return values | dict(zip(("coupling", "coupling_slope", "coupling_offset"), coupling, strict=True))


def prepared(
    image: Array, x_axis: Array, y_axis: Array, keys: Values, background: Array | None = None
) -> tuple[Array, Array, Array]:
    """An image and its axes after all steps that need one image only, one step after the other.

    :param keys: of the configuration
    """
    by_x, by_y = keys.get("binning_x", 1), keys.get("binning_y", 1)
    if (by_x, by_y) != (1, 1):
        height, width = image.shape[0] // by_y * by_y, image.shape[1] // by_x * by_x
        blocks = image[:height, :width].astype(np.int64).reshape(height // by_y, by_y, width // by_x, by_x)
        sums = blocks.sum((1, 3))
        whole = sums // (by_x * by_y) if keys.get("binning_mean") else np.minimum(sums, 65535)
        image = whole.astype(np.uint16)
        x_axis = x_axis[:width].reshape(-1, by_x).mean(1, dtype=np.float64).astype(np.float32)
        y_axis = y_axis[:height].reshape(-1, by_y).mean(1, dtype=np.float64).astype(np.float32)
    enabled = keys.get("image_background_enable")
    if background is not None and enabled == "signed":
        image = image.astype(np.int32) - background.astype(np.int32)
    elif background is not None and enabled is True:
        limits = np.iinfo(image.dtype)
        less = image.astype(np.int64) - background.astype(np.int64)
        image = np.clip(less, limits.min, limits.max).astype(image.dtype)
    if keys.get("mirror_x"):
        image, x_axis = np.fliplr(image), x_axis[::-1]
    if keys.get("mirror_y"):
        image, y_axis = np.flipud(image), y_axis[::-1]
    if rotation := keys.get("rotation"):
        image, x_axis, y_axis = turned(image, x_axis, y_axis, rotation)
    if region := keys.get("image_region_of_interest"):
        width, height = min(region[1], image.shape[1]), min(region[3], image.shape[0])
        left = max(min(region[0], image.shape[1] - width), 0)
        top = max(min(region[2], image.shape[0] - height), 0)
        image = image[top : top + height, left : left + width]
        x_axis, y_axis = x_axis[left : left + width], y_axis[top : top + height]
    if int(keys.get("image_threshold") or 0) > 0:
        image = np.where(image < int(keys["image_threshold"]), 0, image).astype(image.dtype)
    if keys.get("image_scale") is not None:
        image = image * np.float64(keys["image_scale"])
    if keys.get("image_offset") is not None:
        image = image + np.float64(keys["image_offset"])
    return image, x_axis, y_axis


def turned(image: Array, x_axis: Array, y_axis: Array, rotation: Values) -> tuple[Array, Array, Array]:
    if rotation["mode"] == "ortho":
        for _ in range(int(rotation["angle"]) // 90 % 4):
            # Counter-clockwise: the last column becomes the first row.
            image, x_axis, y_axis = image.T[::-1], y_axis, x_axis[::-1]
        return image, x_axis, y_axis
    mode, fill = rotation["mode"], 0.0
    if mode not in ("reflect", "nearest", "mirror", "wrap"):
        mode, fill = "constant", float(mode)
    order = rotation.get("order", 1)
    angle = rotation["angle"]
    return ndimage.rotate(image, angle, reshape=False, order=order, mode=mode, cval=fill), x_axis, y_axis
