"""Facts about processes: who they are and what they use."""

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from pyca.config.environment import OTHERS, PREFIX

_PRIVATE = ("NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES")


@dataclass(frozen=True)
class Usage:
    """What a process has used so far."""

    cpu_seconds: float
    memory: int
    """resident bytes, shared pages included"""
    threads: int


def usage(pid: int | None = None) -> Usage | None:
    """Return what a process uses, this one by default; None where it is gone."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            times = process.cpu_times()
            return Usage(times.user + times.system, process.memory_info().rss, process.num_threads())
    except psutil.Error:
        return None


def environment(env: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child, without what is meant for us alone.

    That is what the service manager tells us, and the keys that are set by variables, passwords among them.

    :param env: where to take it from, by default ours
    """
    source = os.environ if env is None else env
    return {key: value for key, value in source.items() if not _is_private(key)}


def _is_private(key: str) -> bool:
    return key in _PRIVATE or (key.startswith(PREFIX) and key not in OTHERS)


def start_time(pid: int) -> float | None:
    """Return when a running process was started; None where there is none or only its zombie.

    Linux counts from the boot, so that setting the clock does not change the answer: an agent without a
    battery-backed clock must know its recorder again after the first time synchronisation.
    """
    try:
        # The second field is the program's name in parentheses and may hold anything, so cut behind it.
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return _create_time(pid) if not Path("/proc/self/stat").exists() else None
    state, ticks = fields[0], int(fields[19])
    return None if state in "ZX" else ticks / os.sysconf("SC_CLK_TCK")


def has_terminal(pid: int) -> bool:
    """Tell whether a process belongs to somebody's terminal; True where nobody can know."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return True
    return fields[4] != "0"


def writers(files: Collection[Path]) -> Iterator[int]:
    """Yield the processes that have one of these files open for writing, as far as we may know; on Linux."""
    wanted = {os.path.realpath(file) for file in files}
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            if any(_writes(entry, wanted) for entry in folder.iterdir()):
                yield int(folder.parent.name)
        except OSError:
            continue  # it has ended meanwhile, or is somebody else's


def _writes(entry: Path, wanted: Collection[str]) -> bool:
    try:
        if os.readlink(entry) not in wanted:
            return False
        facts = (entry.parent.parent / "fdinfo" / entry.name).read_text("ascii")
    except OSError:
        return False
    flags = next((line.split()[1] for line in facts.splitlines() if line.startswith("flags:")), "0")
    return int(flags, 8) & os.O_ACCMODE != os.O_RDONLY


def _create_time(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
