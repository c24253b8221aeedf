"""From ``pyca.conf`` to frozen, typed settings: all mistakes at once, secrets masked, no global."""

from pyca.config.load import find_file, load
from pyca.config.settings import Settings
from pyca.config.show import as_dict, show

__all__ = ["Settings", "as_dict", "find_file", "load", "show"]
