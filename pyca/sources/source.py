"""The contract that every kind of camera keeps."""

from typing import Protocol

from pyca.images.image import Size
from pyca.sources.frame import Frame

OFFLINE_SECONDS = 1.0
"""after which a camera that does not answer is said to be offline"""


class Source(Protocol):
    """A camera. Used by one thread at a time; nothing happens before :meth:`open`."""

    def open(self) -> None:
        """Connect, or begin to.

        Whether the camera answers is known within :data:`OFFLINE_SECONDS`.

        :raises OfflineError: where it does not answer; it may be opened again later
        :raises SourceError: where it can never deliver what is wanted, with the remedy
        """

    def size(self) -> Size:
        """Return the size of its images. Only while it is open; answers within :data:`OFFLINE_SECONDS`.

        :raises SourceError: where the camera does not say
        """

    def receive(self, timeout: float) -> Frame | None:
        """Return the next frame, None where none came in time.

        Where frames come faster than they are asked for the newest is returned and the others are counted
        in :attr:`lost`. A camera that went away and comes back goes on by itself.

        :param timeout: seconds
        :raises OfflineError: about once a second while the camera has been gone for as long; it may be
            asked on, which is enough where it comes back, or opened again
        :raises SourceError: where the camera sent something that is no frame; the next call goes on behind it
        """

    def close(self) -> None:
        """Let go of the camera. Nothing happens where it is closed already."""

    @property
    def lost(self) -> int:
        """Frames that the camera made and nobody got, since it was opened, as far as is known."""
