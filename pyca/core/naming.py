"""Names for files and folders out of whatever a server calls its events."""

import hashlib
import re

_UNSAFE = re.compile(r"[^\w.() -]+")
_LONGEST = 120


def safe_name(text: str) -> str:
    """Return ``text`` as one harmless path segment.

    Slashes, control characters and leading dots go. Where anything was changed a digest of the original
    is appended, so that two different ids never share a folder.
    """
    cleaned = _UNSAFE.sub("_", text).strip(" .")[:_LONGEST].rstrip(" .")
    if cleaned == text and cleaned:
        return cleaned
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"{cleaned}-{digest}" if cleaned else digest


def recording_name(uid: str, start: float) -> str:
    """Return the name of a recording's folder and files."""
    return f"recording-{int(start)}-{safe_name(uid)}"
