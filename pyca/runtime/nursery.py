"""Processes made quickly: one child has everything imported and forks each of them in milliseconds."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Collection, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

from pyca.core.errors import BusyError, ImagingError
from pyca.runtime.channel import Channel, ChannelClosedError, ChannelFullError, close_files

logger = logging.getLogger(__name__)

_PROGRAM = "import json, sys; from pyca.runtime.nurse import main; main(**json.loads(sys.argv[1]))"
_MANAGER = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")
_MEMORY = {"MALLOC_MMAP_THRESHOLD_": str(2**25), "MALLOC_TRIM_THRESHOLD_": str(2**26)}
"""keeps the memory of an image for the next one. Otherwise each is new to the process, page after page: for a
mirrored frame of 2048 x 2048 that is 400 page faults and a fifth of the processor time, against the memory of
some images kept. The C library looks at it when a program begins, so no process of a camera can set it"""
_PATIENCE = 2.0
"""seconds until a nursery that does not end is killed"""


class Ward:
    """One process of the nursery.

    :param channel: to it; whoever made the ward closes it
    """

    def __init__(self, channel: Channel, number: int) -> None:
        self.channel = channel
        self.number = number
        """of the request that made it"""
        self.pid = 0
        """0 until it is known"""
        self.code: int | None = None
        """exit code, the negative number of a signal; None while it runs"""
        self.refused: BusyError | None = None
        """why it could not be made"""
        self.born = threading.Event()
        """set once :attr:`pid` or :attr:`refused` is known"""
        self.gone = threading.Event()
        """set once it has ended, or could not be made"""

    def end(self, code: int | None) -> None:
        """Note that it is no more."""
        self.code = code
        self.born.set()
        self.gone.set()


class Nursery:
    """Starts a process that starts others, again where it died. May be used by any thread.

    It is a fresh program and no fork of ours, so that it has one thread however many we have.

    :param jobs: functions as “module:function”, by name; see :data:`pyca.runtime.nurse.Job`
    :param preload: further modules that they use
    """

    def __init__(self, jobs: Mapping[str, str], preload: Collection[str] = ()) -> None:
        self._jobs = jobs
        self._preload = preload
        self._numbers = count(1)
        self._lock = threading.Lock()
        """for what follows"""
        self._control: Channel | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread: threading.Thread | None = None
        self._wards: dict[int, Ward] = {}
        self._closed = False

    def start(self) -> None:
        """Have it ready for the first :meth:`spawn`, which would start it too; does not wait for it."""
        with self._lock:
            self._started()

    @property
    def pid(self) -> int:
        """Of the process, 0 where it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else 0

    def spawn(
        self, job: str, argument: Mapping[str, Any], files: Collection[int] = (), title: str = ""
    ) -> Ward:
        """Begin one process; does not wait for it.

        :param argument: of what JSON knows
        :param files: descriptors that it gets copies of
        :param title: by which it is known in lists of processes
        :raises BusyError: where no process can be made
        :raises ImagingError: where the argument is too large
        """
        ours, theirs = _pair()
        ward = Ward(ours, next(self._numbers))
        request = {"job": job, "argument": argument, "title": title or job}
        try:
            with self._lock:
                control = self._started()
                self._wards[ward.number] = ward
                control.send({"spawn": ward.number, **request}, (theirs.fileno(), *files))
        except ChannelFullError:
            self._forget(ward)
            raise _refusal("their parent does not answer", "try again") from None
        except ChannelClosedError:
            # Its thread sees the same, and the next process is made by another parent.
            self._forget(ward)
            raise _refusal("their parent has just ended", "try again") from None
        except ImagingError:
            self._forget(ward)
            raise
        finally:
            theirs.close()
        return ward

    def kill(self, ward: Ward) -> None:
        """End one process at once, whatever it does."""
        with self._lock, suppress(ChannelClosedError):
            if self._control is not None and not ward.gone.is_set():
                self._control.send({"kill": ward.number})

    def close(self) -> None:
        """End it and everything that it made."""
        with self._lock:
            self._closed = True
            process, control, thread = self._process, self._control, self._thread
        if process is None or control is None or thread is None:
            return
        control.shut()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        thread.join()

    def _forget(self, ward: Ward) -> None:
        """Let go of one that nobody was told of."""
        ward.channel.close()
        with self._lock:
            self._wards.pop(ward.number, None)

    def _started(self) -> Channel:
        """Return the channel to a running process. Only while the lock is held."""
        if self._closed:
            raise _refusal("the server ends")
        if self._control is not None:
            return self._control
        control, theirs = _pair()
        try:
            process = self._run(theirs.fileno())
        except OSError as error:
            control.close()
            raise _refusal(error.strerror or str(error)) from error
        finally:
            theirs.close()
        self._control, self._process = control, process
        self._thread = threading.Thread(
            target=self._listen, args=(control, process), name="nursery", daemon=True
        )
        self._thread.start()
        return control

    def _run(self, descriptor: int) -> subprocess.Popen[bytes]:
        facts = {
            "descriptor": descriptor,
            "jobs": dict(self._jobs),
            "preload": list(self._preload),
            "level": logging.getLogger().getEffectiveLevel(),
        }
        # An own group: a terminal's Ctrl-C is for the server alone.
        return subprocess.Popen(
            # Without -P the folder in which we happen to be would be the first to look for modules in.
            [sys.executable, "-P", "-c", _PROGRAM, json.dumps(facts)],
            stdin=subprocess.DEVNULL,
            pass_fds=(descriptor,),
            process_group=0,
            env=_environment(),
        )

    def _listen(self, control: Channel, process: subprocess.Popen[bytes]) -> None:
        with suppress(ChannelClosedError):
            while True:
                if (found := control.receive(3600)) is not None:
                    close_files(found[1])
                    self._note(found[0])
        process.wait()
        with self._lock:
            wards, self._wards = list(self._wards.values()), {}
            if self._control is control:
                self._control = self._process = None
            control.close()
            closed = self._closed
        if not closed:
            logger.error("The process that starts all others has ended (%s)", process.returncode)
        for ward in wards:
            ward.end(None)

    def _note(self, message: dict[str, Any]) -> None:
        if "ready" in message:
            return
        number = next(message[word] for word in ("born", "gone", "refused") if word in message)
        with self._lock:
            ward = self._wards[number] if "born" in message else self._wards.pop(number)
        if "born" in message:
            ward.pid = int(message["pid"])
            ward.born.set()
        elif "gone" in message:
            ward.end(int(message["code"]))
        else:
            ward.refused = _refusal(message["why"])
            ward.end(None)


def _environment() -> dict[str, str]:
    """Return ours with where we find our modules, and without what a service manager says to us alone.

    What somebody set for the memory counts.
    """
    kept = {name: value for name, value in os.environ.items() if name not in _MANAGER}
    return {**_MEMORY, **kept, "PYTHONPATH": os.pathsep.join(_places())}


def _places() -> list[str]:
    """Return where modules are looked for: not where we happen to be, unless we ourselves are from there."""
    home = str(Path(__file__).parents[2])
    return [place for place in sys.path if os.path.isabs(place) and (place == home or not _is_here(place))]


def _is_here(place: str) -> bool:
    try:
        return os.path.samefile(place, os.curdir)
    except OSError:
        return False


def _pair() -> tuple[Channel, Channel]:
    try:
        return Channel.pair()
    except OSError as error:
        raise _refusal(error.strerror or str(error)) from error


def _refusal(why: str, remedy: str = "stop some instances first") -> BusyError:
    return BusyError(f"No further process can be started: {why}", remedy)
