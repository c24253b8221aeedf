"""Where streams are: gives each instance an address."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from pyca.instances.configured import Configured
from pyca.instances.ports import Address, Network, Ports, socket_address, socket_folder


class Places:
    """Gives out addresses of streams.

    :param sockets: folder of those that are Unix sockets, None for one in the runtime directory
    :param noun: what the streams are those of
    :param both: whether a stream that has a port is at an abstract Unix socket as well
    """

    def __init__(
        self,
        network: Network,
        ports: Ports,
        sockets: Path | None,
        noun: str = "camera",
        *,
        both: bool = False,
    ) -> None:
        self._noun = noun
        self._token = token_hex(8) if both else ""
        """of this server alone: what leads to a socket never leads to that of another one"""
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
            yield self._address(configuration.port), configuration.port
            return
        if kept and self._ports.held_now(kept):
            yield self._address(kept), kept
        for _ in range(len(self._ports)):
            port = self._ports.take()
            yield self._address(port), port

    def _address(self, port: int) -> Address:
        address = self._network.address(port)
        return replace(address, beside=f"ipc://@pyca-{self._token}-{port}") if self._token else address

    def release(self, port: int) -> None:
        """Give a port back; 0 is none."""
        if port:
            self._ports.release(port)
