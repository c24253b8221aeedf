"""How images are shown, and how their values are told."""

import base64
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from flask import Response, request

from pyca.ui.imaging import parameters

if TYPE_CHECKING:
    from pyca.images.image import Image

LONGEST_WAIT = 60.0
"""seconds"""


def look() -> dict[str, Any]:
    """Return how the present request wants an image to look.

    :raises ImagingError: where that cannot be
    """
    from pyca.images.pictures import View

    return asdict(View.parse(request.args))


def patience() -> float:
    """Return the seconds that the present request waits for an image.

    :raises BadRequest: where that is no time
    """
    return parameters.positive("timeout", LONGEST_WAIT) or 10.0


def picture(image: "Image", wanted: dict[str, Any]) -> Response:
    """Return an image as PNG.

    :param image: (height, width)
    :param wanted: how it shall look
    """
    from pyca.images.pictures import png

    return Response(png(image, **wanted), content_type="image/png")


def values_of(image: "Image") -> dict[str, Any]:
    """Return the values of an image in JSON: bytes in base64, shape [height, width], and type."""
    values = image.astype(image.dtype.newbyteorder("<"), copy=False)
    return {
        "bytes": base64.b64encode(values.tobytes()).decode("ascii"),
        "shape": list(values.shape),
        "dtype": values.dtype.str,
    }
