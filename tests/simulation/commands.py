"""Capture commands that are no processes: the machine writes for them."""

import os
import re
import signal
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Self

from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.runtime.child import Child
from tests.simulation.machine import Machine, Process

COMMAND = "record {input} {{dir}}/{{name}}.ts"
TIMED = COMMAND + " {{time}}"
_NAME = re.compile(r"recording-\d+-(e\d+|[0-9a-f-]{36})-")


class SimulatedChild(Child):
    """A command on a simulated machine."""

    machine: Machine
    """set by :func:`children_on`"""
    process: Process

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        clock: Clock,
        log_file: Path,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> Self:
        machine = cls.machine
        machine.point()
        if machine.cannot_start:
            raise CommandError("the program record cannot be started: Input/output error", "try it by hand")
        path = Path(argv[2])
        found = _NAME.match(path.name)
        assert found, path
        process = machine.spawn(
            path, machine.apart.get(found[1], found[1]), argv[1], float(argv[3]) if len(argv) > 3 else None
        )
        machine.point()
        return cls._of(process, clock, log_file)

    @classmethod
    def adopt(
        cls, pid: int, pid_started: float, *, clock: Clock, log_file: Path, name: str = "the command"
    ) -> Self | None:
        for process in cls.machine.alive():
            if (process.pid, process.born) == (pid, pid_started):
                child = cls._of(process, clock, log_file)
                child.own = False
                return child
        return None

    @classmethod
    def writing(cls, files: Collection[Path]) -> tuple[int, float] | None:
        numbers = {file.stat().st_ino for file in files if file.exists()}
        for process in cls.machine.alive():
            if os.fstat(process.descriptor).st_ino in numbers:
                return process.pid, process.born
        return None

    @classmethod
    def _of(cls, process: Process, clock: Clock, log_file: Path) -> Self:
        child = cls(
            process.pid,
            process.born,
            name="record",
            log_file=log_file,
            log_start=0,
            pidfd=-1,
            started=clock.now(),
            process=None,
        )
        child.process, child.own = process, True
        return child

    own: bool

    def signal(self, number: int) -> bool:
        if self.poll() is not None:
            return False
        process, machine = self.process, self.machine
        self._sent.append(number)
        process.leaving = True
        if number == signal.SIGKILL:
            if not process.immortal:
                machine.end(process, -number)
        elif not process.frozen and process.dies_at == float("inf"):
            process.dies_at, process.exit_code = machine.mono + machine.rng.uniform(0.05, 1.5), 255
        elif not process.frozen:
            process.dies_at = min(process.dies_at, machine.mono + 0.5)
        return True

    def fileno(self) -> int:
        raise AssertionError("nobody waits here")

    def tail(self, lines: int = 20) -> str:
        return self.process.log

    def _gone(self) -> bool:
        if self.own:
            self._code = self.process.code
        return not self.process.alive


def children_on(machine: Machine) -> type[SimulatedChild]:
    """Return the commands of one machine."""
    return type("MachineChild", (SimulatedChild,), {"machine": machine})
