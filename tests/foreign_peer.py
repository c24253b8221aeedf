"""The Python of the foreign bsread client, in an environment of its own."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.foreign.make import make

SCRIPTS = Path(__file__).parent / "foreign"


@pytest.fixture(scope="session")
def foreign_python() -> Path:
    """A Python that has the foreign client: psi-bsread and psi-mflow, imported as bsread and mflow."""
    try:
        return make()
    except (OSError, subprocess.SubprocessError) as error:
        told = f"The foreign bsread client cannot be installed: {error} {getattr(error, 'stderr', '')}"
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
