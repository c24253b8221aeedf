"""What went wrong in somebody else's code, in words for those who wrote it."""

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType, TracebackType

from pyca.core.errors import ImagingError

_LONGEST = 1000
"""characters of what an exception says"""


class Places:
    """Where the files of users are: an error is shown where it left these, not deep in a library of others.

    :param folders: of scripts and libraries
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(f"{folder}/" for folder in folders)

    def of_traceback(self, trace: TracebackType | None) -> str:
        """Return file and line, such as “fit.py, line 7”; empty where no file of users has part in it."""
        found = ""
        for frame, line in traceback.walk_tb(trace):
            found = self._shown(frame.f_code.co_filename, line) or found
        return found

    def of_thread(self, ident: int) -> str:
        """Return the file and line at which a thread is now, empty where that is in no file of users."""
        frame: FrameType | None = sys._current_frames().get(ident)  # noqa: SLF001
        for inner, line in traceback.walk_stack(frame) if frame is not None else ():
            if found := self._shown(inner.f_code.co_filename, line):
                return found
        return ""

    def _shown(self, file: str, line: int) -> str:
        for folder in self._folders:
            if file.startswith(folder):
                return f"{file.removeprefix(folder)}, line {line}"
        return ""


def described(error: BaseException) -> str:
    """Return what an exception says, with its kind, on one line."""
    try:
        text = " ".join(str(error).split())
    except Exception:  # the script's own exception class, which may do anything
        text = ""
    name = type(error).__name__
    return f"{name}: {text[:_LONGEST]}" if text else name


def _position(places: Places, error: BaseException) -> str:
    found = places.of_traceback(error.__traceback__)
    # Of a StopIteration in a generator Python makes another error, which has been nowhere.
    cause = error.__cause__
    return found or (places.of_traceback(cause.__traceback__) if cause is not None else "")


def raised(script: str, places: Places, error: BaseException) -> ImagingError:
    """Return the error for an exception that left the code of a user.

    What such an exception says of itself is the user's code too: this may fail, exit or hang.

    :param script: file name of the script
    """
    if isinstance(error, SyntaxError) and error.lineno:
        file = Path(error.filename or script).name
        return ImagingError(f"Script {file}, line {error.lineno}: {type(error).__name__}: {error.msg}.")
    where = _position(places, error) or script
    if isinstance(error, SystemExit):
        return ImagingError(
            f"Script {where}: it calls exit({error.code!r}), which ends nothing here.",
            "Return None to leave a message out.",
        )
    if isinstance(error, MemoryError):
        return ImagingError(
            f"Script {where}: it needs more memory than it may have.", "See [pipeline] script_memory."
        )
    return ImagingError(f"Script {where}: {described(error)}.")
