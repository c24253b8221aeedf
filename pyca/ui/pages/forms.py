"""What the forms of all pages have in common: reading what was sent."""

import math
from collections.abc import Mapping


def uid_of(values: Mapping[str, str]) -> str:
    """Return the id of the event that a request names."""
    return values.get("uid", "").replace("\0", "")  # PostgreSQL refuses NUL


def number(text: str) -> float | None:
    """Return the number that a text is, None where it is none or not finite."""
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None
