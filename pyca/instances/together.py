"""The same for several instances at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

MOST_AT_ONCE = 16
"""instances that are stopped or looked after at the same time"""

T = TypeVar("T")


def together(function: Callable[[str], T], names: list[str]) -> list[T]:
    """Call a function for several instances at the same time."""
    if not names:
        return []
    with ThreadPoolExecutor(min(MOST_AT_ONCE, len(names)), "together") as pool:
        return list(pool.map(function, names))
