"""As many descriptors as the system grants."""

import subprocess
import sys

import pytest

CODE = """
import resource
from pyca.runtime.scarce import allow_many
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, min(hard, {hard})))
print(allow_many(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "found"), [(100, 300, "300 300 300"), (300, 300, "300 300 300")])
def test_a_service_has_what_it_may(soft: int, hard: int, found: str) -> None:
    code = CODE.format(soft=soft, hard=hard)
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert answer.stdout.split() == found.split()
