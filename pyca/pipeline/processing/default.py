"""What is sent for each image where no function of a user's own is asked for."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from pyca.bsread.message import Value
from pyca.kernel.kernel import Image, Kernel, Measured
from pyca.pipeline.processing import region, slices
from pyca.pipeline.processing.beam import moments, peak, width_at
from pyca.pipeline.processing.frame import Axis, axis_of, image_of

BACKGROUND = "background_data"
"""the parameter that holds a background for functions, and is not sent"""
_HALF = 0.5


def process_image(
    image: Image,
    pulse_id: int,
    timestamp: float,
    x_axis: Axis | None,
    y_axis: Axis | None,
    parameters: Mapping[str, Any],
    bsdata: Mapping[str, Value] | None = None,
    *,
    kernel: Kernel,
    measured: Measured | None = None,
    text: str | None = None,
) -> dict[str, Value]:
    """Return the 28 channels of an image in the protocol's order, and those that parameters add to them.

    The formulas are in docs/processing.md. Channels that came with the image follow after all others.

    :param image: (height, width), prepared
    :param pulse_id: of the image; not sent as a channel
    :param timestamp: seconds since 1970 UTC
    :param x_axis: (width,), None for the numbers of columns
    :param y_axis: (height,), None for the numbers of rows
    :param parameters: the configuration of the pipeline
    :param bsdata: further channels that belong to the image
    :param measured: what is known of the image already
    :param text: the parameters as they are sent, where they are known already
    :raises SourceError: where the image is none, or an axis not of its size
    """
    image = image_of(image)
    height, width = image.shape
    x_axis, y_axis = axis_of(x_axis, width, "x_axis"), axis_of(y_axis, height, "y_axis")
    values: dict[str, Value] = {
        "x_axis": x_axis,
        "y_axis": y_axis,
        "image": image,
        "width": width,
        "height": height,
        "processing_parameters": parameters_text(parameters) if text is None else text,
        "timestamp": float(timestamp),
    }
    with np.errstate(all="ignore"):
        found = kernel.measure(image) if measured is None else measured
        values |= _found(image, (x_axis, y_axis), found, parameters, kernel)
    return _with(values, bsdata)


def transparent(
    image: Image,
    pulse_id: int,
    timestamp: float,
    x_axis: Axis | None,
    y_axis: Axis | None,
    parameters: Mapping[str, Any],
    bsdata: Mapping[str, Value] | None = None,
    *,
    text: str | None = None,
) -> dict[str, Value]:
    """Return an image without looking at it; see :func:`process_image`."""
    image = image_of(image)
    height, width = image.shape
    values: dict[str, Value] = {
        "x_axis": axis_of(x_axis, width, "x_axis"),
        "y_axis": axis_of(y_axis, height, "y_axis"),
        "width": width,
        "height": height,
        "image": image,
        "processing_parameters": parameters_text(parameters) if text is None else text,
        "timestamp": float(timestamp),
    }
    return _with(values, bsdata)


def store(image: Image, camera: str) -> dict[str, Value]:
    """Return the one channel of a pipeline that stores images: “<camera>:FPICTURE”."""
    return {f"{camera}:FPICTURE": image_of(image)}


def parameters_text(parameters: Mapping[str, Any]) -> str:
    """Return parameters as they are sent with each message: JSON, without the background itself."""
    return json.dumps({name: value for name, value in parameters.items() if name != BACKGROUND})


def _found(
    image: Image, axes: tuple[Axis, Axis], found: Measured, parameters: Mapping[str, Any], kernel: Kernel
) -> dict[str, Value]:
    """Return all that is computed."""
    (x_axis, y_axis), x_profile, y_profile = axes, found.x_profile, found.y_profile
    x_peak, y_peak = peak(x_profile), peak(y_profile)
    intensity = x_profile.sum().item()
    x_fit, y_fit = kernel.fit(x_axis, x_profile), kernel.fit(y_axis, y_profile)
    values: dict[str, Value] = {
        "min_value": image.dtype.type(found.minimum),
        "max_value": image.dtype.type(found.maximum),
        "x_profile": x_profile,
        "y_profile": y_profile,
        "intensity": intensity,
        "x_fwhm": width_at(x_axis, x_profile, x_peak, _HALF),
        "y_fwhm": width_at(y_axis, y_profile, y_peak, _HALF),
    }
    if part := parameters.get("fw_threshold"):
        values["x_fw"] = width_at(x_axis, x_profile, x_peak, part)
        values["y_fw"] = width_at(y_axis, y_profile, y_peak, part)
    values["x_center_of_mass"], values["x_rms"] = moments(x_axis, x_profile, intensity, x_fit)
    values["y_center_of_mass"], values["y_rms"] = moments(y_axis, y_profile, intensity, y_fit)
    values |= region.fit_channels("x", x_axis, x_fit, kernel)
    values |= region.fit_channels("y", y_axis, y_fit, kernel)
    if good := region.wanted(parameters):
        ranges = region.good_range(x_profile, x_peak, *good), region.good_range(y_profile, y_peak, *good)
        inside, channels = region.find(image, axes, ranges, kernel)
        values |= channels
        if wanted := slices.wanted(parameters):
            values |= slices.channels(inside, wanted, kernel)
    return values


def _with(values: dict[str, Value], bsdata: Mapping[str, Value] | None) -> dict[str, Value]:
    """Return channels and those that came with the image; of two of one name the first stands."""
    if bsdata:
        values |= {name: value for name, value in bsdata.items() if name not in values}
    return values
