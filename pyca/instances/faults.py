"""Errors on their way from one process to another."""

from pyca.core.errors import (
    BusyError,
    ImagingError,
    MachineError,
    OfflineError,
    PycaError,
    SourceError,
    UnknownNameError,
)

_KINDS: tuple[type[PycaError], ...] = (
    OfflineError,
    SourceError,
    BusyError,
    MachineError,
    UnknownNameError,
    ImagingError,
)


def described(error: PycaError) -> dict[str, str]:
    """Return an error as a message holds it."""
    kind = next((kind for kind in _KINDS if isinstance(error, kind)), ImagingError)
    return {"kind": kind.__name__, "message": error.message, "remedy": error.remedy}


def restored(told: dict[str, str]) -> PycaError:
    """Return the error of a message."""
    kind = next((kind for kind in _KINDS if kind.__name__ == told["kind"]), ImagingError)
    return kind(told["message"], told["remedy"])
