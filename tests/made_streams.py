"""Run the commands that make a stream, and tell what comes out."""

import math
import os
import select
import signal
import struct
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pyca.core.clock import SystemClock
from pyca.core.live import Profile, Source
from pyca.live.flow.flv import Kind, Reader, Tag
from pyca.live.plan import Surroundings
from pyca.live.source.encoding import CameraCommand, camera_command
from pyca.media.ffmpeg import Tools

_LIMIT = 40.0
_RATE = 48000
_PICTURE = 1


@dataclass
class Made:
    """What came out of a command."""

    tags: list[Tag] = field(default_factory=list)
    data: bytearray = field(default_factory=bytearray)
    progress: bytes = b""

    def frames(self) -> list[Tag]:
        # What FFmpeg writes at the very end is no picture, but the mark that there are no more.
        return [tag for tag in self.tags if tag.kind == Kind.VIDEO and tag.body[1] == _PICTURE]

    def setup(self, kind: int) -> list[bytes]:
        return [tag.body for tag in self.tags if tag.kind == kind and tag.is_setup]

    def key_times(self) -> list[int]:
        return [tag.time for tag in self.frames() if tag.is_key]

    def fps(self) -> float:
        frames = self.frames()
        return 1000 * (len(frames) - 1) / (frames[-1].time - frames[0].time)

    def sound(self, ffmpeg: Path) -> list[int]:
        """Samples of one channel."""
        argv = [str(ffmpeg), "-v", "quiet", "-f", "flv", "-i", "pipe:0", "-map", "0:a", "-ac", "1"]
        argv += ["-ar", str(_RATE), "-f", "s16le", "-"]
        raw = subprocess.run(argv, input=bytes(self.data), stdout=subprocess.PIPE, check=False).stdout
        return list(struct.unpack(f"<{len(raw) // 2}h", raw[: len(raw) // 2 * 2]))

    def picture(self, ffmpeg: Path) -> tuple[bytes, int]:
        """The last picture in shades of grey, and its width."""
        argv = [str(ffmpeg), "-v", "quiet", "-f", "flv", "-i", "pipe:0", "-map", "0:v", "-f", "rawvideo"]
        argv += ["-vf", "scale=160:90,format=gray", "-"]
        raw = subprocess.run(argv, input=bytes(self.data), stdout=subprocess.PIPE, check=False).stdout
        return raw[-160 * 90 :], 160


def around(
    tools: Tools, folder: Path, environ: Mapping[str, str] | None = None, text: str = ""
) -> Surroundings:
    """What commands are made for."""
    return Surroundings(
        tools, folder, SystemClock(), dict(os.environ) if environ is None else environ, slate_text=text
    )


def make(profile: Profile, source: Source, surroundings: Surroundings, frames: int) -> Made:
    """Run a camera's command until so many pictures came."""
    reader, writer = os.pipe()
    with open(reader, "rb") as told:
        try:
            made = watch(camera_command(profile, source, surroundings, writer), frames, writer)
        finally:
            os.close(writer)
        made.progress = told.read()
    return made


def watch(command: CameraCommand | Sequence[str], frames: int, progress: int | None = None) -> Made:
    """Run a command until so many pictures came, then end it as a service does."""
    if not isinstance(command, CameraCommand):
        command = CameraCommand(list(command))
    before = subprocess.Popen(command.before, stdout=subprocess.PIPE) if command.before else None
    process = subprocess.Popen(
        command.argv,
        stdin=before.stdout if before else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        pass_fds=() if progress is None else (progress,),
        start_new_session=True,
    )
    if before and before.stdout:
        before.stdout.close()
    try:
        return _read(process, frames)
    finally:
        for one in (process, before):
            if one:
                one.kill()
                one.wait()
        if process.stdout:
            process.stdout.close()


def _read(process: subprocess.Popen[bytes], frames: int) -> Made:
    made, reader, end = Made(), Reader(), time.monotonic() + _LIMIT
    assert process.stdout
    asked = False
    while time.monotonic() < end:
        if not select.select([process.stdout], [], [], 1.0)[0]:
            continue
        data = os.read(process.stdout.fileno(), 65536)
        if not data:
            return made
        made.data += data
        made.tags += reader.feed(data)
        if not asked and len(made.frames()) >= frames:
            asked = True
            os.killpg(process.pid, signal.SIGINT)
    raise AssertionError(f"only {len(made.frames())} pictures came")


def tone(samples: Sequence[int], hertz: float) -> float:
    """Share of the sound's power, from 0 to 1, that lies at a frequency (Goertzel)."""
    part = samples[_RATE // 4 : _RATE // 4 + _RATE // 2]
    power = sum(sample * sample for sample in part)
    if not power:
        return 0.0
    turn = 2 * math.cos(2 * math.pi * hertz / _RATE)
    one = two = 0.0
    for sample in part:
        one, two = sample + turn * one - two, one
    return 2 * (one * one + two * two - turn * one * two) / (len(part) * power)
