"""From ``pyca.conf`` to frozen, typed settings: all mistakes at once, secrets masked, no global."""

from pyca.config.settings import Settings

__all__ = ["Settings"]
