"""Where the services live: Opencast's service registry, with overrides and a memory for bad days."""

import json
import logging
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

from pyca.core.errors import DeliveryError
from pyca.opencast.http import Http
from pyca.opencast.refusals import place

logger = logging.getLogger(__name__)


class ServiceType(StrEnum):
    """The services that an agent needs, by the names of the registry."""

    CAPTURE_ADMIN = "org.opencastproject.capture.admin"
    SCHEDULER = "org.opencastproject.scheduler"
    INGEST = "org.opencastproject.ingest"


class Services:
    """Finds services and remembers their addresses until one of them fails.

    :param overrides: service type → address; such a service is never looked up
    """

    def __init__(self, http: Http, overrides: Mapping[str, str]) -> None:
        self._http = http
        self._overrides = overrides
        self._known: dict[ServiceType, str] = {}
        self._doubtful: set[ServiceType] = set()

    def capture_admin(self) -> str:
        """Return the address that takes states, asked once.

        :raises DeliveryError: where it is unknown and cannot be learnt
        """
        return self._remembered(ServiceType.CAPTURE_ADMIN)

    def scheduler(self) -> str:
        """Return the address that gives calendars, asked once.

        :raises DeliveryError: where it is unknown and cannot be learnt
        """
        return self._remembered(ServiceType.SCHEDULER)

    def ingest(self) -> str:
        """Return the address of the least loaded ingest node, asked every time.

        :raises DeliveryError: where it is unknown and cannot be learnt
        """
        return self.find(ServiceType.INGEST)

    def forget(self) -> None:
        """Ask for every address anew: a call failed, and the node that took it may be retired."""
        self._doubtful.update(self._known)

    def find(self, kind: ServiceType) -> str:
        """Ask the registry; where that fails, return the last known address.

        :raises DeliveryError: where none is known
        """
        if override := self._overrides.get(kind):
            return override.rstrip("/")
        try:
            self._known[kind] = self._ask(kind)
            self._doubtful.discard(kind)
        except DeliveryError as error:
            if kind not in self._known:
                raise
            # After a failed call this is no news: an outage must not fill the log.
            level = logging.DEBUG if kind in self._doubtful else logging.WARNING
            logger.log(level, "%s; going on with %s", error, self._known[kind])
        return self._known[kind]

    def _remembered(self, kind: ServiceType) -> str:
        return self.find(kind) if kind in self._doubtful or kind not in self._known else self._known[kind]

    def _ask(self, kind: ServiceType) -> str:
        url = f"{self._http.server.url.rstrip('/')}/services/available.json"
        response = self._http.get(url, params={"serviceType": kind})
        for service in entries(response.body):
            if usable(service):
                return f"{str(service['host']).rstrip('/')}/{str(service['path']).strip('/')}"
        raise DeliveryError(
            f"{place(url)}: no {kind} is available at the moment", "is the server still starting?"
        )


def entries(body: bytes) -> Iterator[Mapping[str, Any]]:
    """Yield the entries of ``available.json``, the least loaded first.

    Opencast writes no service as ``{"services":""}``, one as an object, several as a list.

    :raises DeliveryError: where the body is something else
    """
    try:
        services = json.loads(body)["services"] or {"service": []}
        found = services["service"]
    except (ValueError, KeyError, TypeError) as error:
        raise DeliveryError("the service registry's answer is not what Opencast sends") from error
    for entry in found if isinstance(found, list) else [found]:
        if isinstance(entry, dict) and entry.get("host") and entry.get("path"):
            yield entry


def usable(service: Mapping[str, Any]) -> bool:
    """Return True for a service that is active, online and not in maintenance."""
    active, online, maintenance = (_flag(service, key) for key in ("active", "online", "maintenance"))
    return active and online and not maintenance


def _flag(service: Mapping[str, Any], key: str) -> bool:
    return str(service.get(key, "")).lower() == "true"
