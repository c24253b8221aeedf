"""The values of a message as the page of an instance shows them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

PAIRS = (
    ("Centre of mass", "{}_center_of_mass"),
    ("RMS", "{}_rms"),
    ("FWHM", "{}_fwhm"),
    ("Fit: mean", "{}_fit_mean"),
    ("Fit: σ", "{}_fit_standard_deviation"),
    ("Fit: amplitude", "{}_fit_amplitude"),
    ("Fit: offset", "{}_fit_offset"),
    ("Good region: mean", "gr_{}_fit_mean"),
    ("Good region: σ", "gr_{}_fit_standard_deviation"),
)
"""figures of both axes, and the names of their channels"""
SINGLES = (("Intensity", "intensity"), ("Minimum", "min_value"), ("Maximum", "max_value"))
KNOWN = frozenset(
    [name.format(axis) for _, name in PAIRS for axis in "xy"]
    + [name for _, name in SINGLES]
    + ["width", "height", "timestamp", "processing_parameters"]
)
_DIGITS = 6


def texts_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Return the texts of all channels that are one number or text; of arrays and None there is none."""
    return {
        name: _text(value)
        for name, value in values.items()
        if value is not None and not isinstance(value, list | tuple) and np.ndim(value) == 0
    }


def _text(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{float(value):.{_DIGITS}g}"
    return str(value)
