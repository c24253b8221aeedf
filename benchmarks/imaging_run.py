"""Camera and pipeline servers that run, and clients of their streams in processes of their own."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from benchmarks.home import ROOT
from pyca.client import CamClient, PipelineClient

PATIENCE = 60.0
_ADDRESS = re.compile(r"The \w+ server is at (\S+)")

T = TypeVar("T", CamClient, PipelineClient)


@dataclass(frozen=True)
class Server(Generic[T]):
    """One that runs."""

    client: T
    address: str
    pid: int

    def instance(self, name: str) -> int:
        """Return the process of an instance that runs."""
        return int(self.client.heartbeat()["instances"][name]["pid"])


CameraServer = Server[CamClient]
PipelineServer = Server[PipelineClient]


@contextmanager
def served(cameras: Mapping[str, Mapping[str, Any]]) -> Iterator[CameraServer]:
    """Run ``pyca camera`` with some cameras until the end of the block."""
    with _run("camera", cameras, ()) as (address, pid):
        yield Server(CamClient(address), address, pid)


@contextmanager
def pipelines_served(cameras: str) -> Iterator[PipelineServer]:
    """Run ``pyca pipeline`` until the end of the block.

    :param cameras: address of the camera server
    """
    with _run("pipeline", {}, ("-c", cameras)) as (address, pid):
        yield Server(PipelineClient(address), address, pid)


@contextmanager
def _run(
    service: str, configurations: Mapping[str, Mapping[str, Any]], arguments: Sequence[str]
) -> Iterator[tuple[str, int]]:
    with tempfile.TemporaryDirectory(prefix=f"pyca-{service}-") as name:
        folder = Path(name)
        (folder / "base").mkdir()
        for one, configuration in configurations.items():
            (folder / "base" / f"{one}.json").write_text(json.dumps(configuration), "utf-8")
        log = folder / "log"
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PYCA_")}
        kept = {key: os.environ[key] for key in ("PYCA_KERNEL",) if key in os.environ}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "pyca", service, "--port", "0", "--base", "base", *arguments],
                cwd=folder,
                env={**environ, **kept, "PYTHONPATH": str(ROOT)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=output,
            )
        try:
            yield _address(log, process), process.pid
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
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8')[-500:]}")


class Client:
    """A process that reads a stream."""

    def __init__(self, address: str, settle: float, seconds: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.stream_client", address, str(settle), str(seconds)],
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
