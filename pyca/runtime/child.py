"""A child process: FFmpeg, a camera program, a script or a hook."""

import contextlib
import logging
import os
import select
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Self

from pyca.core.clock import Clock
from pyca.core.errors import CommandError
from pyca.core.states import Outcome
from pyca.runtime.process import environment, has_terminal, start_time, writers
from pyca.runtime.signals import signal_name

logger = logging.getLogger(__name__)

_TAIL = 64 * 1024


@dataclass(frozen=True)
class Pipes:
    """Descriptors for a child.

    :param stdin: nothing by default
    :param stdout: None for the log file; so is ``stderr``
    :param others: what it inherits under the same numbers
    """

    stdin: int = subprocess.DEVNULL
    stdout: int | None = None
    stderr: int | None = None
    others: tuple[int, ...] = ()


NO_PIPES = Pipes()


@dataclass(frozen=True)
class Exit:
    """How a child ended.

    :param code: exit code, the negative signal number for a death by signal, None where nobody can know
    """

    outcome: Outcome
    code: int | None
    message: str


def judge(code: int | None, sent: Sequence[int], *, expected: int = 0, name: str = "the command") -> Exit:
    """Return what an exit means.

    :param code: as in :class:`Exit`
    :param sent: the signals that pyCA sent
    :param expected: an exit code that means success besides 0
    """
    if code is not None and code < 0 and (-code not in sent or -code == signal.SIGKILL):
        by = " by pyCA" if -code in sent else ""
        return Exit(Outcome.KILLED, code, f"{name} was killed{by} ({signal_name(-code)})")
    if code is None and signal.SIGKILL in sent:
        return Exit(Outcome.KILLED, None, f"{name} was killed by pyCA (SIGKILL)")
    if sent:
        return Exit(Outcome.STOPPED, code, f"{name} was stopped")
    if code is None:
        return Exit(Outcome.FINISHED, None, f"{name} ended; its exit code is unknown")
    if code in (0, expected):
        return Exit(Outcome.FINISHED, code, f"{name} finished")
    return Exit(Outcome.FAILED, code, f"{name} ended with exit code {code} instead of {expected}")


class Child:
    """A process in a session and process group of its own, started or adopted.

    :param process: the process where it is our own child; None for an adopted one
    :param log_start: where in the log file this child's own lines begin
    """

    def __init__(
        self,
        pid: int,
        pid_started: float,
        *,
        name: str,
        log_file: Path,
        log_start: int,
        pidfd: int,
        started: float,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        self.pid = pid
        self.pid_started = pid_started
        self.name = name
        self.log_file = log_file
        self.started = started
        self._log_start = log_start
        self._pidfd = pidfd
        self._process = process
        self._sent: list[int] = []
        self._code: int | None = None
        self._ended = False

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        clock: Clock,
        log_file: Path,
        output: Path | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        pipes: Pipes = NO_PIPES,
    ) -> Self:
        """Start a program. What it writes is appended to ``log_file``.

        :param output: where its standard output goes instead
        :param env: the whole environment; by default ours without what is meant for us alone
        :param pipes: descriptors that it works with in place of files; the caller closes its own copies
        :raises CommandError: where it cannot be started, naming program and remedy
        """
        name = Path(argv[0]).name
        started = clock.now()
        with _opened(log_file, name) as log, _opened(output or log_file, name) as out:
            log_start = log.tell()
            pipes = replace(
                pipes,
                stdout=out.fileno() if pipes.stdout is None else pipes.stdout,
                stderr=log.fileno() if pipes.stderr is None else pipes.stderr,
            )
            process = _spawn(argv, pipes, cwd, environment(env))
        try:
            pidfd = os.pidfd_open(process.pid)
        except OSError as error:
            process.kill()
            process.wait()
            raise CommandError(
                f"the program {name} cannot be watched: {error.strerror}", "allow pyCA more open files"
            ) from error
        # Our own child stays a zombie until we ask for its exit code, so its pid cannot be another's yet.
        return cls(
            process.pid,
            start_time(process.pid) or 0.0,
            name=name,
            log_file=log_file,
            log_start=log_start,
            pidfd=pidfd,
            started=started,
            process=process,
        )

    @classmethod
    def adopt(
        cls,
        pid: int,
        pid_started: float,
        *,
        clock: Clock,
        log_file: Path,
        name: str = "the command",
    ) -> Self | None:
        """Take over a process that an earlier run of the service started; None where it is gone.

        Its exit code cannot be known. It is recognised by its start time, so that another process with a
        reused pid is left alone.
        """
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            return None
        # Checked after opening: from now on the descriptor means this very process.
        if not pid_started or start_time(pid) != pid_started:
            os.close(pidfd)
            return None
        return cls(
            pid,
            pid_started,
            name=name,
            log_file=log_file,
            log_start=0,
            pidfd=pidfd,
            started=clock.now(),
            process=None,
        )

    @classmethod
    def writing(cls, files: Collection[Path]) -> tuple[int, float] | None:
        """Return pid and start time of a child of an earlier run that writes one of these files, if any.

        Children lead a session of their own, without a terminal: a person's shell is never taken for one. The
        process that writes may be started by them in turn.
        """
        for pid in writers(files):
            with contextlib.suppress(OSError):
                leader = os.getsid(pid)
                started = start_time(leader)
                if started is not None and leader != os.getsid(0) and not has_terminal(leader):
                    return leader, started
        return None

    def poll(self, expected_code: int = 0) -> Exit | None:
        """Return how the process ended; None while it runs."""
        if not self._ended and self._gone():
            self._ended = True
        return judge(self._code, self._sent, expected=expected_code, name=self.name) if self._ended else None

    def signal(self, number: int) -> bool:
        """Send a signal to the whole process group and remember it.

        :return: False where the process has ended, or runs as another user and takes no signal from us
        """
        if self.poll() is not None:
            return False
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            return False
        except PermissionError:
            logger.error("%s (pid %d) runs as another user: pyCA cannot end it", self.name, self.pid)
            return False
        self._sent.append(number)
        return True

    def fileno(self) -> int:
        """Return a descriptor that becomes readable when the process ends."""
        return self._pidfd

    def tail(self, lines: int = 20) -> str:
        """Return the last lines that this child wrote, or nothing where its log is gone."""
        try:
            with self.log_file.open("rb") as log:
                size = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, size - _TAIL, 0))
                text = log.read(_TAIL).decode("utf-8", "replace")
        except OSError:
            return ""
        return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])

    def close(self) -> None:
        """Release what is held for the process; the process itself is left alone."""
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1

    def _gone(self) -> bool:
        if self._process is not None:
            self._code = self._process.poll()
            return self._code is not None
        waiter = select.poll()
        waiter.register(self._pidfd, select.POLLIN)
        return bool(waiter.poll(0))


def _opened(file: Path, name: str) -> IO[bytes]:
    try:
        return file.open("ab")
    except OSError as error:
        raise CommandError(
            f"the log file {file} of {name} cannot be written: {error.strerror}",
            "check that its folder exists and that pyCA may write there",
        ) from error


def _spawn(
    argv: Sequence[str], pipes: Pipes, cwd: Path | None, env: dict[str, str]
) -> subprocess.Popen[bytes]:
    """Start the program. No ``preexec_fn``, so that Python can use vfork and the start stays fast."""
    program = argv[0]
    try:
        return subprocess.Popen(
            argv,
            stdin=pipes.stdin,
            stdout=pipes.stdout,
            stderr=pipes.stderr,
            pass_fds=pipes.others,
            cwd=cwd,
            env=env,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        if cwd is not None and not cwd.is_dir():
            raise CommandError(f"{program} cannot start in {cwd}: no such folder", "create it") from error
        raise CommandError(
            f"the program {program} was not found", "install it or give its full path"
        ) from error
    except PermissionError as error:
        raise CommandError(
            f"the program {program} may not be executed", "make it executable and readable for pyCA's user"
        ) from error
    except (OSError, ValueError) as error:
        raise CommandError(f"the program {program} cannot be started: {error}", "try it by hand") from error
