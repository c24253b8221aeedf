"""How the machine is: processors, memory, warmth, clock. What it does not tell is None, never an error."""

import ctypes
import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

_PROCESSOR_SENSORS = ("cpu_thermal", "coretemp", "k10temp", "zenpower", "soc_thermal", "acpitz")
_THROTTLED = Path("/sys/devices/platform/soc/soc:firmware/get_throttled")
_MODEL = Path("/proc/device-tree/model")
_TIMESYNC = Path("/run/systemd/timesync/synchronized")
_UNSYNCHRONISED = 16_000_000
"""microseconds of possible error from which on the kernel's clock counts as set by nobody"""
_REASONS = ((0x1, "too little voltage"), (0x2, "capped"), (0x4, "slowed down"), (0x8, "too warm"))


@dataclass(frozen=True)
class Machine:
    """The machine at one moment."""

    cores: int
    load: float | None
    """processes that want to run, averaged over a minute"""
    cpu_busy: float
    """seconds of all processors together since the boot"""
    cpu_total: float
    memory_total: int
    memory_free: int
    """bytes that programs can still have"""
    swap_used: int
    booted: float
    """seconds since 1970 UTC"""
    temperature: float | None
    """of the processor, in °C"""
    throttled: tuple[str, ...]
    """why a Raspberry Pi is slower than it could be at this moment"""
    synchronised: bool | None
    """True where a time server sets the clock"""


def look() -> Machine:
    """Return how the machine is now."""
    memory, times = psutil.virtual_memory(), psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # Guests are counted as user time already.
    total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return Machine(
        cores=os.cpu_count() or 1,
        load=_load(),
        cpu_busy=total - idle,
        cpu_total=total,
        memory_total=memory.total,
        memory_free=memory.available,
        swap_used=_swap(),
        booted=psutil.boot_time(),
        temperature=temperature(),
        throttled=throttled(),
        synchronised=synchronised(),
    )


def temperature() -> float | None:
    """Return the warmest of the processor's sensors in °C."""
    try:
        sensors = psutil.sensors_temperatures() if hasattr(psutil, "sensors_temperatures") else {}
    except (OSError, ValueError, psutil.Error):
        return None
    for name in (*_PROCESSOR_SENSORS, *sensors):
        known = [one.current for one in sensors.get(name, ()) if one.current and -50 < one.current < 200]
        if known:
            return max(known)
    return None


def throttled(file: Path = _THROTTLED) -> tuple[str, ...]:
    """Return why a Raspberry Pi is slowed down now; empty where it is not, or is another machine."""
    try:
        bits = int(file.read_text("ascii").strip(), 16)
    except (OSError, ValueError):
        return ()
    return tuple(reason for bit, reason in _REASONS if bits & bit)


def synchronised(timesync: Path = _TIMESYNC) -> bool | None:
    """Tell whether a time server sets the clock; None where this machine does not say."""
    if (error := _clock_error()) is not None:
        return error < _UNSYNCHRONISED
    # A sandbox may forbid to ask the kernel; systemd's own time service leaves a mark.
    return True if timesync.exists() else None


def model(file: Path = _MODEL) -> str:
    """Return what machine this is, as small computers tell it; else its kind of processor."""
    try:
        told = file.read_bytes().decode("utf-8", "replace").strip("\0 \n")
    except OSError:
        told = ""
    return told or platform.machine()


def system_name() -> str:
    """Return the name of the operating system."""
    try:
        name = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        name = ""
    return name or platform.system()


def _load() -> float | None:
    try:
        return os.getloadavg()[0]
    except OSError:
        return None


def _swap() -> int:
    try:
        return psutil.swap_memory().used
    except (OSError, ValueError, RuntimeError, psutil.Error):
        return 0


def _clock_error() -> int | None:
    """Return by how many microseconds the kernel thinks that its clock may be wrong."""
    if not sys.platform.startswith("linux"):
        return None

    class Timex(ctypes.Structure):
        """The beginning of the kernel's answer, with room for the rest."""

        _fields_ = [
            ("modes", ctypes.c_uint),
            ("offset", ctypes.c_long),
            ("frequency", ctypes.c_long),
            ("error", ctypes.c_long),
            ("rest", ctypes.c_char * 512),
        ]

    answer = Timex()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(answer)) < 0:
        return None
    return int(answer.error)
