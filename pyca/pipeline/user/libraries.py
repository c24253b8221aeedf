"""Libraries of users: modules and archives that scripts may import, in the process of one instance."""

import importlib
import os
import sys
import threading
from pathlib import Path

from pyca.core.errors import MachineError

ARCHIVES = (".zip", ".egg")
_LOCK = threading.Lock()


class Libraries:
    """A folder of modules, packages and archives (``.zip``, ``.egg``).

    They stand behind all that is installed: none takes the place of another module.

    :param folder: None where there are none
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def offer(self) -> None:
        """Let this process import what is in the folder now, anew what it has imported before.

        :raises MachineError: where the folder cannot be read
        """
        if self._folder is None:
            return
        try:
            names = sorted(os.listdir(self._folder))
        except FileNotFoundError:
            return
        except OSError as error:
            raise MachineError(
                f"The folder of libraries “{self._folder}” cannot be read: {error.strerror}."
            ) from error
        archives = [str(self._folder / name) for name in names if name.endswith(ARCHIVES)]
        with _LOCK:
            self._forget()
            sys.path += [path for path in (str(self._folder), *archives) if path not in sys.path]
            importlib.invalidate_caches()

    def _forget(self) -> None:
        """Forget the modules of the folder, so that they are read again."""
        begin = f"{self._folder}{os.sep}"
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            # What is compiled cannot be loaded twice.
            if isinstance(file, str) and file.startswith(begin) and not file.endswith(".so"):
                del sys.modules[name]
