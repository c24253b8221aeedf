"""Does the server answer, does it let us in, and may we do what an agent has to do?"""

from collections.abc import Iterator
from functools import partial

from pyca.cli.doctor.finding import Finding, failed, failure, ok, warning
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.opencast.agent import Identity
from pyca.opencast.checkup import greet, is_known, log_in, patient, reach
from pyca.opencast.discovery import Services, ServiceType
from pyca.opencast.refusals import place

LIMIT = 10.0
"""seconds for each question"""
_ROLE = "give the user ROLE_CAPTURE_AGENT at the server (ROLE_ADMIN does as well)"


def check(settings: Settings, clock: Clock, limit: float = LIMIT) -> Iterator[Finding]:
    """Ask the server; where it does not answer or does not let us in, nothing further is asked.

    :param limit: seconds for each question
    """
    if settings.standalone:
        yield ok("address", "none is set: pyCA works alone, recordings go to the archive")
        return
    connect = partial(patient, settings.server, clock, limit)
    try:
        with connect() as http:
            greet(http, clock)
    except DeliveryError as error:
        yield failure("address", error)
        return
    yield ok("address", f"{place(settings.server.url)} answers")
    try:
        with connect() as http:
            identity = log_in(http)
    except DeliveryError as error:
        yield failure("login", error)
        return
    if identity.username == "anonymous":
        text = f"the server takes user “{settings.server.username}” for nobody"
        yield failed("login", text, "check username, password and auth_method in section [server]")
        return
    yield ok("login", f"as user “{identity.username}”, by {settings.server.auth_method.capitalize()}")
    yield _role(identity)
    if identity.may_record:
        for kind in ServiceType:
            yield from _service(settings, clock, kind, limit)


def _role(identity: Identity) -> Finding:
    if identity.may_record:
        return ok("role", f"{' and '.join(identity.sufficient)}, which is enough")
    return failed("role", f"user “{identity.username}” has neither ROLE_CAPTURE_AGENT nor ROLE_ADMIN", _ROLE)


def _service(settings: Settings, clock: Clock, kind: ServiceType, limit: float) -> Iterator[Finding]:
    """Find a service and call it; the registry may name addresses that only the server knows."""
    name = kind.removeprefix("org.opencastproject.")
    address = ""
    try:
        with patient(settings.server, clock, limit) as http:
            address = Services(http, settings.services).find(kind)
            reach(http, address)
            yield ok(name, f"at {place(address)}")
            if kind is ServiceType.CAPTURE_ADMIN:
                yield _registered(settings, is_known(http, address, settings.agent.name))
    except DeliveryError as error:
        remedy = f"is this address right from here? if not, set {name} in section [services]"
        yield failed(name, error.message, remedy if address else error.remedy)


def _registered(settings: Settings, known: bool) -> Finding:
    agent = settings.agent.name
    if known:
        return ok("agent", f"“{agent}” is known there")
    if settings.agent.backup_mode:
        remedy = "set agent.name to that of the agent whose events are to be recorded"
        return failed("agent", f"“{agent}” is not known there, and in backup mode it must be", remedy)
    return warning("agent", f"“{agent}” is not known there yet", "start pyCA: it registers within a minute")
