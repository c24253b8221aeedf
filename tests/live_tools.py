"""Stand-ins for what surrounds a streamer's engine, and streams that are made up."""

import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import CommandError
from pyca.core.live import Destination, LinkReport, LinkState, Profile, Size, Source
from pyca.live.engine.makers import Intro, Makers, Note
from pyca.live.flow.figures import descendants
from pyca.live.flow.flv import Kind, Reader, Tag
from pyca.live.flow.watch import Watch
from pyca.live.plan import Plan, Surroundings
from pyca.live.source.encoding import CameraCommand
from pyca.media.ffmpeg import Tools

FFMPEG = shutil.which("ffmpeg")
AVCC = b"\x01\x42\xc0\x1e\xff\xe1\x00\x03\x67\x42\xc0\x01\x00\x02\x68\xce"
FACTS = {"width": 640.0, "height": 360.0, "framerate": 25.0}


def video_setup(avcc: bytes = AVCC) -> Tag:
    return Tag(Kind.VIDEO, 0, b"\x17\x00\x00\x00\x00" + avcc)


def audio_setup() -> Tag:
    return Tag(Kind.AUDIO, 0, b"\xaf\x00\x11\x90")


def key(time: int, payload: bytes = b"key") -> Tag:
    return Tag(Kind.VIDEO, time, b"\x17\x01\x00\x00\x00" + payload)


def inter(time: int, payload: bytes = b"p") -> Tag:
    return Tag(Kind.VIDEO, time, b"\x27\x01\x00\x00\x00" + payload)


def sound(time: int, payload: bytes = b"a") -> Tag:
    return Tag(Kind.AUDIO, time, b"\xaf\x01" + payload)


class Sink:
    """Takes a stream and keeps it, as a destination would see it."""

    def __init__(self, destination: Destination | Path, intro: Intro) -> None:
        self.made_for = destination
        self.state = LinkState.CONNECTING
        self.error = ""
        self.restarts = 0
        self.forgotten = 0
        self.stream = bytearray()
        self._intro = intro
        self._ended = False
        self.fragile = False

    @property
    def ended(self) -> bool:
        return self._ended

    @property
    def tags(self) -> list[Tag]:
        return Reader().feed(bytes(self.stream))

    def offer(self, tags: Sequence[Tag]) -> None:
        if self.fragile:
            raise RuntimeError("broken on purpose")
        if self.state is LinkState.CONNECTING:
            self.state = LinkState.LIVE
        if self.stream:
            self.stream += b"".join(tag.encode() for tag in tags)

    def tick(self, now: float) -> float:
        self.stream = self.stream or bytearray(self._intro())
        return now + 60

    def forget(self) -> None:
        self.forgotten += 1

    def report(self) -> LinkReport:
        name = self.made_for.id if isinstance(self.made_for, Destination) else ""
        return LinkReport(name, "", self.state, error=self.error, sent=len(self.stream))

    def restart(self) -> None:
        self.restarts += 1

    def close(self) -> None:
        self._ended = True
        self.state = LinkState.OFF

    def kill(self) -> None:
        self.close()

    def refuse(self, why: str) -> None:
        """Give up, as after a wrong key."""
        self.error = why
        self.state = LinkState.REFUSED


Commands = Callable[[], CameraCommand]


class Workshop:
    """Makes an engine's parts: FFmpeg's test picture, and sinks that are kept in ``sinks``."""

    def __init__(self) -> None:
        self.sinks: list[Sink] = []
        self.unwritable = self.broken = self.fragile = False
        self.camera_command = encode("testsrc2=s=320x180:r=25")
        self.slate_command = encode("color=c=navy:s=320x180:r=25")

    @property
    def makers(self) -> Makers:
        def sink(
            item: Destination | Path, _all: Surroundings, _watch: Watch, intro: Intro, _note: Note
        ) -> Sink:
            if self.broken:
                raise RuntimeError("broken on purpose")
            if self.unwritable and isinstance(item, Path):
                raise CommandError("the file cannot be written")
            self.sinks.append(Sink(item, intro))
            self.sinks[-1].fragile = self.fragile
            return self.sinks[-1]

        def camera(_profile: Profile, _source: Source, _all: Surroundings, progress: int) -> CameraCommand:
            return self.camera_command(progress)

        def slate(_profile: Profile, _size: Size | None, _all: Surroundings) -> Sequence[str]:
            return self.slate_command(2).argv

        return Makers(camera, slate, sink, sink, sink, sink)

    def sink(self, name: str = "main") -> Sink:
        """The newest one of a destination."""
        found = [s for s in self.sinks if isinstance(s.made_for, Destination) and s.made_for.id == name]
        return found[-1]


def encode(picture: str) -> Callable[[int], CameraCommand]:
    """FFmpeg with a picture and a tone in real time, a key frame every half second."""

    def command(progress: int) -> CameraCommand:
        inputs = ["-re", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", "sine=frequency=1000:r=48000"]
        video = [
            "-c:v",
            "libx264",
            "-preset",
            "ultrafast",
            "-tune",
            "zerolatency",
            "-g",
            "12",
            "-pix_fmt",
            "yuv420p",
        ]
        audio = ["-c:a", "aac", "-ac", "2"]
        out = ["-progress", f"pipe:{progress}", "-stats_period", "0.5", "-f", "flv", "pipe:1"]
        return CameraCommand(
            [str(FFMPEG), "-nostdin", "-hide_banner", "-loglevel", "warning", *inputs, *video, *audio, *out]
        )

    return command


def makers_of(word: str = "ffmpeg") -> list[int]:
    """Return the processes of ours whose command line has a word; other tests may have left servers."""
    found = []
    for pid in descendants():
        with suppress(OSError):
            if word.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
    return found


def surroundings(folder: Path, clock: Clock | None = None) -> Surroundings:
    """The surroundings of an engine that works in a folder."""
    return Surroundings(Tools(Path(FFMPEG or "ffmpeg")), folder, clock or SystemClock(), dict(os.environ))


def plan(*destinations: Destination, **changes: object) -> Plan:
    """A plan with a camera."""
    wanted = destinations or (Destination("main", "rtmp://127.0.0.1/live", "k"),)
    return Plan(Profile(), Source("test"), wanted, **changes)  # type: ignore[arg-type]
