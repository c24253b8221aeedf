"""The configurations of the instances, as those who made them see them."""

import threading
from dataclasses import dataclass, replace

from pyca.pipeline.files.configuration import Configuration


@dataclass(frozen=True)
class Entry:
    """What an instance shall be.

    :param configuration: as its users see it; its name is the id of the instance
    :param asked: the same, before the addresses of other pipelines were put in
    :param read_only: whether nobody may change it
    :param origin: name of the saved pipeline that it was made from, empty where there is none
    :param permanent: whether it goes on without clients, whatever its configuration says
    """

    configuration: Configuration
    asked: Configuration
    read_only: bool = False
    origin: str = ""
    permanent: bool = False

    @property
    def wanted(self) -> Configuration:
        """The configuration that its process shall have."""
        return replace(self.configuration, no_client_timeout=0.0) if self.permanent else self.configuration


class Table:
    """What each instance shall be, for as long as it is not over. Thread-safe."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._lock = threading.Lock()

    def put(self, name: str, entry: Entry) -> None:
        """Note what an instance shall be. Only while its slot is held."""
        with self._lock:
            # A function is loaded anew where its configuration is applied, not whenever it is read.
            settled = replace(entry.configuration, reload=False)
            self._entries[name] = replace(entry, configuration=settled)

    def get(self, name: str) -> Entry | None:
        """Return what an instance shall be, None where there is none."""
        with self._lock:
            return self._entries.get(name)

    def everything(self) -> dict[str, Entry]:
        """Return what all instances shall be, by id."""
        with self._lock:
            return dict(self._entries)

    def drop(self, name: str) -> None:
        """Forget an instance that is over. Only while its slot is held."""
        with self._lock:
            self._entries.pop(name, None)

    def equal(self, configuration: Configuration) -> list[str]:
        """Return the ids of the instances that nobody may change and that do the same."""
        return [
            name
            for name, entry in self.everything().items()
            if entry.read_only and entry.asked == configuration.renamed(name)
        ]


def has_function(configuration: Configuration) -> bool:
    """Tell whether an instance runs a function of users."""
    return configuration.function not in (None, "transparent")
