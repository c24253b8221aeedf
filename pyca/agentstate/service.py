"""The agentstate service: keeps the server informed, whatever state the server is in."""

import logging
from collections.abc import Iterable
from dataclasses import replace

from pyca.agentstate.derive import derive
from pyca.agentstate.reporter import Reporter
from pyca.config.settings import Settings
from pyca.core.backoff import Backoff
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.states import AgentState, ServiceName
from pyca.opencast.http import Http
from pyca.runtime.bell import ring
from pyca.runtime.loop import HasFileno
from pyca.runtime.pulse import Pulse
from pyca.store import identity, outbox, recordings, services, uploads, upstream
from pyca.store.database import Database

logger = logging.getLogger(__name__)

RETRY = Backoff(first=2, limit=120)
LOOK_PERIOD = 30.0
"""Seconds after which the database is looked at even where nobody rang."""
SETTLING = 20.0
"""Seconds that the recorder has to start before it counts as missing."""
FAREWELL_SECONDS = 3.0
"""How long a stop waits for the server."""


class AgentstateService:
    """Tells the server what this agent does. Its own process, so that a hanging server delays nobody else."""

    name = ServiceName.AGENTSTATE

    def __init__(self, settings: Settings, database: Database, clock: Clock, pulse: Pulse) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._silent = settings.standalone or settings.agent.backup_mode
        self._http = Http(settings.server, progress=self._signs_of_life)
        self._reporter = Reporter(settings, database, clock, self._http)
        self._began = clock.monotonic()
        self._failures = 0
        self._retry_at = float("-inf")
        self._trouble = ""

    def files(self) -> Iterable[HasFileno]:
        """Nothing but the bell wakes this service."""
        return ()

    def busy(self) -> bool:
        """Nothing that is at hand would be lost: what is untold stands in the database."""
        return False

    def status(self) -> str:
        """Say what the server knows."""
        if self._settings.agent.backup_mode:
            return "backup mode: the server is told nothing"
        if self._settings.standalone:
            return "no server is configured"
        if self._trouble:
            return f"server not reached: {self._trouble}"
        return f"told the server: {self._reporter.told or 'nothing yet'}"

    def tick(self) -> float:
        """Tell the server what it does not know yet."""
        if self._silent:
            self._drop_messages()
            return self._clock.now() + LOOK_PERIOD
        wait = self._retry_at - self._clock.monotonic()
        if wait <= 0:
            answers = self._reporter.answers
            try:
                self._report()
            except DeliveryError as error:
                wait = self._failed(error)
            else:
                self._worked(self._reporter.answers - answers)
                wait = min(self._reporter.next_due(), LOOK_PERIOD)
        return self._clock.now() + wait

    def close(self) -> None:
        """Say that the agent shuts down, unless a new configuration is the reason, and hang up."""
        self._http.close()
        if self._silent or not self._pulse.stopping or self._reporter.told is None:
            return
        hasty = replace(
            self._settings.server, connect_timeout=FAREWELL_SECONDS, stall_timeout=FAREWELL_SECONDS
        )
        deadline = self._clock.monotonic() + FAREWELL_SECONDS
        with Http(hasty, progress=lambda: self._clock.monotonic() > deadline) as http:
            try:
                Reporter(self._settings, self._database, self._clock, http).tell_state(
                    AgentState.SHUTTING_DOWN
                )
            except DeliveryError as error:
                logger.warning("The server does not know that this agent shuts down: %s", error)

    def _report(self) -> None:
        self._reporter.configure()
        if state := self._state():
            self._reporter.tell_state(state)
        self._reporter.empty_outbox()
        self._reporter.repeat_capturing()

    def _state(self) -> AgentState | None:
        settled = self._clock.monotonic() >= self._began + SETTLING
        with self._database.read() as session:
            # In a new database the services have to report first, too.
            settled &= not 0 <= self._clock.now() - identity.get(session).created < SETTLING
            statuses = services.statuses(session, self._clock.now())
            states = recordings.count_by_state(session)
        return derive(statuses, states, settled=settled)

    def _worked(self, answers: int) -> None:
        """Note a success, where anything was said at all; deliveries that wait for the server may go on."""
        if not answers:
            return
        back = bool(self._trouble)
        if back:
            logger.info("The server is there again")
        self._failures, self._trouble = 0, ""
        with self._database.write() as session:
            upstream.succeeded(session, "server", self._clock.now())
            waiting = uploads.hasten(session, self._clock.now()) if back else 0
        if waiting:
            ring(self._database.scope, ServiceName.INGEST)

    def _failed(self, error: DeliveryError) -> float:
        """Remember the failure and return the seconds until the next try."""
        self._failures += 1
        self._reporter.forget_addresses()
        pause = RETRY.pause(self._failures)
        self._retry_at = self._clock.monotonic() + pause
        if error.message != self._trouble:
            level = logging.ERROR if error.permanent else logging.WARNING
            logger.log(level, "The server is not told: %s; pyCA keeps trying", error)
        self._trouble = error.message
        with self._database.write() as session:
            upstream.failed(session, "server", self._clock.now(), str(error))
        return pause

    def _drop_messages(self) -> None:
        with self._database.read() as session:
            waiting = outbox.count(session)
        if waiting:
            with self._database.write() as session:
                outbox.clear(session)

    def _signs_of_life(self) -> bool:
        """Tell that a request goes on, and end it when the service shall stop."""
        self._pulse.progress()
        return self._pulse.stopping
