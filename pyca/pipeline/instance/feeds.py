"""Which feed a configuration asks for."""

import re
import socket
from contextlib import suppress

from pyca.bsread.sockets import Mode
from pyca.core.errors import ImagingError
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.camera_feed import CameraFeed
from pyca.pipeline.instance.fan_feed import FanFeed
from pyca.pipeline.instance.feed import Feed
from pyca.pipeline.instance.made_feed import RATE, MadeFeed
from pyca.pipeline.instance.merge import Merge
from pyca.pipeline.instance.stream_feed import WAITING, StreamFeed
from pyca.pipeline.instance.surroundings import Surroundings

_SELF_DRIVEN = ("custom", "script")
"""types that need no source"""
_MOST_WAITING = 100
"""messages of scalars that may wait in a socket until they are merged"""


def make(configuration: Configuration, around: Surroundings) -> Feed:
    """Return the feed of a pipeline.

    :raises ImagingError: where it has no source and needs one
    :raises WireError: where an address is none
    """
    if configuration.pipeline_type == "fanin" and configuration.input_mode == "PULL":
        address = _listening(configuration.input_stream or _own_input(around.address))
        return FanFeed(address, configuration.pid_buffer)
    images = _images(configuration, around)
    if images is None:
        return _alone(configuration)
    if configuration.bsread_address is None:
        return images
    data = _stream(configuration, configuration.bsread_address, newest=False, waiting=_MOST_WAITING)
    return Merge(images, data, configuration.bsread_image_buf, configuration.bsread_data_buf)


def _images(configuration: Configuration, around: Surroundings) -> Feed | None:
    """Return the feed of messages that others may be merged with; None where there are none."""
    if configuration.input_stream is not None:
        return StreamFeed(configuration.input_stream, mode=Mode(configuration.input_mode))
    if configuration.camera_name is not None:
        return CameraFeed(configuration.camera_name, around.cameras, around.token)
    return None


def _alone(configuration: Configuration) -> Feed:
    if configuration.bsread_address is not None:
        return _stream(configuration, configuration.bsread_address)
    if configuration.pipeline_type in _SELF_DRIVEN:
        return MadeFeed(configuration.max_frame_rate or RATE)
    raise ImagingError(
        f"Pipeline {configuration.name} has no source.", "Name it in camera_name or input_stream."
    )


def _stream(
    configuration: Configuration, address: str, newest: bool | None = None, waiting: int = WAITING
) -> StreamFeed:
    mode = Mode(configuration.bsread_mode or "PULL")
    channels = configuration.bsread_channels or ()
    return StreamFeed(address, mode=mode, channels=channels, newest=newest, waiting=waiting)


def _own_input(address: str) -> str:
    """Return where a pipeline gets its input, beside where its stream is."""
    return f"{address}.in" if address.startswith("ipc://") else "tcp://127.0.0.1:*"


def _listening(address: str) -> str:
    """Return an address to bind: ZeroMQ takes numbers and names of interfaces, not names of machines."""
    match = re.fullmatch(r"tcp://([^\[\]*:]+):(.*)", address)
    if match is None:
        return address
    host = match[1]
    with suppress(OSError):
        host = socket.gethostbyname(host)
    return f"tcp://{host}:{match[2]}"
