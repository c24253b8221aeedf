"""A service with its recordings, a target that only takes notes."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from pyca.config.settings import Capture, Ingest, Settings
from pyca.core.event import Event, Origin
from pyca.core.recording import Recording, Track, Upload, UploadStep
from pyca.core.states import EventState
from pyca.ingest.service import IngestService
from pyca.ingest.target import Progress
from pyca.runtime.pulse import Pulse
from pyca.store import recordings, uploads
from pyca.store.database import Database
from tests.tools import FakeClock


@dataclass
class FakeTarget:
    """Takes notes; ``trouble`` holds what a call raises, once, before or after it took effect."""

    name: str = "fake"
    needs_checksums: bool = False
    repeatable: bool = False
    calls: list[str] = field(default_factory=list)
    trouble: dict[str, BaseException] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    taken: bool = False
    """whether the other side shows what it has"""
    asked: list[str] = field(default_factory=list)

    def begin(self, recording: Recording, upload: Upload) -> Upload:
        self._note("begin")
        return replace(upload, step=UploadStep.TRACKS, node="node", package="<0/>", tracks_done=0)

    def add_track(self, recording: Recording, track: Track, upload: Upload, progress: Progress) -> Upload:
        self._note(f"track {track.path.name}")
        progress(track.size)
        done = upload.tracks_done + 1
        return replace(upload, package=f"<{done}/>", tracks_done=done)

    def finish(self, recording: Recording, upload: Upload) -> Upload:
        assert upload.step is UploadStep.FINISH
        self.events.append(recording.event)
        self._note(f"finish {upload.package}")
        return replace(upload, step=UploadStep.DONE, location="there")

    def has_taken(self, recording: Recording, upload: Upload) -> bool:
        self.asked.append(recording.uid)
        if error := self.trouble.pop("has_taken", None):
            raise error
        return self.taken

    def abandon(self, recording: Recording, upload: Upload) -> None:
        self._note("abandon")

    def close(self) -> None:
        self._note("close")

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if error := self.trouble.pop(call.split(" <")[0], None):
            raise error


@dataclass
class Bench:
    """One ingest service and what lies around it."""

    database: Database
    clock: FakeClock
    pulse: Pulse
    home: Path
    settings: Settings
    target: FakeTarget = field(default_factory=FakeTarget)

    def service(self, **ingest: object) -> IngestService:
        settings = replace(self.settings, ingest=replace(self.settings.ingest, **ingest))  # type: ignore[arg-type]
        return IngestService(settings, self.database, self.clock, self.pulse, self.target)

    def record(
        self,
        uid: str = "e1",
        start: float = 1_774_600_000.0,
        contents: tuple[bytes, ...] = (b"aaaa", b"bb"),
        state: EventState = EventState.FINISHED_RECORDING,
        error: str = "",
        **event: object,
    ) -> Recording:
        """Leave a finished recording behind."""
        directory = self.home / f"recording-{uid}"
        directory.mkdir(parents=True)
        flavors = ("presenter/source", "presentation/source", "presenter/source")
        tracks = []
        for number, content in enumerate(contents):
            path = directory / f"{uid}-{number}.mkv"
            path.write_bytes(content)
            tracks.append(Track(path, flavors[number], "camera", size=len(content), duration=10.0))
        values: dict[str, object] = {"title": "Analysis I: Übung", "origin": Origin.OPENCAST} | event
        made = Event(uid, start=start, end=start + 10, **values)  # type: ignore[arg-type]
        with self.database.write() as session:
            recordings.begin(session, made, directory, start)
            recordings.close(session, uid, start + 10, tracks)
            recordings.set_state(session, uid, state, start + 10, error=error)
            found = recordings.get(session, uid)
        assert found
        return found

    def state(self, uid: str = "e1") -> EventState:
        with self.database.read() as session:
            found = recordings.get(session, uid)
        assert found
        return found.state

    def upload(self, uid: str = "e1") -> Upload:
        with self.database.read() as session:
            found = uploads.get(session, uid)
        assert found
        return found


@pytest.fixture
def bench(database: Database, clock: FakeClock, pulse: Pulse, tmp_path: Path) -> Bench:
    home = tmp_path / "recordings"
    settings = Settings(capture=Capture(directory=home), ingest=Ingest(archive=tmp_path / "archive"))
    return Bench(database, clock, pulse, home, settings)
