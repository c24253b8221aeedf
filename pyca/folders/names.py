"""Names that reach the file system or the path of an address: of cameras, backgrounds and scripts."""

import unicodedata

from pyca.core.errors import ImagingError

LONGEST = 200
"""bytes; file systems allow 255, and endings and dates are added"""


def fault_of(name: object) -> str:
    """Return what is wrong with a name, in words that follow it; empty where nothing is."""
    if not isinstance(name, str):
        return "is no text"
    if not name.strip():
        return "is empty"
    if name != name.strip():
        return "begins or ends with a blank"
    if "/" in name or "\\" in name:
        return "has a “/” or “\\” in it"
    if name.startswith("."):
        return "begins with a dot"
    if ".." in name:
        return "has “..” in it"
    if fault_in(name):
        return "has a control character in it"
    if len(name.encode("utf-8")) > LONGEST:
        return f"is longer than {LONGEST} bytes"
    return ""


def checked(name: object, what: str) -> str:
    """Return a name that may become that of a file.

    :param what: whose name it is, such as “camera”
    :raises ImagingError: where it may not
    """
    fault = fault_of(name)
    if fault or not isinstance(name, str):
        raise ImagingError(f"The {what}'s name {shown(name)} {fault}.", "Choose another name.")
    return name


def shown(value: object) -> str:
    """Return something that somebody sent, short and on one line, so that it can be part of a message."""
    if isinstance(value, str):
        text = value if len(value) <= 60 else value[:59] + "…"
        return ascii(text) if fault_in(text) else repr(text)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value) if abs(value) < 10**30 else "a number of more than 30 digits"
    if isinstance(value, dict):
        return "an object" if value else "an empty object"
    if isinstance(value, list | tuple):
        if len(value) <= 6 and not any(isinstance(part, dict | list | tuple) for part in value):
            return "[" + ", ".join(shown(part) for part in value) + "]"
        return f"a list of {len(value)}"
    return f"a {type(value).__name__}"


def fault_in(text: str) -> bool:
    """Return whether a text has letters that no screen shows, or that cannot be written as UTF-8."""
    return any(unicodedata.category(letter) in ("Cc", "Cs", "Zl", "Zp") for letter in text)
