"""Where a stream goes on this machine: a recording, the files of the player page, the preview."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from pyca.core.live import Destination
from pyca.live.flow.watch import Watch
from pyca.live.plan import Surroundings
from pyca.live.send.link import Link
from pyca.live.send.outlets import Outlet, check_file, to_file, to_player, to_preview
from pyca.live.send.receiver import Intro, Note

RECORDING = "record"
PLAYER = "hls"
PREVIEW = "preview"

_NOTHING = 4096
"""bytes below which a file holds headers and no picture"""


def recording(file: Path, around: Surroundings, watch: Watch, intro: Intro, note: Note) -> Link:
    """Return what writes a file as long as it lives; where its process dies, another file goes on.

    :raises ParameterError: where the file cannot be written
    """
    check_file(file)
    return Link(Destination(RECORDING), around, watch, intro, note, (_Files(file, around),))


def player(folder: Path, around: Surroundings, watch: Watch, intro: Intro, note: Note) -> Link:
    """Return what writes the files of the player page; ``index.m3u8`` is the first to fetch."""
    route = partial(to_player, folder, around)
    return Link(Destination(PLAYER), around, watch, intro, _quiet(note), (route,))


def preview(picture: Path, around: Surroundings, watch: Watch, intro: Intro, note: Note) -> Link:
    """Return what writes a small picture of the stream again and again."""
    route = partial(to_preview, picture, around)
    return Link(Destination(PREVIEW), around, watch, intro, _quiet(note), (route,))


def _quiet(note: Note) -> Note:
    """Return what says only what is wrong: that a page of our own is served is no news of a session."""
    return lambda level, text: note("debug" if level == "info" else level, text)


class _Files:
    """The files of one recording: as a rule one, and another after each death of its process."""

    def __init__(self, file: Path, around: Surroundings) -> None:
        self._file = file
        self._around = around
        self._last: Path | None = None

    def __call__(self) -> Outlet:
        """Return what writes the next one; the last one is removed where nothing came into it."""
        if self._last:
            with suppress(OSError):
                if self._last.stat().st_size < _NOTHING:
                    self._last.unlink()
        outlet = to_file(self._file, self._around)
        self._last = Path(outlet.shown)
        return outlet
