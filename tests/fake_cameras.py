"""Cameras without processes and sockets, for the tests of all that asks them."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.camera.files.folder import RESERVED
from pyca.core.errors import BusyError, ConfigError, ImagingError, OfflineError, PycaError, UnknownNameError
from pyca.images.snapshot import Snapshot

WIDTH, HEIGHT = 64, 48
LINE = ["2026-11-21 21:00:00,000", "pyca.camera", "INFO", "it runs"]
DEFAULTS: dict[str, Any] = {
    "source": "demo", "source_type": "simulation", "mirror_x": False, "alias": [], "group": [],
}  # fmt: skip


@dataclass
class FakeCameras:
    """Does what :class:`pyca.camera.cameras.Cameras` does, by hand.

    :param offline: cameras that do not answer
    :param endless: never let a stream end by itself
    """

    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    broken: dict[str, ImagingError | ConfigError] = field(default_factory=dict)
    """what is wrong with the configurations of cameras"""
    running: dict[str, int] = field(default_factory=dict)
    backgrounds: dict[str, NDArray[Any]] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    hold: threading.Event = field(default_factory=threading.Event)
    """while it is cleared, nobody gets an image, a stream or a geometry"""
    most: int = 100
    """instances that have a port"""
    period: float = 0.02
    """seconds between two frames"""
    shape: tuple[int, int] = (HEIGHT, WIDTH)
    subscribers: int = 0
    closed: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.hold.set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Nothing has to begin."""

    def names(self) -> list[str]:
        return sorted(self.configs)

    def aliases(self) -> dict[str, str]:
        return {alias: name for name in self.names() for alias in self.configs[name]["alias"]}

    def groups(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.names():
            for group in self.configs[name]["group"]:
                found.setdefault(group, []).append(name)
        return found

    def config(self, name: str) -> dict[str, Any]:
        found = self._known(name)
        if found in self.broken:
            raise self.broken[found]
        return dict(self.configs[found])

    def everything(self) -> dict[str, dict[str, Any] | PycaError]:
        return {name: self.broken.get(name) or dict(self.configs[name]) for name in self.names()}

    def save(self, name: str, raw: object) -> dict[str, Any]:
        _check_new(name)
        if not isinstance(raw, dict):
            raise ConfigError(["the configuration has to be an object"])
        problems = [f"unknown key '{key}'" for key in raw if key not in (*DEFAULTS, "name", "rotate")]
        if "source" not in raw:
            problems.append("'source' not specified in configuration.")
        if problems:
            raise ConfigError(problems)
        self.configs[name] = {**DEFAULTS, **raw, "name": name}
        return dict(self.configs[name])

    def delete(self, name: str) -> None:
        found = self._known(name)
        self.running.pop(found, None)
        del self.configs[found]

    def rename(self, old: str, new: str) -> None:
        _check_new(new)
        found = self._known(old)
        if new in self.configs:
            raise ConfigError([f"there is a camera {new} already"])
        self.configs[new] = {**self.configs.pop(found), "name": new}

    def local(self, name: str) -> str:
        return ""

    def stream(self, name: str) -> str:
        found = self._answering(name)
        with self._lock:
            if found not in self.running:
                if len(self.running) >= self.most:
                    raise BusyError("All ports are used. Stop some instances before opening a new stream.")
                self.running[found] = 10100 + len(self.running)
            return f"tcp://localhost:{self.running[found]}"

    def online(self, name: str) -> tuple[bool, str]:
        try:
            self._answering(name)
        except OfflineError as error:
            return False, error.message
        return True, ""

    def geometry(self, name: str) -> tuple[int, int]:
        self._answering(name)
        return self.shape[1], self.shape[0]

    def snapshot(self, name: str, *, raw: bool = False, timeout: float = 10.0) -> Snapshot:
        self._answering(name)
        return self._shot(1 if raw else 2)

    def frames(self, name: str) -> AbstractContextManager[Iterator[Snapshot]]:
        return self._frames(name)

    def stop(self, name: str) -> None:
        self.running.pop(self.aliases().get(name, name), None)

    def stop_all(self) -> None:
        self.running.clear()

    def remove(self, name: str) -> None:
        self.stop(name)

    def info(self) -> dict[str, Any]:
        instances = {name: self._facts(name) for name in list(self.running)}
        return {
            "version": "5",
            "active_instances": instances,
            "cpu": 1.0,
            "memory": 2,
            "tx": None,
            "rx": None,
        }

    def heartbeat(self) -> dict[str, Any]:
        flat = {
            name: {"rx": 9.98, "tx": float("nan"), "clients": 1, "lost": 3, "pid": "12"}
            for name in self.running
        }
        return {"version": "5", "instances": flat}

    def _facts(self, name: str) -> dict[str, Any]:
        found = self._known(name)
        statistics = {"rx": "9.98Hz - 123", "tx": "9.90Hz - 122", "clients": 1, "lost": 3, "cpu": 12.3,
                      "memory": 45_000_000, "latency": 0.0124}  # fmt: skip
        return {
            "camera_name": found,
            "stream_address": f"tcp://localhost:{self.running.get(found, 0)}",
            "is_stream_active": found in self.running,
            "statistics": statistics,
            "online": found not in self.offline,
            "status": f"Camera with prefix {found} is offline" if found in self.offline else "",
            "config": self.config(found),
        }

    def logs(self) -> list[list[str]]:
        return [LINE, LINE]

    def instance_logs(self, name: str) -> list[list[str]]:
        self._known(name)
        return [LINE]

    def background(self, name: str, image: NDArray[Any]) -> None:
        _check_name(name)
        self.backgrounds[name] = image

    def script_names(self) -> list[str]:
        return sorted(self.scripts)

    def script(self, name: str) -> str:
        if name not in self.scripts:
            raise UnknownNameError(f"Requested script '{name}' does not exist.")
        return self.scripts[name]

    def save_script(self, name: str, text: str) -> None:
        _check_name(name)
        self.scripts[name] = text

    def delete_script(self, name: str) -> None:
        self.script(name)
        del self.scripts[name]

    def close(self) -> None:
        self.closed.set()
        self.running.clear()

    @contextmanager
    def _frames(self, name: str) -> Iterator[Iterator[Snapshot]]:
        self.stream(name)
        with self._lock:
            self.subscribers += 1
        try:
            yield self._moving(self.aliases().get(name, name))
        finally:
            with self._lock:
                self.subscribers -= 1

    def _moving(self, name: str) -> Iterator[Snapshot]:
        pulse = 0
        while name in self.running and not self.closed.wait(self.period):
            pulse += 1
            yield self._shot(pulse)

    def _shot(self, pulse: int) -> Snapshot:
        height, width = self.shape
        image = np.zeros(self.shape, np.uint16)
        image[:, pulse * 7 % width :] = 1000 + pulse % 3
        return Snapshot(
            image, np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32), pulse, pulse
        )

    def _known(self, name: str) -> str:
        found = self.aliases().get(name, name)
        if found not in self.configs:
            raise UnknownNameError(
                f"Unable to load config '{name}'. Config file '{name}.json' does not exist."
            )
        return found

    def _answering(self, name: str) -> str:
        found = self._known(name)
        self.hold.wait(60)
        if found in self.offline:
            raise OfflineError(f"Camera with prefix {found} is offline")
        return found


def _check_name(name: str) -> None:
    if not name.isprintable() or "/" in name or ".." in name or len(name) > 100:
        raise ConfigError([f"“{name[:60]!r}” cannot be the name of a file"])


def _check_new(name: str) -> None:
    _check_name(name)
    if name in RESERVED:
        raise ImagingError(f"“{name}” is a word of the interface: choose another name.")


def some() -> FakeCameras:
    """Return two cameras that answer and one that does not."""
    made = FakeCameras(offline={"gone"})
    made.save("cam1", {"source": "demo", "alias": ["one"], "group": ["lab"]})
    made.save("cam2", {"source": "demo", "group": ["lab", "hall"]})
    made.save("gone", {"source": "PV:X", "source_type": "epics"})
    return made
