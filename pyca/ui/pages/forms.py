"""What the forms of all pages have in common: reading what was sent, and leading back to the first screen."""

import math
from collections.abc import Mapping

from flask import redirect, url_for
from werkzeug.wrappers import Response


def done(action: str) -> Response:
    """Lead to the first screen, which says what was done.

    :param action: a name in ``NOTICES``
    """
    return redirect(url_for("now.show", done=action), code=303)


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
