"""What processes use, as the kernel counts it."""

from dataclasses import dataclass
from pathlib import Path

import psutil

PROC = Path("/proc")


@dataclass(frozen=True)
class Usage:
    """Sums over some processes.

    :param cpu: seconds
    :param wakeups: voluntary context switches so far
    """

    cpu: float
    wakeups: int


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    root = psutil.Process(pid)
    return [root.pid, *(child.pid for child in root.children(recursive=True))]


def usage(pids: list[int]) -> Usage:
    """Return what the threads of these processes have used so far; exact, where a timer tick is 10 ms."""
    tasks = [task for pid in pids for task in (PROC / str(pid) / "task").iterdir()]
    cpu = sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    return Usage(cpu, sum(_field(task / "status", "voluntary_ctxt_switches") for task in tasks))


def cpu_split(pid: int) -> tuple[float, float]:
    """Return user and system seconds of one process, ended threads included."""
    times = psutil.Process(pid).cpu_times()
    return times.user, times.system


def pss(pids: list[int]) -> float:
    """Return the MiB that these processes take together: shared pages are divided among their users."""
    return sum(_field(PROC / str(pid) / "smaps_rollup", "Pss") for pid in pids) / 1024


def resident(pid: int | str) -> float:
    """Return the resident size in MiB."""
    return _field(PROC / str(pid) / "status", "VmRSS") / 1024


def peak(pid: int | str) -> float:
    """Return the largest resident size so far in MiB."""
    return _field(PROC / str(pid) / "status", "VmHWM") / 1024


def forget_peak(pid: int | str) -> None:
    """Let the peak begin anew at the present size."""
    (PROC / str(pid) / "clear_refs").write_text("5")


def _field(file: Path, name: str) -> int:
    for line in file.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise OSError(f"{file} has no {name}")
