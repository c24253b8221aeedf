"""A camera that does what a file says, and a server of cameras around it."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.bsread.message import Message
from pyca.bsread.receiver import Receiver
from pyca.camera.cameras import Cameras
from pyca.camera.instance import instance, probe
from pyca.config.settings import Camera, Settings
from pyca.core.errors import OfflineError, SourceError
from pyca.runtime.channel import Channel
from pyca.sources import catalogue
from pyca.sources.catalogue import Kind
from pyca.sources.frame import Frame
from pyca.sources.options import Option, integer
from tests.ports import free_ports
from tests.tools import wait_for

KINDS = catalogue.kinds
JOBS = {"instance": "tests.camera_doubles:run_instance", "probe": "tests.camera_doubles:run_probe"}


class Obedient:
    """Each line of its file is obeyed for as long as it stands there.

    “WxH”: images of this size; offline; garbage; raises; hangs; dies; slow (opens once told otherwise)
    """

    lost = 0

    def __init__(self, path: str) -> None:
        self._path = Path(path)
        self._number = 0

    def _order(self) -> str:
        return self._path.read_text().strip()

    def open(self) -> None:
        while self._order() == "slow":
            time.sleep(0.01)
        if self._order() == "offline":
            raise OfflineError("Camera with prefix P is offline")

    def size(self) -> tuple[int, int]:
        order = self._order()
        if "x" not in order:
            raise SourceError("It does not say")
        width, height = map(int, order.split("x"))
        return width, height

    def receive(self, timeout: float) -> Frame | None:
        order = self._order()
        if order == "offline":
            time.sleep(0.05)
            raise OfflineError("Camera with prefix P is offline")
        if order == "garbage":
            self._number += 1
            raise SourceError(f"{self._number} bytes are no image")
        if order == "raises":
            raise RuntimeError("a mistake of ours")
        while order == "hangs":
            time.sleep(1)
        time.sleep(0.01)
        if "x" not in order:
            return None
        width, height = self.size()
        image = np.arange(width * height, dtype=np.uint16).reshape(height, width)
        return Frame(image, time.time_ns(), channels={"extra": 2.5})

    def close(self) -> None:
        pass


def kinds() -> Mapping[str, Kind]:
    made = Kind((Option("channel", 0, integer(0)),), lambda source, options: Obedient(source))
    return {**KINDS(), "obedient": made}


def obedient_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the obedient camera among the kinds of this process too."""
    monkeypatch.setattr(catalogue, "kinds", kinds)


def run_instance(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    catalogue.kinds = kinds
    return instance.run(channel, argument, files)


def run_probe(channel: Channel, argument: dict[str, Any], files: list[int]) -> int:
    catalogue.kinds = kinds
    return probe.run(channel, argument, files)


def settings_in(folder: Path, **more: Any) -> Settings:
    """Settings of a server that has ports of its own."""
    first = free_ports(41)
    ports = {"first_port": first, "last_port": first + 40} | more
    camera = Camera(directory=folder / "cameras", backgrounds=folder / "backgrounds", **ports)
    return Settings(camera=camera)


@contextmanager
def running_cameras(settings: Settings, jobs: Mapping[str, str] = JOBS) -> Iterator[Cameras]:
    cameras = Cameras(settings, jobs)
    cameras.start()
    try:
        yield cameras
    finally:
        cameras.close()


@contextmanager
def listening(address: str) -> Iterator[Receiver]:
    receiver = Receiver(address, high_water_mark=1000)
    receiver.open()
    try:
        yield receiver
    finally:
        receiver.close()


def message_of(receiver: Receiver) -> Message:
    return wait_for(lambda: receiver.receive(1.0), "a message")


def small(**more: Any) -> dict[str, Any]:
    return {"source": "any", "source_type": "simulation", "width": 32, "height": 16, "frame_rate": 50} | more


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def tell(order: Path, words: str) -> None:
    new = order.with_suffix(".new")
    new.write_text(words)
    new.replace(order)


def facts(cameras: Cameras, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cameras.info()["active_instances"][name]
    return found


def pid_of(cameras: Cameras, name: str) -> int:
    return int(facts(cameras, name)["statistics"]["pid"])


def figures(cameras: Cameras, name: str) -> dict[str, object]:
    found: dict[str, object] = facts(cameras, name)["statistics"]
    return found


def obedient(order: Path, **more: object) -> dict[str, object]:
    return {"source": str(order), "source_type": "obedient", "no_client_timeout": 0, **more}
