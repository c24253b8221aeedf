"""The seam of a delivery: where a recording may go, in steps that can be repeated one by one."""

from collections.abc import Callable
from typing import Protocol

from pyca.core.recording import Recording, Track, Upload

Progress = Callable[[int], None]
"""Told how many bytes of the present track are over; raises :class:`Interrupted` to end the transfer."""


class Interrupted(Exception):  # noqa: N818  it is no error, the delivery goes on later
    """The delivery was asked to stop; it resumes at the element where it stood."""


class Target(Protocol):
    """Where recordings go. Every step returns the delivery as it must be stored before the next one.

    All steps raise :class:`~pyca.core.errors.DeliveryError`, permanent where trying again cannot help.
    """

    @property
    def name(self) -> str:
        """A word for the database: which kind of target a delivery was begun with."""
        ...

    @property
    def needs_checksums(self) -> bool:
        """True where tracks must carry their checksum before they are added."""
        ...

    @property
    def repeatable(self) -> bool:
        """True where finish may be called again without harm after it was interrupted."""
        ...

    def begin(self, recording: Recording, upload: Upload) -> Upload:
        """Open a new delivery and pin it to one place."""
        ...

    def add_track(self, recording: Recording, track: Track, upload: Upload, progress: Progress) -> Upload:
        """Hand over one file.

        :raises Interrupted: where ``progress`` does so
        """
        ...

    def finish(self, recording: Recording, upload: Upload) -> Upload:
        """Complete the delivery; after this the recording is in safe hands.

        :raises DeliveryError: “unanswered” where nobody can tell whether it was completed
        """
        ...

    def has_taken(self, recording: Recording, upload: Upload) -> bool:
        """Look whether a final call that was never answered has been carried out after all.

        :return: True where that is certain; False says nothing
        :raises DeliveryError: where nobody can be asked, or the question is refused
        """
        ...

    def abandon(self, recording: Recording, upload: Upload) -> None:
        """Throw away what a delivery that will not go on has left behind."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
