"""Run FFmpeg with the sound of a network camera, or with silence where that has none.

A script of its own: the look at the camera may take seconds, for which nobody else shall wait. It becomes the
FFmpeg that it runs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence

_LIMIT = 15
"""seconds for the look"""


def words(look: Sequence[str], sounding: Sequence[str], silent: Sequence[str]) -> list[str]:
    """Return the script's words.

    :param look: FFmpeg's words up to and with the input
    :param sounding: the command that uses the sound of its first input
    :param silent: the command that does not
    """
    return [json.dumps([list(look), list(sounding), list(silent)])]


def main(look: Sequence[str], sounding: Sequence[str], silent: Sequence[str]) -> None:
    """Look at the input and become the command that suits it."""
    argv = sounding if _has_sound(look) else silent
    os.execv(argv[0], list(argv))


def _has_sound(look: Sequence[str]) -> bool:
    argv = [*look, "-t", "0.1", "-map", "0:a:0", "-c", "copy", "-f", "null", "-"]
    quiet = subprocess.DEVNULL
    try:
        done = subprocess.run(argv, stdin=quiet, stdout=quiet, stderr=quiet, timeout=_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
