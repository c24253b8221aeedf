"""Where streams are: gives each instance an address."""

from collections.abc import Iterator
from pathlib import Path

from pyca.instances.configured import Configured
from pyca.instances.ports import Address, Network, Ports, socket_address, socket_folder


class Places:
    """Gives out addresses of streams.

    :param sockets: folder of those that are Unix sockets, None for one in the runtime directory
    :param noun: what the streams are those of
    """

    def __init__(self, network: Network, ports: Ports, sockets: Path | None, noun: str = "camera") -> None:
        self._noun = noun
        self._network = network
        self._ports = ports
        self._sockets = sockets

    def find(self, configuration: Configured, kept: int = 0) -> Iterator[tuple[Address, int]]:
        """Return addresses to try for an instance, each with its port, 0 for none; the caller releases it.

        :param kept: a port that is tried first
        :raises BusyError: where none is free
        """
        if configuration.protocol == "ipc":
            folder = socket_folder(self._sockets, self._noun)
            yield socket_address(folder, configuration.name, self._noun), 0
            return
        if configuration.port:
            self._ports.hold(configuration.port)
            yield self._network.address(configuration.port), configuration.port
            return
        if kept and self._ports.held_now(kept):
            yield self._network.address(kept), kept
        for _ in range(len(self._ports)):
            port = self._ports.take()
            yield self._network.address(port), port

    def release(self, port: int) -> None:
        """Give a port back; 0 is none."""
        if port:
            self._ports.release(port)
