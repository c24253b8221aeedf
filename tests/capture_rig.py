"""A capture service without its loop and its fellows: driven by the test, with real child processes."""

import os
import select
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from sqlalchemy import update

from pyca.capture.service import CaptureService
from pyca.config.settings import Capture, Settings
from pyca.core.alarm import Alarm
from pyca.core.event import Event
from pyca.core.recording import Part, Recording
from pyca.core.states import EventState
from pyca.runtime.child import Child
from pyca.runtime.notify import Notifier
from pyca.runtime.pulse import Pulse
from pyca.store import alarms, events, recordings
from pyca.store.database import Database
from pyca.store.tables import UpstreamRow
from pyca.store.upgrade import ensure
from tests.empty_database import put_empty_database
from tests.tools import UnhurriedClock, wait_for

RECORDER = """
import signal, sys, time
out = open(sys.argv[1], "wb", buffering=0)
def leave(*_):
    out.write(b"end")
    sys.exit(255)
signal.signal(signal.SIGINT, leave)
deadline = time.time() + float(sys.argv[2])
while time.time() < deadline:
    out.write(b"data")
    time.sleep(0.02)
"""
FFMPEG = (
    "ffmpeg -hide_banner -loglevel warning -re -f lavfi -i testsrc2=s=160x120:r=25 "
    "-re -f lavfi -i sine=r=48000 -map 0:v -map 1:a -c:v libx264 -preset ultrafast -tune zerolatency -g 25 "
    "-pix_fmt yuv420p -c:a aac -cluster_time_limit 1000 -flush_packets 1 -y {{dir}}/{{name}}.mkv"
)


def size_of(file: str | Path) -> int:
    try:
        return os.path.getsize(file)
    except OSError:
        return 0


class PromptCommand(Child):
    """A command that has begun to write, and with that to listen to signals, once it is started.

    Else a machine that is busy elsewhere could end it before it has come to its first line.
    """

    clock: UnhurriedClock

    @classmethod
    def start(cls, argv: Sequence[str], **options: Any) -> Self:
        child = super().start(argv, **options)
        files = [word for word in argv if word.endswith((".ts", ".mkv", ".wav")) and os.path.isabs(word)]
        with cls.clock.not_counted():
            wait_for(lambda: child.poll() or all(map(size_of, files)), f"the first bytes of {files}")
        return child


class Rig:
    """A capture service with its database, driven the way the service loop does it."""

    def __init__(self, folder: Path, sections: dict[str, object] | None = None, **capture: object) -> None:
        self.folder = folder
        script = folder / "recorder.py"
        script.write_text(RECORDER)
        self.script = f"{sys.executable} '{script}'"
        values: dict[str, object] = {
            "directory": folder / "rec ordings ü",
            "preview_dir": folder / "previews",
            "command": self.script + " {{dir}}/{{name}}.ts 60",
            "files": ("{{dir}}/{{name}}.ts",),
            "minimum_free": 0,
        }
        self.settings = Settings(
            capture=Capture(**(values | capture)),  # type: ignore[arg-type]
            **(sections or {}),  # type: ignore[arg-type]
        )
        put_empty_database(folder / "pyca.db")
        self.database = Database(f"sqlite:///{folder}/pyca.db")
        ensure(self.database)
        self.clock = UnhurriedClock()
        self.service = self.make()
        self.abandoned: list[CaptureService] = []

    def abandon(self) -> None:
        """Leave the service as SIGKILL would: nothing closed, nothing written; then start another one."""
        self.abandoned.append(self.service)
        self.service = self.make()

    def close(self) -> None:
        for service in [self.service, *self.abandoned]:
            service.close()
        self.database.dispose()

    def make(self) -> CaptureService:
        pulse = Pulse(clock=self.clock, notifier=Notifier(clock=self.clock), beat=lambda state, text: None)
        commands = type("Command", (PromptCommand,), {"clock": self.clock})
        service = CaptureService(self.settings, self.database, self.clock, pulse, commands)
        self._count_writes(service)
        return service

    def _count_writes(self, service: CaptureService) -> None:
        """Let :meth:`drive` know whether all that it has put is written."""
        scribe = service._context.scribe
        put, carry_out = scribe.put, scribe._carry_out
        wanted, done = [0], [0]

        def count_wanted(*arguments: Any, **more: Any) -> None:
            wanted[0] += 1
            put(*arguments, **more)

        def count_done(item: Any) -> bool:
            carried_out = carry_out(item)
            done[0] += carried_out
            return carried_out

        scribe.put = count_wanted  # type: ignore[method-assign]
        scribe._carry_out = count_done  # type: ignore[method-assign]
        self._is_written = lambda: bool(scribe.trouble) or done[0] >= wanted[0]

    def add(self, uid: str = "e1", delay: float = 0.2, length: float = 1.0, **more: object) -> Event:
        start = self.clock.now() + delay
        event = Event(uid, f"Title {uid}", start, start + length, **more)  # type: ignore[arg-type]
        with self.database.write() as session:
            events.add(session, event)
        self.service._agenda._next_look = 0
        return event

    def pretend_age(self, seconds: float) -> None:
        """Have the database say that it was made earlier."""
        with self.database.write() as session:
            session.execute(update(UpstreamRow).values(checked=UpstreamRow.checked - seconds))

    def change(self, event: Event) -> None:
        with self.database.write() as session:
            events.update(session, event)

    def drive(self, condition: Callable[[], object], seconds: float = 60.0) -> None:
        """Let the service work until a condition holds, which is looked at after all is written."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"never happened; now {self.states()}"
            due = self.service.tick()
            # A disk that is slow for a moment must not hide a state that lasts no longer.
            wait_for(self._is_written, "what was put to be written")
            left = min(max(due - self.clock.now(), 0.0), 0.1)
            select.select(list(self.service.files()), (), (), left)

    def recording(self, uid: str = "e1") -> Recording | None:
        with self.database.read() as session:
            return recordings.get(session, uid)

    def parts(self, uid: str = "e1") -> list[Part]:
        with self.database.read() as session:
            return recordings.parts(session, uid)

    def is_writing(self, uid: str = "e1") -> bool:
        """True once the command of the latest part has written, a moment after the part is noted."""
        files = [file for part in self.parts(uid)[-1:] for file in part.files]
        return bool(files) and all(map(size_of, files))

    def states(self) -> dict[str, EventState]:
        with self.database.read() as session:
            return {item.uid: item.state for item in recordings.listing(session)}

    def is_in(self, *states: EventState, uid: str = "e1") -> Callable[[], bool]:
        return lambda: self.states().get(uid) in states

    def alarms(self) -> list[Alarm]:
        """All alarms so far, the newest first."""
        with self.database.read() as session:
            return alarms.history(session)

    def finish(self, uid: str = "e1") -> Recording:
        """Drive until the event has its final word."""
        final = (EventState.FINISHED_RECORDING, EventState.PARTIAL_RECORDING, EventState.FAILED_RECORDING)

        def ended() -> bool:
            found = self.recording(uid)
            return bool(found and found.ended and found.state in final)

        self.drive(ended)
        found = self.recording(uid)
        assert found
        return found
