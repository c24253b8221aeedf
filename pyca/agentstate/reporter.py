"""What is due to be said to the server, and in which order."""

import logging
from http import HTTPStatus

from pyca.agentstate.configuration import describe, digest, warn_of_names
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.errors import DeliveryError
from pyca.core.event import Origin
from pyca.core.states import AgentState, EventState, RecordingState
from pyca.opencast import agent
from pyca.opencast.discovery import Services
from pyca.opencast.http import Http
from pyca.store import outbox, recordings, upstream
from pyca.store.database import Database

logger = logging.getLogger(__name__)

CONFIGURATION_PERIOD = 86400.0
"""Seconds after which an unchanged configuration is sent again."""
HEARTBEAT_PERIOD = 60.0
"""Seconds after which the state of a running recording is repeated."""


class Reporter:
    """Tells one server about this agent. Every method raises DeliveryError where it is not reached."""

    def __init__(self, settings: Settings, database: Database, clock: Clock, http: Http) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._http = http
        self._services = Services(http, settings.services)
        self.answers = 0
        """how often the server has taken something"""
        self._configured_at: float | None = None
        self._told: AgentState | None = None
        self._told_at = float("-inf")
        self._repeated_at = float("-inf")

    @property
    def told(self) -> AgentState | None:
        """The agent state that the server knows, None where it was never told."""
        return self._told

    def configure(self) -> None:
        """Register and send the configuration: at the start, when it changed, and once a day.

        It goes before the first state, as the prescribed order wants.
        """
        moment = self._clock.monotonic()
        if self._configured_at is not None and moment < self._configured_at + CONFIGURATION_PERIOD:
            return
        first = self._configured_at is None
        document = describe(self._settings)
        agent.set_configuration(self._http, self._address(), self._settings.agent.name, document)
        self._configured_at = moment
        self.answers += 1
        with self._database.write() as session:
            sent = digest(document, self._own_address())
            upstream.succeeded(session, "registration", self._clock.now(), sent)
        if first:
            warn_of_names(self._settings)
            self._check_roles()

    def tell_state(self, state: AgentState) -> None:
        """Tell the agent's state where it changed or was not told for long."""
        period = self._settings.agent.update_frequency
        if state is self._told and self._clock.monotonic() < self._told_at + period:
            return
        self._say(state)
        if state is not self._told:
            logger.info("The server knows this agent as “%s”", state)
        self._told, self._told_at = state, self._clock.monotonic()

    def empty_outbox(self) -> None:
        """Tell the states of recordings in the order in which they came about."""
        while True:
            with self._database.read() as session:
                waiting = outbox.pending(session)
            if not waiting:
                return
            for message in waiting:
                self._tell_recording(message.uid, message.state)
                with self._database.write() as session:
                    outbox.remove(session, message)

    def repeat_capturing(self) -> None:
        """Repeat the state of running recordings, so that the server sees that they go on."""
        if self._clock.monotonic() < self._repeated_at + HEARTBEAT_PERIOD:
            return
        with self._database.read() as session:
            running = recordings.listing(session, states=[EventState.RECORDING])
        for recording in running:
            if recording.event.origin is Origin.OPENCAST:
                self._tell_recording(recording.uid, RecordingState.CAPTURING)
        self._repeated_at = self._clock.monotonic()

    def forget_addresses(self) -> None:
        """Look for the server's services anew, after one of them failed."""
        self._services.forget()

    def next_due(self) -> float:
        """Return in how many seconds something has to be said again, even where nothing happens; never 0."""
        moment = self._clock.monotonic()
        state = self._told_at + self._settings.agent.update_frequency
        return max(min(state, self._repeated_at + HEARTBEAT_PERIOD) - moment, 1.0)

    def _say(self, state: AgentState) -> None:
        name = self._settings.agent.name
        agent.set_state(self._http, self._address(), name, state, self._own_address())
        self.answers += 1

    def _tell_recording(self, uid: str, state: RecordingState) -> None:
        """Tell one state. What the server calls wrong (400) is dropped: it must not block what follows."""
        try:
            if not agent.set_recording_state(self._http, self._address(), uid, state):
                logger.info("The server does not know event “%s” (any more), its state stays untold", uid)
            self.answers += 1
        except DeliveryError as error:
            if error.status != HTTPStatus.BAD_REQUEST:
                raise
            # Because of the message or because of us? If of us this is refused too, and nothing is lost.
            self._say(self._told or AgentState.IDLE)
            logger.warning("State “%s” of event “%s” is dropped: %s", state, uid, error)

    def _check_roles(self) -> None:
        try:
            identity = agent.whoami(self._http)
        except DeliveryError as error:
            logger.warning("The user's roles could not be checked: %s", error)
            return
        if not identity.may_record:
            logger.warning(
                "User “%s” has neither ROLE_CAPTURE_AGENT nor ROLE_ADMIN: the server may refuse recordings",
                self._settings.server.username,
            )

    def _address(self) -> str:
        return self._services.capture_admin()

    def _own_address(self) -> str:
        return self._settings.agent.address or self._settings.ui.url
