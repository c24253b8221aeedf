"""A camera server that runs, and clients of its streams in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.home import ROOT
from pyca.client import CamClient

PATIENCE = 60.0
_ADDRESS = re.compile(r"The camera server is at (\S+)")


@dataclass(frozen=True)
class CameraServer:
    """One that runs.

    :param folder: where the sockets may be
    """

    client: CamClient
    pid: int
    folder: Path

    def instance(self, name: str) -> int:
        """Return the process of a camera that runs."""
        return int(self.client.heartbeat()["instances"][name]["pid"])


@contextmanager
def served(cameras: Mapping[str, Mapping[str, Any]]) -> Iterator[CameraServer]:
    """Run ``pyca camera`` with some cameras until the end of the block."""
    with tempfile.TemporaryDirectory(prefix="pyca-camera-") as name:
        folder = Path(name)
        (folder / "cameras").mkdir()
        for camera, configuration in cameras.items():
            (folder / "cameras" / f"{camera}.json").write_text(json.dumps(configuration), "utf-8")
        log = folder / "log"
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PYCA_")}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pyca", "camera", "--port", "0", "--base", "cameras"],
                cwd=folder,
                env={**environ, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            yield CameraServer(CamClient(_address(log, process)), process.pid, folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _address(log: Path, process: "subprocess.Popen[bytes]") -> str:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        found = _ADDRESS.search(log.read_text("utf-8"))
        if found:
            return found[1]
        if process.poll() is not None:
            break
        time.sleep(0.01)
    raise RuntimeError(f"the camera server did not start: {log.read_text('utf-8')[-500:]}")


class Client:
    """A process that reads a stream."""

    def __init__(self, address: str, settle: float, seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.camera_client", address, str(settle), str(seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def told(self) -> dict[str, float]:
        """Return what it says next.

        :raises RuntimeError: where it ended without a word
        """
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("a client got nothing")
        return dict(json.loads(line))

    def end(self) -> None:
        """Wait for its end."""
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._process.wait(PATIENCE)
