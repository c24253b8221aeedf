"""Tags of what is shown, so that nothing is sent twice."""

import hashlib


def digest(seen: object) -> str:
    """Return a short digest of what is visible; the same as long as that is written the same."""
    return hashlib.sha256(repr(seen).encode("utf-8", "surrogatepass")).hexdigest()[:24]
