"""How images are shown, and how their values are told."""

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import request

if TYPE_CHECKING:
    from pyca.images.image import Image


def look() -> dict[str, Any]:
    """Return how the present request wants an image to look.

    :raises ImagingError: where that cannot be
    """
    from pyca.images.pictures import View

    return asdict(View.parse(request.args))


def values_of(image: "Image") -> dict[str, Any]:
    """Return the values of an image in JSON: bytes in base64, shape [height, width], and type."""
    values = image.astype(image.dtype.newbyteorder("<"), copy=False)
    return {
        "bytes": base64.b64encode(values.tobytes()).decode("ascii"),
        "shape": list(values.shape),
        "dtype": values.dtype.str,
    }
