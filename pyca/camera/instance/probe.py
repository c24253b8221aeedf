"""The process that asks a camera which does not run."""

import os
import time
from pathlib import Path
from typing import Any

from pyca.camera.files.configuration import Configuration, parse
from pyca.camera.image.axes import axes
from pyca.camera.image.transform import Transform
from pyca.camera.instance.delivery import as_delivered
from pyca.core.errors import PycaError, SourceError
from pyca.images import packed
from pyca.images.backgrounds import Backgrounds
from pyca.images.snapshot import Snapshot
from pyca.instances import faults
from pyca.instances.logs import to_server
from pyca.runtime.channel import Channel, ChannelClosedError
from pyca.sources import catalogue
from pyca.sources.frame import Frame
from pyca.sources.source import Source

_PART = 0.2
"""seconds that the camera is waited for before it is seen whether anybody still wants to know"""


def run(channel: Channel, argument: dict[str, Any], _files: list[int]) -> int:
    """Open a camera, answer one question, and end.

    :param argument: ``name``, ``configuration``, ``backgrounds`` (folder), ``what`` (online, geometry or
        snapshot), ``raw``, ``timeout`` in seconds
    """
    to_server(channel)
    try:
        configuration = parse(argument["name"], argument["configuration"])
        kind = catalogue.kinds()[configuration.source_type]
        source = kind.make(configuration.source, configuration.options)
        try:
            source.open()
            _answer(channel, argument, configuration, source)
        finally:
            source.close()
    except PycaError as error:
        channel.send({"failed": faults.described(error)})
    except ChannelClosedError:
        # Nobody wants to know any more.
        return 0
    return 0


def _answer(channel: Channel, argument: dict[str, Any], configuration: Configuration, source: Source) -> None:
    if argument["what"] == "online":
        channel.send({"answer": 0})
    elif argument["what"] == "geometry":
        size = source.size()
        channel.send({"answer": 0, "geometry": Transform(configuration, None).size_after(size)})
    else:
        frame = _frame(channel, source, argument["timeout"], configuration.name)
        facts, descriptor = packed.packed(_shown(frame, argument, configuration))
        channel.send({"answer": 0, **facts}, (descriptor,))
        os.close(descriptor)


def _frame(channel: Channel, source: Source, timeout: float, name: str) -> Frame:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        frame = source.receive(_PART)
        if frame is not None:
            return frame
        channel.receive()
    raise SourceError(f"Camera {name} delivered nothing within {timeout:g} s")


def _shown(frame: Frame, argument: dict[str, Any], configuration: Configuration) -> Snapshot:
    if argument["raw"]:
        return as_delivered(frame)
    background = None
    if configuration.image_background:
        background = Backgrounds(Path(argument["backgrounds"])).read(configuration.image_background)
    image = Transform(configuration, background).apply(frame.image)
    height, width = frame.image.shape
    return Snapshot(image, *axes(configuration, (width, height)), frame.pulse_id or 0, frame.nanoseconds)
