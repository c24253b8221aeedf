"""What is known here of the configuration of an instance."""

from collections.abc import Hashable
from typing import Any, Protocol, TypeVar


class Configured(Protocol):
    """The configuration of an instance, of whatever kind."""

    @property
    def name(self) -> str:
        """Return what the instance is called."""

    @property
    def place(self) -> Hashable:
        """Return all on which its stream's place depends: with another one it needs another process."""

    @property
    def protocol(self) -> str:
        """Return tcp or ipc."""

    @property
    def port(self) -> int | None:
        """Return the port that its stream must have, None for the next free one."""

    @property
    def no_client_timeout(self) -> float:
        """Return the seconds after which it ends without a client; 0 or less: never."""

    @property
    def image_background(self) -> str | None:
        """Return the id of the background that it subtracts."""

    def as_json(self) -> dict[str, Any]:
        """Return the complete configuration."""


C = TypeVar("C", bound=Configured)
