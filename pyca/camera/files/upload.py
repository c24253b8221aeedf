"""Images that somebody sends: NumPy's NPY format, or what the existing client sends."""

from pyca.camera.files.npy import MAGIC, from_npy
from pyca.camera.files.unpickle import unpickled
from pyca.sources.frame import Image


def image_of(body: bytes) -> Image:
    """Return the image in the body of a request: NPY, or a pickled array as the existing client sends it.

    :return: (height, width), read-only
    :raises CameraError: where it is neither, or holds more than an image
    """
    if body.startswith(MAGIC):
        return from_npy(body)
    return unpickled(body)
