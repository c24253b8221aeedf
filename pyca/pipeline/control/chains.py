"""Pipelines that read from pipelines or write to them."""

from collections.abc import Callable, Mapping

from pyca.core.errors import BusyError, ImagingError, PycaError
from pyca.instances.running import Running
from pyca.pipeline.files.configuration import Configuration, merged

DEEPEST = 16
"""pipelines in a row"""

Find = Callable[[str], Running[Configuration] | None]


class Chains:
    """Starts what an instance reads from and writes to, and tells it where that is.

    What it needs is started again for as long as it runs itself, whoever stops it. When it ends, those others
    end by themselves as soon as nobody listens to them any more.

    :param read: returns the configuration that an instance of a name has or would have
    :param start: starts an instance where it does not run
    :param find: returns the process of an instance that runs
    """

    def __init__(
        self, read: Callable[[str], Configuration], start: Callable[[str], object], find: Find
    ) -> None:
        self._read = read
        self._start = start
        self._find = find

    def linked(self, configuration: Configuration) -> Configuration:
        """Return a configuration with the addresses of the pipelines that it names, which are started.

        :raises ImagingError: where they form a circle, are too many, or cannot be read from or written to
        :raises PycaError: where one of them cannot be started
        """
        self._check(configuration, ())
        found = {}
        if configuration.input_pipeline:
            found["input_stream"] = self._source(configuration.input_pipeline)
        if configuration.output_pipeline:
            found["output_stream"] = self._destination(configuration.output_pipeline)
        return merged(configuration, found, running=False) if found else configuration

    def is_whole(self, configuration: Configuration, running: Mapping[str, Running[Configuration]]) -> bool:
        """Tell whether the pipelines that it names are where it knows them to be. Starts nothing.

        :param running: all that run
        """
        source, destination = configuration.input_pipeline, configuration.output_pipeline
        if source and _address(running.get(source)) != configuration.input_stream:
            return False
        return not destination or _input(running.get(destination)) == configuration.output_stream

    def _source(self, name: str) -> str:
        if not (address := _address(self._started(name))):
            raise ImagingError(
                f"Nothing can be read from pipeline '{name}': it has no stream of its own.",
                "Name one in input_pipeline that is sent by PUB or PUSH.",
            )
        return address

    def _destination(self, name: str) -> str:
        if not (address := _input(self._started(name))):
            raise ImagingError(
                f"Nothing can be sent to pipeline '{name}': it takes nothing from others.",
                "Name one of type fanin in output_pipeline.",
            )
        return address

    def _started(self, name: str) -> Running[Configuration]:
        self._start(name)
        if (running := self._find(name)) is None:
            raise BusyError(f"Pipeline '{name}' has just been stopped by somebody else.", "Try again.")
        return running

    def _check(self, configuration: Configuration, before: tuple[str, ...]) -> None:
        """Follow all names, before anything is started."""
        row = (*before, configuration.name)
        if len(row) > DEEPEST:
            raise ImagingError(f"More than {DEEPEST} pipelines read from each other: {_shown(row)}.")
        for name in (configuration.input_pipeline, configuration.output_pipeline):
            if name in row:
                raise ImagingError(
                    f"Pipelines cannot form a circle: {_shown((*row, name))}.",
                    "Change input_pipeline or output_pipeline of one of them.",
                )
            if name:
                self._check(self._named(name, configuration.name), row)

    def _named(self, name: str, by: str) -> Configuration:
        try:
            return self._read(name)
        except PycaError as error:
            text = f"Pipeline '{name}', which '{by}' names, cannot be used: {error.message}"
            raise type(error)(text, error.remedy) if isinstance(error, ImagingError) else error from error


def _address(running: Running[Configuration] | None) -> str:
    return running.address.local if running else ""


def _input(running: Running[Configuration] | None) -> str:
    return str(running.facts.get("input") or "") if running else ""


def _shown(names: tuple[str | None, ...]) -> str:
    return " → ".join(f"'{name}'" for name in names)
