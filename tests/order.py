"""The order of test files, for runs of several processes side by side."""

from itertools import groupby
from pathlib import Path

import pytest

_WAITING = {"system", "browser", "simulation"}
"""folders whose files take long, most of them by waiting for real time to pass"""
_SHARE = 0.8
"""of the run, through which those are spread: none of them begins when all else is nearly over"""


def spread(items: list[pytest.Item]) -> None:
    """Have tests that wait and tests that compute side by side; the tests of a file stay together."""
    files = [list(group) for _path, group in groupby(items, key=lambda item: item.path)]
    waiting = [file for file in files if _WAITING & set(_folders(file))]
    others = [file for file in files if not _WAITING & set(_folders(file))]
    placed = [(_SHARE * number / len(waiting), file) for number, file in enumerate(waiting)]
    placed += [(number / len(others), file) for number, file in enumerate(others)]
    items[:] = [item for _place, file in sorted(placed, key=lambda one: one[0]) for item in file]


def _folders(file: list[pytest.Item]) -> tuple[str, ...]:
    return Path(file[0].path).parts
