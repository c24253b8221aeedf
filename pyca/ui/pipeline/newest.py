"""The newest message of an instance, for whoever looks at it: its values, its image, a picture that moves."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from flask import Blueprint, Response

from pyca.bsread.message import Message, Value
from pyca.core.errors import SourceError
from pyca.images.snapshot import Snapshot
from pyca.pipeline.pipelines import Pipelines
from pyca.ui.imaging import moving
from pyca.ui.imaging.envelope import fine
from pyca.ui.imaging.looks import look, patience, picture
from pyca.ui.imaging.room import room, slow
from pyca.ui.pipeline.instances import PREFIX
from pyca.ui.pipeline.room import pipelines

blueprint = Blueprint("newest", __name__, url_prefix=PREFIX)

IMAGE = "image"
LONGEST = 16_384
"""elements of an array that are told as numbers: more than the rows or columns of an image"""
_SECOND = 1e9


@blueprint.get("/instance/<name>/values")
@slow
def values(name: str) -> Response:
    """Return the values of all channels; of images and of long arrays the shapes and types alone.

    Numbers that JSON does not have are null.
    """
    message = pipelines().message(name, patience())
    told = {key: _told(value) for key, value in message.values.items() if not _is_large(value)}
    arrays = {key: _about(value) for key, value in message.values.items() if _is_large(value)}
    return fine(
        f"Newest message of instance {name}.",
        pulse_id=message.pulse_id,
        timestamp=message.nanoseconds / _SECOND,
        values=told,
        arrays=arrays,
    )


@blueprint.get("/instance/<name>/image")
@slow
def image(name: str) -> Response:
    """Return the image as PNG."""
    wanted = look()
    return picture(image_of(name, pipelines().message(name, patience())), wanted)


@blueprint.get("/instance/<name>/mjpeg")
def mjpeg(name: str) -> Response:
    """Show the images as a picture that changes, until the instance ends or nobody looks any more."""
    here = room()
    return moving.mjpeg(name, lambda rate: partial(_images, here.servant, name, 1 / rate, here.closing))


def image_of(name: str, message: Message) -> Any:
    """Return the image of a message: (height, width).

    It is the channel of this name, or where there is none the first one with rows and columns.

    :param name: of the instance
    :raises SourceError: where it has none
    """
    found = message.values.get(IMAGE)
    if found is None:
        found = next((value for value in message.values.values() if _has_rows(value)), None)
    # One row or one pixel alone comes as an array of less dimensions.
    image = np.atleast_2d(np.asarray(found))
    # A function may send anything by this name.
    if image.dtype.kind not in "buif" or image.ndim > 2 or not image.size:
        raise SourceError(f"Instance {name} sends no image.", "look at its values")
    return image


@contextmanager
def _images(servant: Pipelines, name: str, pause: float, closing: Event) -> Iterator[Iterator[Snapshot]]:
    yield _snapshots(servant, name, pause, closing)


def _snapshots(servant: Pipelines, name: str, pause: float, closing: Event) -> Iterator[Snapshot]:
    seen: tuple[int, int] | None = None
    due = time.monotonic()
    while not closing.wait(max(due - time.monotonic(), 0.0)):
        due = time.monotonic() + pause
        message = servant.message(name, moving.FIRST_PICTURE)
        moment = message.pulse_id, message.nanoseconds
        if moment != seen:
            seen = moment
            yield _snapshot(image_of(name, message), message)


def _snapshot(image: Any, message: Message) -> Snapshot:
    height, width = image.shape
    x_axis, y_axis = (np.arange(size, dtype=np.float32) for size in (width, height))
    return Snapshot(image, x_axis, y_axis, message.pulse_id, message.nanoseconds)


def _has_rows(value: Value) -> bool:
    return isinstance(value, np.ndarray) and value.ndim == 2


def _is_large(value: Value) -> bool:
    return isinstance(value, np.ndarray) and (value.ndim > 1 or value.size > LONGEST)


def _about(value: Any) -> dict[str, Any]:
    return {"shape": list(value.shape), "dtype": value.dtype.newbyteorder("<").str}


def _told(value: Value) -> Any:
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value
