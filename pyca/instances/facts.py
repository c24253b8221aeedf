"""What is told about instances and their server, in the names that clients of the camera server know."""

import time
from typing import Any

import psutil

from pyca.instances.running import Running
from pyca.instances.statistics import WINDOW


def instance_facts(running: Running[Any]) -> dict[str, Any]:
    """Return the facts of a camera that runs."""
    size = running.size()
    return {
        "stream_address": running.address.shown,
        "is_stream_active": True,
        "camera_geometry": list(size) if size else None,
        "camera_name": running.name,
        "last_start_time": time.strftime("%Y-%m-%d %H:%M:%S UTC+0000", time.gmtime(running.began)),
        "statistics": running.statistics(),
        "config": running.configuration.as_json(),
        "online": running.online,
        "status": running.trouble if running.online else running.why,
    }


def flat_figures(running: Running[Any]) -> dict[str, Any]:
    """Return the facts of a camera that runs in one level, rates as numbers."""
    figures, facts = running.figures(), instance_facts(running)
    statistics: dict[str, Any] = facts.pop("statistics")
    del facts["config"]
    rates = {"rx": figures.receive_rate, "tx": figures.send_rate, "forwards": None}
    return facts | statistics | rates


class Load:
    """How busy the machine is, over windows of a second, whoever looks and how often."""

    def __init__(self) -> None:
        self._last: tuple[float, int, int] | None = None
        self._facts: dict[str, Any] = {"cpu": 0.0, "tx": None, "rx": None}

    def measure(self, now: float) -> None:
        """Begin another window where one is over. By one thread.

        :param now: of the monotonic clock
        """
        before = self._last
        if before is not None and now - before[0] < WINDOW:
            return
        counters = psutil.net_io_counters()
        sent, received = (counters.bytes_sent, counters.bytes_recv) if counters else (0, 0)
        self._last = now, sent, received
        # It counts from its last call by the same thread.
        cpu = psutil.cpu_percent()
        if before is not None:
            passed = now - before[0]
            rates = {"tx": (sent - before[1]) / passed, "rx": (received - before[2]) / passed}
            self._facts = {"cpu": cpu} | {name: round(value, 1) for name, value in rates.items()}

    def look(self) -> dict[str, Any]:
        """Return per cent of the processors, bytes of memory in use, bytes per second sent and received.

        The rates are None until the first window is over.
        """
        return self._facts | {"memory": psutil.virtual_memory().used}
