"""Copy a file into another container while somebody reads it: nothing is encoded, nothing is written."""

import contextlib
import logging
import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from pyca.core.errors import MediaError
from pyca.media.explain import explain
from pyca.media.ffmpeg import Tools
from pyca.media.run import url

logger = logging.getLogger(__name__)

CONTAINERS = {
    "mp4": ("-f", "mp4", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    "webm": ("-f", "webm"),
}
"""Containers that browsers play while they are still being made."""
_PIECE = 64 * 1024
_NICE = 15
"""The recorder goes first, always."""
_PATIENCE = 5.0
"""Seconds that the copying program has to end by itself once nobody reads."""

_DYING = 2.0
"""Seconds in which it must be gone once it is killed, or it is left alone."""


class PassingCopy:
    """The copy as pieces of bytes; ``close`` ends the program, whether all was read or not.

    :param path: a media file
    :param container: one of :data:`CONTAINERS`
    :param closed: called once when it is over
    :raises MediaError: where the file cannot be copied, with the reason
    """

    def __init__(
        self, path: Path, container: str, tools: Tools, closed: Callable[[], None] = lambda: None
    ) -> None:
        self._closed = closed
        self._over = False
        self._process, self._output, self._errors = _start(path, container, tools)
        self._first = self._read()
        if not self._first:
            reason = self._reason()
            self._end()
            raise MediaError(f"“{path.name}” cannot be shown: {reason}", "download it instead")

    @property
    def pid(self) -> int:
        """The copying program's."""
        return self._process.pid

    def __iter__(self) -> Iterator[bytes]:
        piece = self._first
        while piece:
            yield piece
            piece = self._read()

    def close(self) -> None:
        """End the copy."""
        if not self._over:
            self._end()
            self._closed()

    def _read(self) -> bytes:
        # What is there already is enough: a whole piece may take long.
        return os.read(self._output.fileno(), _PIECE)

    def _end(self) -> None:
        self._over = True
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        self._output.close()
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._kill()
        self._errors.close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        try:
            self._process.wait(_DYING)
        except subprocess.TimeoutExpired:
            # What hangs in a disk does not end; whoever looked at it must not hang as well.
            logger.warning("process %d cannot be killed and is left alone", self._process.pid)

    def _reason(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_PATIENCE)
        self._errors.seek(0)
        return explain(self._errors.read(_PIECE).decode("utf-8", "replace"))


def _start(path: Path, container: str, tools: Tools) -> tuple[subprocess.Popen[bytes], IO[bytes], IO[bytes]]:
    """Start the program; returns it with what it makes and what it complains about."""
    argv = [str(tools.ffmpeg), "-nostdin", "-hide_banner", "-v", "error", "-protocol_whitelist", "file,pipe"]
    streams = ["-map", "0:v:0?", "-map", "0:a:0?", "-c", "copy"]
    errors = tempfile.TemporaryFile()  # noqa: SIM115  it lives as long as the program
    reading, writing = os.pipe()
    try:
        process = subprocess.Popen(
            [*argv, "-i", url(path), *streams, *CONTAINERS[container], "pipe:1"],
            stdin=subprocess.DEVNULL,
            stdout=writing,
            stderr=errors,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        os.close(reading)
        errors.close()
        raise MediaError(
            f"“{tools.ffmpeg}” cannot be run: {error}", "check the FFmpeg installation"
        ) from error
    finally:
        os.close(writing)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    return process, os.fdopen(reading, "rb", buffering=0), errors
