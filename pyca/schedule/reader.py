"""Brings the bytes of a calendar: from a file or from an address."""

from collections.abc import Callable
from pathlib import Path

from pyca.config.settings import Settings
from pyca.core.errors import CalendarError, DeliveryError
from pyca.opencast.http import Heartbeat, Http

Read = Callable[[], bytes]

LARGEST = 64_000_000
"""Bytes; no calendar is larger, but a wrong path may be."""
_REMEDY = "correct [agent] calendar"


def reader(settings: Settings, progress: Heartbeat | None = None) -> Read:
    """Return what fetches ``[agent] calendar``, a path or an http or https address.

    :param progress: called while bytes move; True ends the transfer
    """
    address = settings.agent.calendar
    if "://" in address:
        return lambda: _get(settings, address, progress)
    return lambda: _load(Path(address))


def _get(settings: Settings, address: str, progress: Heartbeat | None) -> bytes:
    """Fetch an address; it is not the Opencast server, so its advice about [server] would mislead.

    :raises DeliveryError: where nothing comes
    """
    try:
        with Http(settings.server, progress=progress) as http:
            return http.fetch(address).body
    except DeliveryError as error:
        raise DeliveryError(error.message, "check [agent] calendar", permanent=error.permanent) from error


def _load(path: Path) -> bytes:
    """Read a file whole.

    :raises CalendarError: where that is not possible
    """
    try:
        if path.exists() and not path.is_file():
            raise CalendarError(f"{path} is no file", _REMEDY)
        if path.stat().st_size > LARGEST:
            raise CalendarError(f"{path} is too large for a calendar", _REMEDY)
        return path.read_bytes()
    except OSError as error:
        raise CalendarError(f"{path} cannot be read: {error.strerror}", _REMEDY) from error
