"""Answers of the interfaces: ``{"state": "ok", "status": text}`` and a field.

Errors have the state “error”.
Programs that know this interface read the state. The true status stands beside it, for all others.
"""

import json
import logging
import math
from typing import Any

from flask import Flask, Response, request

from pyca.core.errors import (
    BusyError,
    ConfigError,
    ImagingError,
    MachineError,
    PycaError,
    SourceError,
    StoreError,
    UnknownNameError,
    UsageError,
    WireError,
)
from pyca.folders.names import shown
from pyca.ui.errors import Told, answer

_log = logging.getLogger(__name__)

BASE = "/api/v1"
MEDIA_TYPE = "application/json"
_AGAIN = {"Retry-After": "2"}
_READING = ("GET", "HEAD", "OPTIONS")
_CODES: tuple[tuple[type[PycaError], int], ...] = (
    (UnknownNameError, 404),
    (BusyError, 503),
    (MachineError, 503),
    (ImagingError, 400),
    (ConfigError, 400),
    (UsageError, 400),
    (SourceError, 503),
    (WireError, 503),
    (StoreError, 503),
)


def fine(status: str, **fields: Any) -> Response:
    """Return that something was done.

    :param status: what, in words
    :param fields: what was asked for
    """
    return _answer({"state": "ok", "status": status, **fields})


def refusal(code: int, text: str, remedy: str = "") -> Response:
    """Return why something was not done.

    :param text: stands in the answer as it is: programs look for known ones
    """
    response = _answer({"state": "error", "status": text} | ({"remedy": remedy} if remedy else {}))
    response.status_code = code
    return response


def code_of(error: PycaError) -> int:
    """Return the status of HTTP that belongs to an error."""
    if isinstance(error, MachineError) and error.is_full:
        return 507
    return next((code for kind, code in _CODES if isinstance(error, kind)), 503)


def register(app: Flask) -> None:
    """Make an application answer what goes wrong with cameras and pipelines."""
    for kind in (ImagingError, ConfigError, SourceError, WireError):
        app.register_error_handler(kind, _of_camera)
    app.register_error_handler(OSError, _of_system)


def _of_camera(error: PycaError) -> Response:
    code = code_of(error)
    if request.method not in _READING:
        # Whoever looks after the server sees what others try; what is only asked for is asked for often.
        said = "; ".join(error.message.splitlines())
        _log.info("%s %s is refused: %s", request.method, shown(request.path), said)
    response = answer(Told(code, error.message, error.remedy))
    if code == 503:
        response.headers.update(_AGAIN)
    return response


def _of_system(error: OSError) -> Response:
    told = MachineError(f"The machine does not let that be done: {error.strerror or error}")
    told.__cause__ = error
    return _of_camera(told)


def _answer(body: dict[str, Any]) -> Response:
    try:
        text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    except ValueError:  # JSON has no such numbers, and a figure may be one where nothing was measured
        text = json.dumps(_finite(body), ensure_ascii=False, allow_nan=False)
    return Response(text.encode("utf-8", "replace"), content_type=MEDIA_TYPE)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
