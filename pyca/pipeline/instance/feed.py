"""Where the messages of a pipeline come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pyca.bsread.message import Value


@dataclass(frozen=True, slots=True)
class Item:
    """What came at one pulse.

    :param nanoseconds: time of the pulse, since 1970 UTC
    :param values: by name of the channel; of a camera image (height, width), x_axis (width,),
        y_axis (height,), width, height, timestamp, and maybe further ones
    :param merged: what another stream had at the same pulse, None where none is merged
    """

    pulse_id: int
    nanoseconds: int
    values: Mapping[str, Value]
    merged: Mapping[str, Value] | None = None


class Feed(Protocol):
    """A source of messages. Used by one thread at a time."""

    @property
    def lost(self) -> int:
        """Return how many messages were made and not returned."""

    @property
    def garbled(self) -> int:
        """Return how many messages came that were none."""

    @property
    def address(self) -> str:
        """Return where messages come from, once it is open; empty where they are made here."""

    def open(self) -> None:
        """Connect, or begin to listen.

        :raises OfflineError: where the source is not there
        :raises PycaError: where it is impossible
        """

    def receive(self, timeout: float) -> Item | None:
        """Return the next message, None where none came in time.

        :param timeout: seconds
        :raises WireError: where something came that is no message; the next call goes on behind it
        :raises OfflineError: where the source was to be found again, and is not there
        """

    def renew(self) -> None:
        """Find the source again, as it has been silent for long. Returns at once."""

    def close(self) -> None:
        """Stop. Nothing happens where it is closed already; arrays that were received stay valid."""
