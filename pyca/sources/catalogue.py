"""The kinds of cameras, by the name that a configuration has for them (``source_type``)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pyca.sources import area_detector, epics, ffmpeg, hdf5, picamera, simulation, stream
from pyca.sources.options import Option
from pyca.sources.source import Source


@dataclass(frozen=True)
class Kind:
    """One kind of camera.

    :param options: the keys that it has beyond those of all cameras
    :param make: returns a camera, not yet open, from ``source`` and all of the options, defaults included;
        it raises a :class:`pyca.core.errors.SourceError` where ``source`` makes no sense for this kind
    """

    options: tuple[Option, ...]
    make: Callable[[str, Mapping[str, Any]], Source]


def kinds() -> Mapping[str, Kind]:
    """Return all kinds. What only one of them needs is imported when a camera of it is opened."""
    return {
        "simulation": Kind(simulation.OPTIONS, simulation.make),
        "bsread": Kind(stream.OPTIONS, stream.make),
        "stream": Kind(stream.OPTIONS, stream.make),
        "epics": Kind(epics.OPTIONS, epics.make),
        "area_detector": Kind(area_detector.OPTIONS, area_detector.make),
        "bsread_simulation": Kind(simulation.OPTIONS, simulation.make_pulsed),
        "ffmpeg": Kind(ffmpeg.OPTIONS, ffmpeg.make),
        "hdf5": Kind(hdf5.OPTIONS, hdf5.make),
        "picamera": Kind(picamera.OPTIONS, picamera.make),
    }
