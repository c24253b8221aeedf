"""One client of a stream, in a process of its own: counts what comes and how old it is."""

import json
import sys
import time
from statistics import median, quantiles

from pyca.bsread.receiver import Receiver

PATIENCE = 30.0


def main(address: str, settle: float, seconds: float) -> None:
    """Say when the first message came; then, after a while, what came within some seconds."""
    receiver = Receiver(address)
    receiver.open()
    try:
        if receiver.receive(PATIENCE) is None:
            raise SystemExit(f"nothing came from {address}")
        print(json.dumps({"first": time.time()}), flush=True)
        _until(receiver, time.monotonic() + settle, [])
        ages: list[float] = []
        lost, begun = receiver.lost, time.monotonic()
        _until(receiver, begun + seconds, ages)
        passed = time.monotonic() - begun
    finally:
        receiver.close()
    late = quantiles(ages, n=20)[-1] if len(ages) > 1 else 0.0
    found = {
        "fps": len(ages) / passed,
        "lost": receiver.lost - lost,
        "latency": median(ages) if ages else 0.0,
        "late": late,
    }
    print(json.dumps(found), flush=True)


def _until(receiver: Receiver, end: float, ages: list[float]) -> None:
    """Note the age of each image in milliseconds."""
    while time.monotonic() < end:
        message = receiver.receive(0.2)
        if message is not None:
            ages.append((time.time_ns() - message.nanoseconds) / 1e6)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), float(sys.argv[3]))
