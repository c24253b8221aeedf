"""What stands between the services and the world: a database that fails on demand, threads that wait."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from pyca.capture.search import Search
from pyca.core.errors import MediaError, StoreError
from pyca.core.event import Event
from pyca.media.durable import Syncer
from pyca.store import events, recordings
from pyca.store.database import Database
from pyca.store.folder import Description
from pyca.store.scribe import Scribe, _Item
from pyca.store.upgrade import ensure
from tests.simulation.machine import Machine

PATCHED_RINGS = (
    "pyca.store.scribe",
    "pyca.capture.diskwatch",
    "pyca.capture.recovery",
    "pyca.capture.search",
    "pyca.ingest.service",
    "pyca.ingest.operator",
    "pyca.schedule.local",
)


class SimulatedDatabase(Database):
    """A real database; locked or away when the simulation says so.

    What the recorder reads each second is read once per change, or the simulation would do little else.
    """

    def __init__(self, home: Path) -> None:
        self._empty = home / "empty.db"
        first = Database(f"sqlite:///{self._empty}")
        ensure(first)
        first.dispose()
        super().__init__(f"sqlite:///{home}/pyca.db")
        self.cache: dict[object, Any] = {}
        self.version = 0
        """grows with each change"""
        self.begin_anew(Machine(random.Random(0), home))

    def begin_anew(self, machine: Machine) -> None:
        """Forget everything but how statements are written, which takes long to find out."""
        self.dispose()
        assert self.file
        for name in ("pyca.db", "pyca.db-wal", "pyca.db-shm"):
            self.file.with_name(name).unlink(missing_ok=True)
        shutil.copyfile(self._empty, self.file)
        self.machine = machine
        self.locked = self.away = False
        self.cache.clear()

    @contextmanager
    def read(self) -> Iterator[Session]:
        self.machine.point()
        if self.machine.running == "capture":
            self.machine.spare()
        if self.away:
            raise StoreError("database: disk I/O error")
        with super().read() as session:
            session.info["database"] = self
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        self.machine.point()
        if self.locked or self.away:
            raise StoreError("database: database is locked")
        with super().write() as session:
            yield session
        self.cache.clear()
        self.version += 1
        self.machine.point()


class SteppedScribe(Scribe):
    """A scribe whose thread gets a turn where the simulation wants it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._items: list[_Item] = []
        self._trouble = ""

    def put(self, work: Any, wake: Any = (), then: Any = None) -> None:
        self._items.append(_Item(work, tuple(wake), then))

    def step(self) -> bool:
        """Write one piece; False where there is none or the database is not to be had."""
        if not self._items or not self._carry_out(self._items[0]):
            return False
        del self._items[0]
        return True

    @property
    def waiting(self) -> int:
        return len(self._items)

    def close(self, patience: float = 15.0) -> None:
        while self.step():
            pass


class SteppedPool:
    """An executor whose threads get a turn where the simulation wants it."""

    def __init__(self, max_workers: int, thread_name_prefix: str) -> None:
        self._work: list[tuple[Future[None], Callable[..., None], Sequence[Any]]] = []

    def submit(self, function: Callable[..., None], *arguments: Any) -> Future[None]:
        future: Future[None] = Future()
        self._work.append((future, function, arguments))
        return future

    def step(self, rng: random.Random) -> bool:
        """Do one of the first two jobs; False where there is none."""
        if not self._work:
            return False
        future, function, arguments = self._work.pop(rng.randrange(min(len(self._work), 2)))
        function(*arguments)
        future.set_result(None)
        return True

    def shutdown(self, wait: bool = True) -> None:
        while self.step(random.Random(0)):
            pass


class SteppedSearch(Search):
    """A search without a thread: it is done as soon as somebody asks and the database is there."""

    _done = False

    def start(self) -> None:
        pass

    def take(self, patience: float = 0.0) -> Iterator[Description]:
        if not self._done:
            try:
                with self._database.write():
                    self._done = True
            except StoreError:
                return
            self._run()
        while not self._found.empty():
            yield self._found.get_nowait()

    def close(self) -> None:
        self._closing.set()


class QuietSyncer(Syncer):
    """What is lost in a power cut is the machine's business here."""

    def start(self) -> None:
        pass


def install(patch: pytest.MonkeyPatch) -> None:
    """Put what holds for all simulated worlds in place."""

    def no_tools(environ: object) -> None:
        raise MediaError("no FFmpeg on this machine")

    patch.setattr("pyca.capture.finisher.find_tools", no_tools)
    patch.setattr("pyca.capture.finisher.ThreadPoolExecutor", SteppedPool)
    patch.setattr("pyca.capture.service.Scribe", SteppedScribe)
    patch.setattr("pyca.capture.service.Syncer", QuietSyncer)
    patch.setattr("pyca.capture.recovery.Search", SteppedSearch)
    _remember(patch)


def enter(patch: pytest.MonkeyPatch, machine: Machine, ring: Callable[[str, str], None]) -> None:
    """Put in place what belongs to one world."""
    for module in ("place", "lane", "finish", "diskwatch"):
        patch.setattr(f"pyca.capture.{module}.free_bytes", machine.free_bytes)
    for name in PATCHED_RINGS:
        patch.setattr(f"{name}.ring", ring)


def _remember(patch: pytest.MonkeyPatch) -> None:
    upcoming, many, operator_ends = events.upcoming, events.many, recordings.operator_ends

    def cached(session: Session, key: object, look: Callable[[], Any]) -> Any:
        database = session.info.get("database")
        if database is None:
            return look()
        if key not in database.cache:
            database.cache[key] = look()
        return database.cache[key]

    def remembered_upcoming(
        session: Session, *, before: float | None = None, limit: int | None = None, offset: int = 0
    ) -> list[Event]:
        if before is None or limit or offset:
            return upcoming(session, before=before, limit=limit, offset=offset)
        found = cached(session, "upcoming", lambda: upcoming(session))
        return [event for event in found if event.start < before]

    def remembered_many(session: Session, uids: Any) -> dict[str, Event]:
        wanted = tuple(uids)
        return dict(cached(session, wanted, lambda: many(session, wanted)))

    def remembered_ends(session: Session) -> dict[str, float]:
        return dict(cached(session, "ends", lambda: operator_ends(session)))

    patch.setattr(events, "upcoming", remembered_upcoming)
    patch.setattr(events, "many", remembered_many)
    patch.setattr(recordings, "operator_ends", remembered_ends)
