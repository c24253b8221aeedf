"""Which feed a configuration asks for."""

import re
import socket
from contextlib import suppress
from functools import partial

from pyca.bsread.sockets import Mode
from pyca.core.errors import ImagingError
from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.files.keys import MERGING
from pyca.pipeline.instance import dispatcher
from pyca.pipeline.instance.asked_feed import AskedFeed
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

    :raises ImagingError: where it has no source and needs one, or no dispatcher and needs that
    :raises WireError: where an address is none
    """
    if configuration.pipeline_type == "fanin" and configuration.input_mode == "PULL":
        address = _listening(configuration.input_stream or _own_input(around.address))
        return FanFeed(address, configuration.pid_buffer)
    images = _images(configuration, around)
    if images is None:
        return _alone(configuration, around)
    data = _scalars(configuration, around, newest=False, waiting=_MOST_WAITING)
    if data is None:
        return images
    return Merge(images, data, configuration.bsread_image_buf, configuration.bsread_data_buf)


def _images(configuration: Configuration, around: Surroundings) -> Feed | None:
    """Return the feed of messages that others may be merged with; None where there are none."""
    if configuration.input_stream is not None:
        return StreamFeed(configuration.input_stream, mode=Mode(configuration.input_mode))
    if configuration.camera_name is not None:
        return CameraFeed(configuration.camera_name, around.cameras, around.token)
    return None


def _alone(configuration: Configuration, around: Surroundings) -> Feed:
    if (found := _scalars(configuration, around)) is not None:
        return found
    if configuration.pipeline_type in _SELF_DRIVEN:
        return MadeFeed(configuration.max_frame_rate or RATE)
    raise ImagingError(
        f"Pipeline {configuration.name} has no source.", "Name it in camera_name or input_stream."
    )


def _scalars(
    configuration: Configuration, around: Surroundings, newest: bool | None = None, waiting: int = WAITING
) -> Feed | None:
    """Return the feed of ``bsread_address``, or of what the dispatcher makes; None without both."""
    if configuration.pipeline_type not in MERGING:
        return None
    channels = configuration.bsread_channels or ()
    # A configuration that was parsed has a mode wherever it has an address or channels.
    mode = Mode(configuration.bsread_mode or "SUB")
    stream = partial(StreamFeed, mode=mode, channels=channels, newest=newest, waiting=waiting)
    if configuration.bsread_address is not None:
        return stream(configuration.bsread_address)
    if not channels:
        return None
    if not around.dispatcher:
        raise ImagingError(
            "bsread_channels: there is no bsread_address, and [pipeline] dispatcher names nobody to ask.",
            "Name one of them.",
        )
    return AskedFeed(partial(dispatcher.ask, around.dispatcher, channels), stream, "dispatcher")


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
