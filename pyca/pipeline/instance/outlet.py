"""Where the messages of a pipeline go."""

from collections.abc import Mapping
from typing import Protocol

from pyca.bsread.message import Value


class Outlet(Protocol):
    """Takes messages, whatever becomes of them. Used by one thread at a time."""

    @property
    def clients(self) -> int:
        """Return how many listen now; where nobody can, as at a file, always 1."""

    @property
    def sent(self) -> int:
        """Return how many messages have left."""

    @property
    def dropped(self) -> int:
        """Return how many messages nobody got, or not everybody."""

    @property
    def sent_bytes(self) -> int:
        """Return the bytes of the messages that have left."""

    @property
    def header_changes(self) -> int:
        """Return how many different data headers there were, one after the other; 0 where there are none."""

    @property
    def trouble(self) -> str:
        """Return what is wrong with it now, such as a disk that is too slow; empty where nothing is."""

    def open(self) -> str:
        """Begin; returns the address, or the path, as somebody else would have to name it.

        :raises BusyError: where somebody else has the address
        :raises PycaError: where it is impossible
        """

    def send(self, pulse_id: int, nanoseconds: int, values: Mapping[str, Value]) -> None:
        """Take one message. It may be kept: nobody changes its arrays any more.

        :param nanoseconds: time of the pulse, since 1970 UTC
        :param values: by name of the channel, in order
        :raises WireError: where a value cannot be sent or written; the next message may be fine
        :raises MachineError: where nothing can be sent or written any more
        """

    def close(self, *, at_once: bool = False) -> None:
        """Stop. Nothing happens where it is closed already.

        :param at_once: whether what is on its way to clients is given up; files are always written to the end
        """
