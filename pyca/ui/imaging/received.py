"""What the body of a request holds."""

from typing import TYPE_CHECKING, Any

from flask import request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge

from pyca.ui.api import body
from pyca.ui.imaging.bodies import LONGEST_ARRAY, LONGEST_JSON, LONGEST_LIBRARY

if TYPE_CHECKING:
    from pyca.images.image import Image


def read_json(most: int = LONGEST_JSON) -> Any:
    """Return what the body of the present request holds; one that is too large is not read.

    :param most: bytes
    :raises BadRequest: where it is no JSON that could be stored
    :raises RequestEntityTooLarge: where it is too large
    """
    _limit(most)
    return body.read_json()


def read_parameter(name: str) -> Any:
    """Return what a parameter of the present request holds in JSON, None where it is not given.

    :raises BadRequest: where it is no JSON
    """
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        found = body.parse(text.encode())
        body.check(found)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"{name} is no usable JSON: {error}.") from error
    return found


def read_image() -> "Image":
    """Return the image that the body of the present request holds.

    :raises BadRequest: where nothing was sent
    :raises RequestEntityTooLarge: where it is too large
    :raises ImagingError: where it is none
    """
    from pyca.images.upload import image_of

    _limit(LONGEST_ARRAY)
    sent = request.get_data(cache=False)
    if not sent:
        raise BadRequest("Send an image as NPY, or as the pickled array of NumPy.")
    return image_of(sent)


def read_bytes() -> bytes:
    """Return the library that the body of the present request holds.

    :raises BadRequest: where nothing was sent
    :raises RequestEntityTooLarge: where it is too large
    """
    _limit(LONGEST_LIBRARY)
    sent = request.get_data(cache=False)
    if not sent:
        raise BadRequest("Send the bytes of the library.")
    return sent


def read_text() -> str:
    """Return the text that the body of the present request holds.

    :raises BadRequest: where it is none
    """
    try:
        return request.get_data().decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadRequest(f"The script is no UTF-8 at byte {error.start}.") from error


def _limit(most: int) -> None:
    request.max_content_length = most
    if (request.content_length or 0) > most:
        raise RequestEntityTooLarge
