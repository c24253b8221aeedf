"""Instances that shall always run: which they are."""

import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pyca.core.errors import ImagingError
from pyca.folders import jsonfile
from pyca.folders.names import fault_of, shown

logger = logging.getLogger(__name__)

FILE = "permanent_instances.json"
"""beside the saved pipelines"""


class Permanent:
    """The file that names the instances which are started with the server and whenever they have ended.

    It is an object of names of saved pipelines, each with the id of its instance, or a list of several. With
    null, or the name itself, the id is that of the pipeline, and the instance is read-only as all such are.
    The file is looked at again whenever it has changed.

    :param folder: of the saved pipelines
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / FILE
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] = ()
        self._wanted: Mapping[str, str] = MappingProxyType({})

    def wanted(self) -> Mapping[str, str]:
        """Return the name of the saved pipeline for the id of each permanent instance.

        What is wrong with the file is logged, once; then those that were known before stay permanent.
        """
        with self._lock:
            seen = self._signature()
            if seen != self._seen:
                self._seen = seen
                self._read()
            return self._wanted

    def _signature(self) -> tuple[int, ...]:
        try:
            status = self._file.stat()
        except OSError:
            return ()
        return status.st_ino, status.st_size, status.st_mtime_ns

    def _read(self) -> None:
        if not self._seen:
            self._wanted = MappingProxyType({})
            return
        try:
            self._wanted = MappingProxyType(parsed(jsonfile.load(self._file)))
        except ImagingError as error:
            logger.error("%s. Permanent instances stay as they are.", str(error).rstrip("."))


def parsed(raw: Any) -> dict[str, str]:
    """Return the saved pipeline for the id of each instance.

    :param raw: what the file holds
    :raises ImagingError: where it makes no sense
    """
    if not isinstance(raw, Mapping):
        raise ImagingError(f"“{FILE}” is an object of pipelines and ids of instances, not {shown(raw)}")
    found: dict[str, str] = {}
    for pipeline, value in raw.items():
        ids = value if isinstance(value, list) else [value or pipeline]
        for name in (pipeline, *ids):
            if fault := fault_of(name):
                raise ImagingError(f"“{FILE}”: {shown(name)} {fault}; expected the name of an instance")
        for name in ids:
            if found.get(name, pipeline) != pipeline:
                raise ImagingError(f"“{FILE}”: {shown(name)} is there twice; expected an id of its own")
            found[name] = pipeline
    return found
