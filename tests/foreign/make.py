"""Makes the environment of the foreign bsread client and prints its Python.

Needs nothing but Python. The environment is kept in the folder that PYCA_FOREIGN names, by default one
below the system's folder for temporary files. It is made once for these versions; whoever comes meanwhile
waits.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

REQUIREMENTS = ("psi-bsread==2.0.1", "psi-mflow==1.0.0", "setuptools<81")


def place() -> Path:
    """Return the folder of the environment."""
    chosen = os.environ.get("PYCA_FOREIGN")
    key = hashlib.sha256(repr((REQUIREMENTS, sys.version_info[:2])).encode()).hexdigest()[:12]
    return (Path(chosen) if chosen else Path(tempfile.gettempdir()) / f"pyca-foreign-{os.getuid()}") / key


def make() -> Path:
    """Return the Python of the environment, made where it is not there.

    :raises OSError: where the folder cannot be written or is somebody else's
    :raises subprocess.CalledProcessError: where the packages cannot be installed; with what was said
    """
    folder = place()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.parent.stat().st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    python = folder / "bin" / "python"
    ready = folder / "ready"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists() or not python.exists():
            venv.create(folder, with_pip=True, symlinks=True)
            subprocess.run(
                [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *REQUIREMENTS],
                check=True,
                capture_output=True,
                text=True,
                timeout=240,
            )
            ready.touch()
    return python


if __name__ == "__main__":
    try:
        sys.stdout.write(f"{make()}\n")
    except subprocess.CalledProcessError as error:
        sys.exit(f"The foreign client cannot be installed: {error.stderr}")
