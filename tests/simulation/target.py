"""The server that recordings go to: it keeps what it was given, and fails when it is told to."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from pyca.core.errors import DeliveryError
from pyca.core.recording import Recording, Track, Upload, UploadStep
from pyca.ingest.target import Progress
from tests.simulation.machine import RECORD, Killed, Machine

TROUBLES = ("refused", "before", "after", "killed before", "killed after", "permanent", "slow")


@dataclass
class Server:
    """What lies at the server: media packages that were begun, and those that were completed."""

    tells: bool = True
    """whether it shows what it has taken"""
    away: bool = False
    begun: int = 0
    packages: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    taken: dict[str, list[bytes]] = field(default_factory=dict)
    """event → the contents of each package that was completed for it"""
    finals: Counter[str] = field(default_factory=Counter)
    trouble: list[tuple[str, str]] = field(default_factory=list)
    """(call, trouble) for the next calls of that kind"""


class SimulatedTarget:
    """One ingest service's way to the server.

    :param wait: lets time pass while a transfer goes on
    """

    name = "simulated"
    needs_checksums = False

    def __init__(
        self, server: Server, machine: Machine, wait: Callable[[], None], *, repeatable: bool
    ) -> None:
        self.repeatable = repeatable
        self.dead = False
        self._server = server
        self._machine = machine
        self._wait = wait

    def begin(self, recording: Recording, upload: Upload) -> Upload:
        self._before("begin")
        package = self._keep(())
        self._after("begin")
        return replace(upload, step=UploadStep.TRACKS, node="node", package=package, tracks_done=0)

    def add_track(self, recording: Recording, track: Track, upload: Upload, progress: Progress) -> Upload:
        trouble = self._before("track")
        content = track.path.read_bytes()
        if trouble == "slow":
            for _ in range(3):
                progress(len(content) // 2)
                self._wait()
                self._alive()
        progress(len(content))
        package = self._keep((*self._server.packages[upload.package], content))
        self._after("track")
        return replace(upload, package=package, tracks_done=upload.tracks_done + 1)

    def finish(self, recording: Recording, upload: Upload) -> Upload:
        self._before("finish")
        server = self._server
        contents = server.packages[upload.package]
        again = self.repeatable and server.taken.get(recording.uid) == list(contents)
        if not again:
            server.finals[recording.uid] += 1
            server.taken.setdefault(recording.uid, []).extend(contents)
        self._after("finish")
        return replace(upload, step=UploadStep.DONE, location="there")

    def has_taken(self, recording: Recording, upload: Upload) -> bool:
        self._before("question")
        return self._server.tells and bool(self._server.finals[recording.uid])

    def abandon(self, recording: Recording, upload: Upload) -> None:
        self._before("abandon")
        self._server.packages.pop(upload.package, None)
        self._after("abandon")

    def close(self) -> None:
        pass

    def _keep(self, contents: tuple[bytes, ...]) -> str:
        self._server.begun += 1
        name = f"package-{self._server.begun}"
        self._server.packages[name] = contents
        return name

    def _alive(self) -> None:
        if self.dead:
            raise Killed

    def _trouble(self, call: str, *kinds: str) -> str:
        for number, (name, kind) in enumerate(self._server.trouble):
            if name == call and kind in kinds:
                del self._server.trouble[number]
                return kind
        return ""

    def _before(self, call: str) -> str:
        self._machine.point()
        if self._server.away:
            raise DeliveryError("the server cannot be reached")
        kind = self._trouble(call, "refused", "before", "killed before", "permanent", "slow")
        if kind == "killed before":
            raise Killed
        if kind == "refused":
            raise DeliveryError("503", status=503)
        if kind == "before":
            raise DeliveryError("no answer", unanswered=True)
        if kind == "permanent":
            raise DeliveryError("400", permanent=True, status=400)
        return kind

    def _after(self, call: str) -> None:
        kind = self._trouble(call, "after", "killed after")
        self._machine.point()
        if kind == "killed after":
            raise Killed
        if kind == "after":
            raise DeliveryError("no answer", unanswered=True)


def serials(content: bytes) -> list[tuple[str, int]]:
    """Return event and number of each record in a file."""
    lines = [content[start : start + RECORD] for start in range(0, len(content), RECORD)]
    return [(line[:8].strip().decode(), int(line[14:23])) for line in lines]
