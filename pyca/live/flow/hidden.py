"""Secrets for FFmpeg that stand in no argument list, which everybody on the machine may read."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from pyca.core.errors import MediaError
from pyca.media.run import run

PRESET = "{preset}"
"""stands in an argument list for the file that holds the secrets"""

_LIMIT = 10.0
"""seconds for asking an FFmpeg; it takes a tenth of one"""


def preset(options: Mapping[str, str]) -> bytes:
    """Return the content of a file that gives options to FFmpeg by ``-fpre``."""
    return "".join(f"{name}={value}\n" for name, value in options.items()).encode()


def opened(content: bytes) -> int:
    """Return the descriptor of a file in memory that only we and our children can open."""
    descriptor = os.memfd_create("pyca") if hasattr(os, "memfd_create") else _temporary()
    with open(descriptor, "wb", closefd=False) as file:
        file.write(content)
    return descriptor


def placed(argv: Sequence[str], descriptor: int) -> list[str]:
    """Return an argument list with an inherited descriptor in the place of :data:`PRESET`."""
    return [f"/dev/fd/{descriptor}" if word == PRESET else word for word in argv]


@cache
def reads_presets(ffmpeg: Path) -> bool:
    """Tell whether an FFmpeg takes options from a file: 5.1 does, 9.0 reads the file and forgets it.

    Asked once for each binary: an impossible option must make it fail.
    """
    with tempfile.NamedTemporaryFile() as file:
        file.write(preset({"avoid_negative_ts": "nonsense"}))
        file.flush()
        begin = [str(ffmpeg), "-y", "-v", "error", "-f", "lavfi", "-i", "anullsrc", "-t", "0.01"]
        end = ["-f", "flv", os.devnull]
        try:
            refused = run([*begin, "-fpre", file.name, *end], _LIMIT).code != 0
            return refused and run([*begin, *end], _LIMIT).code == 0
        except MediaError:
            return False


def _temporary() -> int:
    """Return a file without a name."""
    descriptor, name = tempfile.mkstemp()
    os.unlink(name)
    return descriptor
