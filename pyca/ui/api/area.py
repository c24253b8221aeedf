"""Which addresses are answered for programs, errors included."""

PREFIX = "/api"
DOCS = f"{PREFIX}/docs"
"""The page that describes the API is for people."""


def is_api(path: str) -> bool:
    """Tell whether an address is one of the API.

    :param path: without the part below which the whole application may lie
    """
    return (path == PREFIX or path.startswith(f"{PREFIX}/")) and path != DOCS
