"""What is told about instances and their server, in the names that clients of the camera server know."""

import time
from typing import Any

import psutil

from pyca.camera.control.running import Running


def instance_facts(running: Running) -> dict[str, Any]:
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
        "status": "" if running.online else running.why,
    }


def idle_facts(name: str, configuration: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a camera that does not run."""
    return {
        "stream_address": None,
        "is_stream_active": False,
        "camera_geometry": None,
        "camera_name": name,
        "last_start_time": None,
        "statistics": {},
        "config": configuration,
    }


def flat_figures(running: Running) -> dict[str, Any]:
    """Return the facts of a camera that runs in one level, rates as numbers."""
    figures, facts = running.figures(), instance_facts(running)
    statistics: dict[str, Any] = facts.pop("statistics")
    del facts["config"]
    rates = {"rx": figures.receive_rate, "tx": figures.send_rate, "forwards": None}
    return facts | statistics | rates


class Load:
    """How busy the machine is. The rates are those since the last look; None at the first one."""

    def __init__(self) -> None:
        self._last: tuple[float, int, int] | None = None

    def look(self) -> dict[str, Any]:
        """Return per cent of the processors, bytes of memory in use, bytes per second sent and received."""
        counters = psutil.net_io_counters()
        now = time.monotonic()
        sent, received = (counters.bytes_sent, counters.bytes_recv) if counters else (0, 0)
        before, self._last = self._last, (now, sent, received)
        facts = {"cpu": psutil.cpu_percent(), "memory": psutil.virtual_memory().used}
        if before is None or now <= before[0]:
            return facts | {"tx": None, "rx": None}
        passed = now - before[0]
        return facts | {
            "tx": round((sent - before[1]) / passed, 1),
            "rx": round((received - before[2]) / passed, 1),
        }
