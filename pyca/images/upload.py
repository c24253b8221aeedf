"""Images that somebody sends: NumPy's NPY format, or what the existing client sends."""

from pyca.images.image import Image
from pyca.images.npy import MAGIC, from_npy
from pyca.images.unpickle import unpickled


def image_of(body: bytes) -> Image:
    """Return the image in the body of a request: NPY, or a pickled array as the existing client sends it.

    :return: (height, width), read-only
    :raises ImagingError: where it is neither, or holds more than an image
    """
    if body.startswith(MAGIC):
        return from_npy(body)
    return unpickled(body)
