"""The process that forks others on request: small, with one thread, and everything imported before.

It is started by :class:`pyca.runtime.nursery.Nursery`, speaks with nobody else, and ends when its other side
does, with all that it made.
"""

import ctypes
import errno
import importlib
import logging
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from pyca.runtime.channel import Channel, ChannelClosedError, close_files
from pyca.runtime.forked import fork
from pyca.runtime.title import entitle

Job = Callable[[Channel, dict[str, Any], list[int]], int]
"""a function of the channel to the other side, its argument and files; returns the exit code"""

PATIENCE = 1.0
"""seconds that jobs get to end by themselves once nobody is at the other side"""
_PR_SET_CHILD_SUBREAPER = 36


class Nurse:
    """Forks jobs, says how they ended, and ends what they leave behind.

    :param control: from which requests come
    :param jobs: by name
    """

    def __init__(self, control: Channel, jobs: Mapping[str, Job]) -> None:
        self._control = control
        self._jobs = jobs
        self._living: dict[int, int] = {}
        """number of the request by pid"""
        self._bell, ring = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._ring = ring

    def work(self) -> None:
        """Do what is asked until nobody is there to ask."""
        # Only the closed channel ends it: a service manager sends its signals to all processes at once.
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        signal.set_wakeup_fd(self._ring, warn_on_full_buffer=False)
        if sys.platform.startswith("linux"):
            # What a job leaves behind becomes ours, and is ended.
            ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._bell, select.POLLIN)
        try:
            self._control.send({"ready": os.getpid()})
            while True:
                poll.poll()
                for number, code in self._reap():
                    self._control.send({"gone": number, "code": code})
                while (request := self._control.receive()) is not None:
                    self._answer(*request)
        except ChannelClosedError:
            self._end_all()

    def close(self) -> None:
        """Let go of what it waits with."""
        close_files((self._bell, self._ring))

    def _answer(self, request: dict[str, Any], files: list[int]) -> None:
        if "kill" in request:
            for pid in [pid for pid, number in self._living.items() if number == request["kill"]]:
                _kill(pid)
            return
        number, job = int(request["spawn"]), self._jobs[request["job"]]
        if not files:
            self._control.send({"refused": number, "why": os.strerror(errno.EMFILE)})
            return
        own, *others = files
        try:
            pid = fork(lambda: self._born(job, request, own, others))
        except OSError as error:
            self._control.send({"refused": number, "why": error.strerror or str(error)})
        else:
            self._living[pid] = number
            self._control.send({"born": number, "pid": pid})
        finally:
            close_files(files)

    def _born(self, job: Job, request: dict[str, Any], own: int, others: list[int]) -> int:
        """Run one job; everything here happens in the new process."""
        self._control.close()
        self.close()
        entitle(request["title"])
        return job(Channel.of(own), request["argument"], others)

    def _reap(self) -> list[tuple[int, int]]:
        """Return the numbers and exit codes of those that have ended, and end what they left behind."""
        with suppress(BlockingIOError):
            while os.read(self._bell, 4096):
                pass
        ended = []
        while (found := _waited()) is not None:
            pid, status = found
            if (number := self._living.pop(pid, None)) is not None:
                ended.append((number, os.waitstatus_to_exitcode(status)))
        if ended:
            for pid in _children():
                if pid not in self._living:
                    _kill(pid)
        return ended

    def _end_all(self) -> None:
        """Wait for all jobs, which see by themselves that nobody is there, and end those that stay."""
        deadline = time.monotonic() + PATIENCE
        while self._living and (left := deadline - time.monotonic()) > 0:
            select.select([self._bell], [], [], left)
            self._reap()
        for process in psutil.Process().children(recursive=True):
            _kill(process.pid)


def _waited() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _children() -> list[int]:
    try:
        # psutil looks at all processes of the machine, which takes long where there are many.
        told = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    except OSError:
        return [process.pid for process in psutil.Process().children()]
    return [int(pid) for pid in told.split()]


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main(descriptor: int, jobs: Mapping[str, str], preload: list[str], level: int) -> None:
    """Import everything and begin.

    :param descriptor: the channel's
    :param jobs: “module:function” by name
    :param preload: further modules
    :param level: of the messages
    """
    logging.getLogger().setLevel(level)
    for module in preload:
        importlib.import_module(module)
    found = {name: _function(place) for name, place in jobs.items()}
    entitle("camera nursery")
    Nurse(Channel.of(descriptor), found).work()


def _function(place: str) -> Job:
    module, _, name = place.partition(":")
    function: Job = getattr(importlib.import_module(module), name)
    return function
