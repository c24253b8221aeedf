"""What the server knows of a process that has just begun."""

import os
import threading

from pyca.camera.files.configuration import parse
from pyca.instances.ports import Address
from pyca.instances.running import Running
from pyca.instances.statistics import Statistics, memory
from pyca.runtime.channel import Channel
from pyca.runtime.nursery import Ward


class Told(threading.Event):
    """Its parent tells of it once somebody waits for that."""

    def __init__(self, ward: Ward) -> None:
        super().__init__()
        self._ward = ward

    def wait(self, timeout: float | None = None) -> bool:
        self._ward.pid = os.getpid()
        self.set()
        return True


def test_its_pid_is_known_once_it_has_begun() -> None:
    """Its own word may come before that of its parent."""
    ours, theirs = Channel.pair()
    descriptor = memory()
    ward = Ward(ours, 1)
    ward.born = Told(ward)
    configuration = parse("one", {"source": "simulation", "source_type": "simulation"})
    running = Running(configuration, Address("", "", ""), 0, ward, Statistics(descriptor))
    running.hear({"started": "", "geometry": [8, 4], "online": True}, [])
    running.wait_until_known()
    assert running.statistics()["pid"] == str(os.getpid())
    running.close()
    ours.close()
    theirs.close()
    os.close(descriptor)
