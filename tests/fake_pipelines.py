"""Pipelines without processes and sockets, for the tests of all that asks them."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pyca.bsread.message import Message
from pyca.core.errors import BusyError, ConfigError, ImagingError, OfflineError, PycaError, UnknownNameError
from pyca.pipeline.control.collector import number_of
from pyca.pipeline.pipelines import Created
from tests.beam_values import Beam

WIDTH, HEIGHT = 64, 48
LINE = ["2026-11-22 03:00:00,000", "pyca.pipeline", "INFO", "it runs"]
DEFAULTS: dict[str, Any] = {
    "pipeline_type": "processing", "camera_name": None, "image_threshold": None, "function": None,
    "group": [], "port": None, "read_only": False, "paused": False, "averaging": None, "rotation": None,
    "max_frame_rate": None, "image_background": None, "image_background_enable": False,
    "image_region_of_interest": None, "image_good_region": None, "image_slices": None,
}  # fmt: skip
TYPES = ("processing", "store", "stream", "custom", "script", "fanout", "fanin")


@dataclass
class Instance:
    """One that runs, or has run."""

    stream: str
    config: dict[str, Any]
    read_only: bool = False
    exitcode: int | None = None
    pulse: int = 0


@dataclass
class FakePipelines:
    """Does what :class:`pyca.pipeline.pipelines.Pipelines` does, by hand.

    :param offline: cameras that do not answer
    """

    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    offline: set[str] = field(default_factory=set)
    instances: dict[str, Instance] = field(default_factory=dict)
    kept: dict[str, NDArray[Any]] = field(default_factory=dict)
    scripts: dict[str, str] = field(default_factory=dict)
    libraries: dict[str, bytes] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    """what messages have beside, or in place of, what they always have"""
    beam: Beam | None = None
    """what the images show, if not something plain"""
    troubles: dict[str, str] = field(default_factory=dict)
    """what is wrong with what instances send"""
    hold: threading.Event = field(default_factory=threading.Event)
    """while it is cleared, nobody collects a background"""
    waiting: int = 0
    """who has begun to collect one"""
    most: int = 100
    """instances that have a port"""
    served: bool = True
    """whether the camera server answers"""

    def __post_init__(self) -> None:
        self.hold.set()
        self._lock = threading.RLock()
        self._number = 0

    def start(self) -> None:
        """Nothing has to begin."""

    def close(self) -> None:
        self.instances.clear()

    def names(self) -> list[str]:
        return sorted(self.configs)

    def groups(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name in self.names():
            for group in self.configs[name]["group"]:
                found.setdefault(group, []).append(name)
        return found

    def config(self, name: str) -> dict[str, Any]:
        if name not in self.configs:
            raise UnknownNameError(f"Pipeline '{name}' does not exist.")
        return dict(self.configs[name])

    def everything(self) -> dict[str, dict[str, Any] | PycaError]:
        return {name: dict(self.configs[name]) for name in self.names()}

    def save(self, name: str, raw: object) -> dict[str, Any]:
        _check_name(name)
        self.configs[name] = {**_parsed(raw), "name": name}
        return self.config(name)

    def delete(self, name: str) -> None:
        if name not in self.configs:
            raise UnknownNameError(f"Config '{name}' does not exist.")
        del self.configs[name]

    def rename(self, old: str, new: str) -> None:
        _check_name(new)
        self.config(old)
        if new in self.configs:
            raise ConfigError([f"there is a pipeline {new} already"])
        self.configs[new] = {**self.configs.pop(old), "name": new}

    def cameras(self) -> list[str]:
        if not self.served:
            raise OfflineError("The camera server at http://localhost:8888 does not answer.")
        return ["cam1", "cam2", "gone"]

    def create(self, raw: object, id: str | None = None) -> Created:
        return self._created(_parsed(raw), id)

    def create_named(
        self, name: str, id: str | None = None, additional: Mapping[str, Any] | None = None
    ) -> Created:
        return self._created(_parsed({**self.config(name), **(additional or {})}), id)

    def shared(self, raw: object) -> Created:
        config = _parsed(raw)
        with self._lock:
            for name, one in self.instances.items():
                if one.read_only and one.config == config:
                    return Created(name, one.stream, config)
            return self._created(config, None, read_only=True)

    def stream(self, name: str) -> str:
        with self._lock:
            if name not in self._running():
                if name not in self.configs:
                    raise UnknownNameError(
                        f"Instance '{name}' is not present on server and it is not a saved pipeline name."
                    )
                self._created(self.config(name), name, read_only=True)
            return self.instances[name].stream

    def instance_info(self, name: str) -> dict[str, Any]:
        one = self._known(name)
        return {
            "stream_address": one.stream,
            "is_stream_active": one.exitcode is None,
            "camera_name": one.config["camera_name"],
            "config": one.config,
            "instance_id": name,
            "read_only": one.read_only,
            "last_start_time": "2026-11-22 03:00:00 UTC+0000",
            "statistics": {"rx": "9.98Hz - 123", "tx": "9.90Hz - 122", "clients": 1, "lost": 3},
            "status": self.troubles.get(name, ""),
        }

    def instance_config(self, name: str) -> dict[str, Any]:
        return dict(self._known(name).config)

    def exitcode(self, name: str) -> int | None:
        return self._known(name).exitcode

    def change(self, name: str, update: Mapping[str, Any]) -> dict[str, Any]:
        if not update:
            raise ImagingError("Config updates cannot be empty.")
        one = self._known(name)
        if one.read_only:
            raise ImagingError("Cannot set config on a read only instance.")
        if update.get("camera_name", one.config["camera_name"]) != one.config["camera_name"]:
            raise ImagingError(
                "Cannot change the camera name on a running instance. Stop the instance first."
            )
        one.config = _parsed({**one.config, **update})
        return dict(one.config)

    def message(self, name: str, timeout: float = 10.0) -> Message:
        one = self._known(name)
        one.pulse += 1
        image = np.zeros((HEIGHT, WIDTH), np.uint16)
        image[:, one.pulse * 7 % WIDTH :] = 1000
        values = {
            "x_axis": np.arange(WIDTH, dtype=np.float32),
            "y_axis": np.arange(HEIGHT, dtype=np.float32),
            "image": image,
            "width": np.int64(WIDTH),
            "processing_parameters": json.dumps(one.config),
            "x_fwhm": np.float64("nan"),
            "y_fwhm": np.float64(2.5),
            **(self.beam.values(one.pulse) if self.beam else {}),
            **self.values,
        }
        return Message(one.pulse, 1_700_000_000_500_000_000, values, {}, (), "")

    def collect(self, camera: str, n_images: object = 10) -> str:
        number = number_of(n_images)
        if camera in self.offline:
            raise OfflineError(f"Camera {camera} is not online. Cannot start pipeline.")
        with self._lock:
            self.waiting += 1
        assert self.hold.wait(60)
        with self._lock:
            self._number += 1
            found = f"{camera}_20261122_030000_{self._number:06}"
        self.kept[found] = np.full((HEIGHT, WIDTH), min(number, 65_535), np.uint16)
        return found

    def latest_background(self, camera: str) -> str:
        found = self.backgrounds(camera)
        if not found:
            raise UnknownNameError(f"No background matches for the specified prefix '{camera}'.")
        return found[-1]

    def backgrounds(self, camera: str = "") -> list[str]:
        return sorted(name for name in self.kept if name.startswith(f"{camera}_"))

    def background(self, name: str) -> NDArray[Any]:
        if name not in self.kept:
            raise UnknownNameError(f"Requested background '{name}' does not exist.")
        return self.kept[name]

    def save_background(self, name: str, image: NDArray[Any]) -> None:
        _check_name(name)
        self.kept[name] = image

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

    def lib_names(self) -> list[str]:
        return sorted(self.libraries)

    def lib(self, name: str) -> bytes:
        if name not in self.libraries:
            raise UnknownNameError(f"Requested library '{name}' does not exist.")
        return self.libraries[name]

    def save_lib(self, name: str, data: bytes) -> None:
        _check_name(name)
        self.libraries[name] = data

    def delete_lib(self, name: str) -> None:
        self.lib(name)
        del self.libraries[name]

    def stop(self, name: str) -> None:
        if name in self.instances:
            self.instances[name].exitcode = 0

    def stop_all(self) -> None:
        for name in list(self.instances):
            self.stop(name)

    def remove(self, name: str) -> None:
        self.instances.pop(name, None)

    def info(self) -> dict[str, Any]:
        active = {name: self.instance_info(name) for name in self._running()}
        ended = {
            name: {"exitcode": one.exitcode, "status": self.troubles.get(name, ""), "time": ""}
            for name, one in list(self.instances.items())
            if one.exitcode is not None
        }
        load = {"cpu": 1.0, "memory": 2, "tx": None, "rx": None}
        return {"version": "5", "active_instances": active, **load, "ended_instances": ended}

    def heartbeat(self) -> dict[str, Any]:
        flat = {
            name: {"rx": 9.98, "tx": float("nan"), "clients": 1, "lost": 3, "pid": "12"}
            for name in self._running()
        }
        return {"version": "5", "instances": flat}

    def logs(self) -> list[list[str]]:
        return [LINE, LINE]

    def instance_logs(self, name: str) -> list[list[str]]:
        self._known(name)
        return [LINE]

    def _running(self) -> list[str]:
        return [name for name, one in list(self.instances.items()) if one.exitcode is None]

    def _known(self, id: str) -> Instance:
        if id not in self.instances:
            raise UnknownNameError(f"Instance '{id}' does not exist.")
        return self.instances[id]

    def _created(self, config: dict[str, Any], id: str | None, *, read_only: bool = False) -> Created:
        camera = config["camera_name"]
        if camera in self.offline:
            raise OfflineError(f"Camera {camera} is not online. Cannot start pipeline.")
        with self._lock:
            self._number += 1
            name = id or f"id-{self._number}"
            _check_name(name)
            if name in self._running():
                raise ImagingError(
                    f"Instance with id '{name}' is already present and running. Use another instance_id or "
                    "stop the current instance if you want to reuse the same instance_id."
                )
            if len(self._running()) >= self.most:
                raise BusyError("All ports are used. Stop some instances before opening a new stream.")
            made = Instance(f"tcp://localhost:{11100 + self._number}", config, read_only)
            self.instances[name] = made
        return Created(name, made.stream, dict(config))


def _parsed(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ConfigError(["the configuration has to be an object"])
    problems = [f"unknown key '{key}'" for key in raw if key not in (*DEFAULTS, "name")]
    found = {**DEFAULTS, **raw}
    if found["pipeline_type"] not in TYPES:
        problems.append(
            f"pipeline_type {str(found['pipeline_type'])!r} not present in mapping. Available: {list(TYPES)}."
        )
    elif not isinstance(found["camera_name"], str):
        problems.append("Camera name not specified in configuration.")
    if not isinstance(found["group"], list):
        problems.append("'group' must be a list")
    if problems:
        raise ConfigError(problems)
    return found


def _check_name(name: str) -> None:
    if not name.isprintable() or "/" in name or ".." in name or len(name) > 100:
        raise ImagingError(f"“{name[:60]!r}” cannot be the name of a file")


def some() -> FakePipelines:
    """Return two pipelines, one of a camera that does not answer."""
    made = FakePipelines(offline={"gone"})
    made.save("one", {"camera_name": "cam1", "group": ["lab"]})
    made.save("two", {"camera_name": "gone", "group": ["lab", "hall"]})
    return made
