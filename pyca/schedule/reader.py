"""Brings the bytes of a calendar: from a file or from an address."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pyca.config.settings import Settings
from pyca.core.errors import CalendarError
from pyca.opencast.http import Heartbeat, Http

Read = Callable[[], bytes]

LARGEST = 64_000_000
"""Bytes; no calendar is larger, but a wrong path may be."""


def reader(settings: Settings, progress: Heartbeat | None = None) -> Read:
    """Return what fetches ``[agent] calendar``: a path, ``file:``, ``http(s):`` or ``webcal:`` address.

    :param progress: called while bytes move; True ends the transfer
    """
    address = settings.agent.calendar
    parts = urlsplit(address)
    match parts.scheme:
        case "http" | "https":
            return lambda: _get(settings, address, progress)
        case "webcal" | "webcals":
            # The scheme of calendar programs for “subscribe to this”; behind it is plain HTTPS.
            secure = parts._replace(scheme="https").geturl()
            return lambda: _get(settings, secure, progress)
        case "file":
            path = Path(unquote(parts.path))
            return lambda: _load(path)
    path = Path(address).expanduser()
    return lambda: _load(path)


def _get(settings: Settings, address: str, progress: Heartbeat | None) -> bytes:
    with Http(settings.server, progress=progress) as http:
        return http.fetch(address).body


def _load(path: Path) -> bytes:
    """Read a file whole.

    :raises CalendarError: where that is not possible
    """
    try:
        if path.exists() and not path.is_file():
            raise CalendarError(f"{path} is no file", "correct [agent] calendar")
        if path.stat().st_size > LARGEST:
            raise CalendarError(f"{path} is too large for a calendar", "correct [agent] calendar")
        return path.read_bytes()
    except OSError as error:
        raise CalendarError(f"{path} cannot be read: {error.strerror}", "correct [agent] calendar") from error
