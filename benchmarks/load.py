"""What ``wrk`` sends and finds: the time of a single request, and how many come through at once."""

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What one run has found.

    :param latency: median, in milliseconds
    :param rate: requests per second
    :param count: requests that were answered
    """

    latency: float
    rate: float
    count: int


def load(url: str, headers: Mapping[str, str], *, connections: int, seconds: int) -> Load:
    """Ask for an address as fast as it answers.

    :raises FileNotFoundError: where wrk is not installed
    :raises RuntimeError: where something else than 2xx and 3xx came back
    """
    program = shutil.which("wrk")
    if program is None:
        raise FileNotFoundError("wrk is not installed (apt-get install wrk)")
    argv = [program, "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "--latency"]
    for name, value in headers.items():
        argv += ["-H", f"{name}: {value}"]
    out = subprocess.run([*argv, url], capture_output=True, text=True, check=True).stdout
    if bad := re.search(r"Non-2xx or 3xx responses: (\d+)", out):
        raise RuntimeError(f"{bad[1]} requests for {url} were refused")
    found = re.search(r"50%\s+([0-9.]+)(us|ms|s)", out)
    rate = re.search(r"Requests/sec:\s+([0-9.]+)", out)
    count = re.search(r"(\d+) requests in", out)
    if found is None or rate is None or count is None:
        raise RuntimeError(f"wrk said: {out.strip()}")
    return Load(
        float(found[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[found[2]], float(rate[1]), int(count[1])
    )
