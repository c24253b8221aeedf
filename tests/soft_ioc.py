"""An IOC of EPICS with a camera, on ports of its own.

In a test::

    def test_something(soft_ioc: SoftIoc) -> None:
        # os.environ has what clients in this process and its children need.
        …  # the camera is soft_ioc.prefix, that of areaDetector soft_ioc.detector
        soft_ioc.put("RATE", 0)
        soft_ioc.kill()
        soft_ioc.start()
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.ports import free_port

if TYPE_CHECKING:
    from numpy.typing import NDArray

DETECTOR = ":image1"
START_SECONDS = 60.0
MOST = 4096 * 4096
"""elements of an image"""


def made(number: int, width: int, height: int) -> "NDArray[Any]":
    """Return an image of all values of uint16, the first of which is its number. There are 16 of them."""
    import numpy as np

    image = (np.arange(width * height, dtype=np.uint32) * 31 + number * 997).astype(np.uint16)
    image[0] = number
    return image.reshape(height, width)


class SoftIoc:
    """See above.

    :param options: of :mod:`tests.soft_ioc_server`
    """

    def __init__(self, prefix: str = "TEST:CAM", *options: str) -> None:
        self.prefix = prefix
        self.detector = f"{prefix}{DETECTOR}"
        self.options = options
        repeater = str(free_port())
        self.environment = {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(free_port()),
            "EPICS_CA_REPEATER_PORT": repeater,
            "EPICS_CA_MAX_ARRAY_BYTES": "40000000",
            "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
            "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
            "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
            "EPICS_CAS_BEACON_PORT": repeater,
        }
        self.process: subprocess.Popen[str] | None = None
        self.as_usual = False

    def start(self, *options: str) -> None:
        """Start it, with other options where some are given, and return when it listens."""
        root = Path(__file__).parent.parent
        self.as_usual = not options
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.soft_ioc_server", self.prefix, *(options or self.options)],
            cwd=root,
            env={**os.environ, **self.environment, "PYTHONPATH": str(root)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        if not said or self.process.stdout.readline() != "ready\n":
            self.kill()
            raise AssertionError("the soft IOC did not begin")

    def put(self, name: str, value: Any) -> None:
        """Write to one of its PVs; only while its environment is that of this process."""
        from caproto.sync.client import write

        # Without one: it would outlive the test.
        write(f"{self.prefix}:{name}", value, notify=True, timeout=30, repeater=False)

    def kill(self) -> None:
        """Have it gone at once, as when its machine loses power; nothing happens where it is gone."""
        if self.process is not None:
            assert self.process.stdout is not None
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()
            self.process = None


@pytest.fixture(scope="session")
def one_soft_ioc() -> Iterator[SoftIoc]:
    """The one of all tests: to start it takes longer than most of them."""
    ioc = SoftIoc()
    yield ioc
    ioc.kill()


@pytest.fixture
def soft_ioc(one_soft_ioc: SoftIoc, monkeypatch: pytest.MonkeyPatch) -> SoftIoc:
    """A camera of 64 × 48 pixels with 50 images a second, as if it had just been started."""
    pytest.importorskip("caproto")
    for name, value in one_soft_ioc.environment.items():
        monkeypatch.setenv(name, value)
    if one_soft_ioc.process is not None and one_soft_ioc.as_usual:
        one_soft_ioc.put("RESET", 1)
    else:
        one_soft_ioc.kill()
        one_soft_ioc.start()
    return one_soft_ioc
