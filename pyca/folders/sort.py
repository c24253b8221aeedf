"""What is different from one folder of configurations to another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, Self, TypeVar


class Written(Protocol):
    """A configuration that stands in a file."""

    @property
    def name(self) -> str:
        """Return what it is called."""

    @property
    def alias(self) -> tuple[str, ...]:
        """Return its further names."""

    @property
    def group(self) -> tuple[str, ...]:
        """Return the groups that it belongs to."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what is allowed and still deserves attention."""

    @property
    def image_background(self) -> str | None:
        """Return the id of the background that it names."""

    def renamed(self, name: str) -> Self:
        """Return the same under another name, which is none of its aliases."""

    def as_json(self) -> dict[str, Any]:
        """Return the complete configuration."""


W = TypeVar("W", bound=Written)


@dataclass(frozen=True)
class Sort(Generic[W]):
    """What the configurations of a folder are.

    :param noun: what one of them is called, such as “camera”
    :param section: of the settings that name the folder
    :param parse: makes a configuration of a name and decoded JSON; raises ConfigError with all that is wrong
    :param reserved: words of the interface, which can be no names
    :param unknown: what is said where there is none, from its name and file
    :param first: what a new folder holds
    """

    noun: str
    section: str
    parse: Callable[[str, object], W]
    reserved: tuple[str, ...]
    unknown: Callable[[str, str], str]
    first: Mapping[str, object] = field(default_factory=dict)
