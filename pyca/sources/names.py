"""Names of channels or datasets in a message to the operator, which must not be endless."""

from collections.abc import Iterable

_SHOWN = 10
"""names in one message"""


def listed(names: Iterable[str]) -> str:
    """Return the first names with commas between them, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _SHOWN} more" if len(every) > _SHOWN else ""
    return ", ".join(every[:_SHOWN]) + more if every else "none at all"
