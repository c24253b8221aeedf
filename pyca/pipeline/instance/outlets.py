"""Which outlet a configuration asks for."""

from pyca.pipeline.files.configuration import Configuration
from pyca.pipeline.instance.buffered_outlet import BufferedOutlet
from pyca.pipeline.instance.outlet import Outlet
from pyca.pipeline.instance.stream_outlet import GoOn, StreamOutlet
from pyca.pipeline.instance.surroundings import Surroundings


def make(configuration: Configuration, around: Surroundings, go_on: GoOn) -> Outlet:
    """Return the outlet of a pipeline.

    :param go_on: called again and again while a message waits; tells whether to wait on
    :raises PycaError: where there can be none
    """
    if configuration.mode == "FILE":
        # Only these write files.
        from pyca.pipeline.instance.file_outlet import file_outlet

        return file_outlet(configuration, around.files)
    kind = BufferedOutlet if configuration.buffer_size else StreamOutlet
    return kind(around.address, configuration, go_on)
