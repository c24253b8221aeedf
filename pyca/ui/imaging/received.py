"""What the body of a request holds."""

from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from pyca.ui.api import body
from pyca.ui.imaging.bodies import LONGEST_ARRAY, LONGEST_JSON

if TYPE_CHECKING:
    from pyca.images.image import Image


def read_json() -> Any:
    """Return what the body of the present request holds; one that is too large is not read.

    :raises BadRequest: where it is no JSON that could be stored
    :raises RequestEntityTooLarge: where it is too large
    """
    if (request.content_length or 0) > LONGEST_JSON:
        raise RequestEntityTooLarge
    return body.read_json()


def read_image() -> "Image":
    """Return the image that the body of the present request holds.

    :raises BadRequest: where nothing was sent
    :raises RequestEntityTooLarge: where it is too large
    :raises ImagingError: where it is none
    """
    from pyca.images.upload import image_of

    request.max_content_length = LONGEST_ARRAY
    if (request.content_length or 0) > LONGEST_ARRAY:
        raise RequestEntityTooLarge
    sent = request.get_data(cache=False)
    if not sent:
        raise BadRequest("Send an image as NPY, or as the pickled array of NumPy.")
    return image_of(sent)


def read_text() -> str:
    """Return the text that the body of the present request holds.

    :raises BadRequest: where it is none
    """
    try:
        return request.get_data().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The script is no UTF-8 at byte {error.start}.") from error
