"""What all parts of the capture service work with."""

from collections.abc import Callable
from dataclasses import dataclass, field

from pyca.capture.feeds import Fitness
from pyca.capture.signal import Looker
from pyca.config.settings import Settings
from pyca.core.clock import Clock
from pyca.core.live import Profile
from pyca.media.durable import Syncer
from pyca.runtime.child import Child
from pyca.runtime.hooks import Hooks
from pyca.store.alarms import Alarms
from pyca.store.folder import Author
from pyca.store.scribe import Scribe


@dataclass(frozen=True)
class Context:
    """One service's settings, clock and helpers.

    :param commands: starts and adopts capture commands
    :param author: tells which agent this is, and which database of it is in use
    """

    settings: Settings
    clock: Clock
    scribe: Scribe
    syncer: Syncer
    alarms: Alarms
    hooks: Hooks
    looker: Looker
    commands: type[Child] = Child
    author: Callable[[], Author] = Author
    profile: Callable[[], Profile | None] = lambda: None
    """tells how the stream is encoded now, None for as the configuration says; never waits"""
    fitness: Fitness = field(default_factory=Fitness)
