"""Keys of a pipeline that reach what they are for: its place, and the streams that are merged."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pyca.bsread.sockets import Mode
from pyca.instances.ports import Network, Ports
from pyca.pipeline.control.places import PipelinePlaces
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance import feeds
from pyca.pipeline.instance.stream_feed import StreamFeed
from pyca.pipeline.instance.surroundings import Surroundings
from tests.ports import free_port


def place_of(keys: Mapping[str, Any], folder: Path) -> str:
    """Return where a pipeline's stream is bound."""
    port = free_port()
    places = PipelinePlaces(Network("127.0.0.1"), Ports(port, port), folder)
    configuration = parse("beam", {"camera_name": "simulation", **keys})
    address, held = next(iter(places.find(configuration)))
    places.release(held)
    return address.bind


def test_a_stream_has_the_port_or_the_protocol_that_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    port = free_port()
    assert place_of({"port": port}, tmp_path) == f"tcp://127.0.0.1:{port}"
    assert place_of({"protocol": "ipc"}, tmp_path).startswith(f"ipc://{tmp_path}")
    assert place_of({}, tmp_path).startswith("tcp://127.0.0.1:")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, (Mode.PULL, 1000, 1000)),
        ({"bsread_mode": "SUB", "bsread_image_buf": 7, "bsread_data_buf": 9}, (Mode.SUB, 7, 9)),
    ],
)
def test_values_are_merged_as_it_is_wanted(
    monkeypatch: pytest.MonkeyPatch, keys: dict[str, Any], expected: tuple[Any, ...]
) -> None:
    found: list[Any] = []

    class Stream(StreamFeed):
        """Notes how it is read."""

        def __init__(self, address: str, **more: Any) -> None:
            found.append(more["mode"])
            super().__init__(address, **more)

    def merge(_images: object, _data: object, images: int, values: int) -> None:
        found.extend((images, values))

    monkeypatch.setattr(feeds, "StreamFeed", Stream)
    monkeypatch.setattr(feeds, "Merge", merge)
    raw = {"camera_name": "simulation", "bsread_address": "tcp://127.0.0.1:9", **keys}
    feeds.make(parse("beam", raw), Surroundings("tcp://127.0.0.1:*", cameras="http://127.0.0.1:9"))
    assert tuple(found) == expected
