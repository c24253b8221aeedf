"""Pictures of a stream that is over: who watches sees it to its end, and then none is left."""

import logging
from contextlib import suppress
from pathlib import Path

from pyca.core.clock import Clock

logger = logging.getLogger(__name__)

KEPT = 30.0
"""seconds for which viewers, who are some pieces behind, can still fetch the last ones"""
_PIECES = (".m3u8", ".m4s", ".mp4", ".tmp")


class Remains:
    """What is left in the folder of the streamer; at the start, what one that was killed left."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._due: float | None = clock.monotonic()

    def keep(self) -> None:
        """Remove nothing: a stream begins, which has a picture and pieces of its own."""
        self._due = None

    def leave(self, folder: Path) -> None:
        """Remove the picture of a stream that is over at once, and its pieces a bit later.

        :param folder: of the streamer
        """
        self._folder = folder
        self._due = self._clock.monotonic() + KEPT
        _remove([folder / "preview.jpg", folder / "preview.jpg.tmp"])

    def tick(self) -> None:
        """Remove what is due."""
        if self._due is not None and self._clock.monotonic() >= self._due:
            self.clear()

    def clear(self) -> None:
        """Remove all that is left, where no stream goes on."""
        if self._due is not None:
            self._due = None
            _remove([self._folder / "preview.jpg", *_pieces(self._folder / "hls")])


def _pieces(folder: Path) -> list[Path]:
    # There is no such folder where no player page is wanted.
    with suppress(OSError):
        return [file for file in folder.iterdir() if file.suffix in _PIECES]
    return []


def _remove(files: list[Path]) -> None:
    for file in files:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            logger.warning("%s cannot be removed: %s", file, error.strerror)
