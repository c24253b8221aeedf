"""Loads functions of users from the folder of scripts."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pyca.core.errors import ImagingError
from pyca.folders.scripts import Scripts
from pyca.pipeline.user.faults import Places
from pyca.pipeline.user.functions import ARGUMENTS, Function, guarded
from pyca.pipeline.user.libraries import Libraries
from pyca.pipeline.user.limits import Guard, Unlimited

_COMPILED = (".c", ".so", ".cpp", ".pyc", ".pyd")


class Loader:
    """Loads functions of users, each time anew, from what is in the folder then.

    :param folder: of scripts; None where none are run
    :param libraries: folder of what scripts may import; None where there is none
    :param guard: ends what takes too long
    """

    def __init__(self, folder: Path | None, libraries: Path | None, *, guard: Guard | None = None) -> None:
        self._folder = folder
        self._scripts = Scripts(folder, "pipeline")
        self._libraries = Libraries(libraries)
        self.places = places_of(folder, libraries)
        self._guard = guard or Unlimited()

    def load(self, name: str, entry: str) -> Function:
        """Return a function of a script.

        :param name: of the script, with or without ``.py``
        :param entry: one of :data:`~pyca.pipeline.user.functions.ARGUMENTS`
        :raises ImagingError: where no scripts are run, there is none of this name, or it cannot be used;
            what is wrong in it is told with file and line
        """
        if self._folder is None:
            raise ImagingError(
                f"Function '{name}' is a script, and no scripts are run here.",
                "Set [pipeline] run_scripts = true and scripts to a folder.",
            )
        if name.endswith(_COMPILED):
            raise ImagingError(
                f"Function '{name}' is compiled or in C: only scripts of Python can be used.",
                "Write it in Python; what is compiled can be imported there as a library.",
            )
        text = self._scripts.read(name).removeprefix("\ufeff")
        script = name if name.endswith(".py") else f"{name}.py"
        self._libraries.offer()
        namespace = guarded(script, self.places, self._guard, _run, text, str(self._folder / script))
        return Function(script, entry, _found(namespace, script, entry), self.places, self._guard)


def places_of(folder: Path | None, libraries: Path | None) -> Places:
    """Return where the files of users are."""
    return Places([one for one in (libraries, folder) if one is not None])


def _run(text: str, file: str) -> dict[str, Any]:
    """Run a script and return what it defines."""
    code = compile(text, file, "exec", dont_inherit=True)
    # No module that could be imported: two scripts, or two versions of one, know nothing of each other.
    module = ModuleType(Path(file).stem)
    module.__file__ = file
    exec(code, module.__dict__)
    return module.__dict__


def _found(namespace: dict[str, Any], script: str, entry: str) -> Callable[..., Any]:
    found = namespace.get(entry)
    if callable(found):
        return found  # type: ignore[no-any-return]
    if found is not None:
        raise ImagingError(f"“{entry}” of script {script} is no function.")
    others = [name for name in ARGUMENTS if name != entry and callable(namespace.get(name))]
    has = f" It has “{others[0]}”, which is for another type of pipeline." if others else ""
    raise ImagingError(
        f"Script {script} has no function “{entry}({', '.join(ARGUMENTS[entry])})”.{has}",
        "" if others else "Add it to the script.",
    )
