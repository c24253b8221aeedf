"""Where the messages of pipelines go: to a stream of their own, to a file, or to another pipeline."""

from collections.abc import Iterator
from pathlib import Path

from pyca.instances.configured import Configured
from pyca.instances.places import Places
from pyca.instances.ports import Address, Network, Ports
from pyca.pipeline.files.configuration import Configuration


class PipelinePlaces(Places):
    """Gives out addresses of streams, and none to those that have no stream of their own.

    :param files: folder of the files that pipelines write
    """

    def __init__(self, network: Network, ports: Ports, files: Path) -> None:
        super().__init__(network, ports, None, "pipeline")
        self._files = files

    def find(self, configuration: Configured, kept: int = 0) -> Iterator[tuple[Address, int]]:
        """Return addresses to try for an instance, see :meth:`Places.find`.

        One that writes to a file, or to another pipeline, binds nothing: what is shown is the file or that
        pipeline's address.
        """
        assert isinstance(configuration, Configuration)
        if configuration.mode == "FILE":
            yield Address("", str(self._files / (configuration.file or "")), ""), 0
        elif configuration.output_stream:
            yield Address("", configuration.output_stream, ""), 0
        else:
            yield from super().find(configuration, kept)
