"""Which target the settings ask for."""

from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.ingest.folder import FolderTarget
from pyca.ingest.opencast import OpencastTarget
from pyca.ingest.target import Target
from pyca.runtime.pulse import Pulse


def choose_target(settings: Settings, clock: Clock, pulse: Pulse) -> Target:
    """Return the server where one is configured, else the archive."""
    if not settings.standalone:
        return OpencastTarget(settings, pulse)
    return FolderTarget(
        settings.ingest.archive, clock, agent=settings.agent.name, timezone=settings.agent.timezone
    )
