"""Which addresses are answered for programs, errors included."""

PREFIX = "/api"
LIVEBOX = f"{PREFIX}/livebox"
"""The streamer's interface, which other programs know; it speaks plain JSON."""
DOCS = f"{PREFIX}/docs"
"""The page that describes the API is for people."""


def is_api(path: str) -> bool:
    """Tell whether an address is one of the API.

    :param path: without the part below which the whole application may lie
    """
    return (path == PREFIX or path.startswith(f"{PREFIX}/")) and path != DOCS


def is_livebox(path: str) -> bool:
    """Tell whether an address is one of the livebox interface.

    :param path: as in :func:`is_api`
    """
    return path == LIVEBOX or path.startswith(f"{LIVEBOX}/")
