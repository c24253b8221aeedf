"""Figures and pictures of instances as people choose and read them."""

from collections.abc import Mapping
from typing import Any

COLORS = ("rainbow", "gray", "viridis", "inferno", "jet", "hot", "coolwarm")
"""Some that are usual; all others can be named in the address."""
SCALES = (("1", "full"), ("0.5", "half"), ("0.25", "quarter"))


def figures(running: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the figures of an instance as they are shown, empty where there are none.

    :param running: what is told about it, None where it does not run
    """
    statistics = (running or {}).get("statistics") or {}
    return {
        "rx": _rate(statistics.get("rx")),
        "tx": _rate(statistics.get("tx")),
        "clients": _plain(statistics.get("clients")),
        "lost": _plain(statistics.get("lost")),
        "dropped": _plain(statistics.get("dropped")),
        "latency": _unit(statistics.get("latency"), 1000, "ms"),
        "cpu": _unit(statistics.get("cpu"), 1, "%"),
        "memory": _unit(statistics.get("memory"), 1e-6, "MB"),
    }


def _rate(value: object) -> str:
    # “9.98Hz - 123”: the number behind is that of the frames.
    text = f"{value:.1f}Hz" if isinstance(value, float) else str(value or "")
    return text.partition(" - ")[0].replace("Hz", " Hz")


def _plain(value: object) -> str:
    return "" if value is None else str(value)


def _unit(value: object, factor: float, unit: str) -> str:
    return f"{value * factor:.0f} {unit}" if isinstance(value, int | float) else ""
