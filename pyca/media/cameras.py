"""Does the camera server answer, and does it know a camera? Asked before FFmpeg is."""

import http.client
import json
import urllib.error
import urllib.request

from pyca.core.errors import MediaError

_LIMIT = 5.0
"""seconds for an answer"""
_LARGEST = 10_000_000
_CLOSED = (401, 403)


def require_camera(server: str, name: str) -> None:
    """Refuse a camera that cannot be read now.

    :param server: address of the camera server
    :param name: of a camera, or an alias
    :raises MediaError: where the server does not answer, lets nobody in or does not know the camera
    """
    known = {*_ask(server, "cam", "cameras"), *_ask(server, "cam/aliases", "aliases")}
    if name not in known:
        some = ", ".join(sorted(known)[:10]) or "none"
        raise MediaError(f"the camera server at {server} knows no camera “{name}”", f"it knows {some}")


def _ask(server: str, path: str, field: str) -> list[str]:
    """Return names; addresses of this machine are never asked for by a proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{server}/api/v1/{path}", timeout=_LIMIT) as answer:
            return list(json.loads(answer.read(_LARGEST))[field])
    except urllib.error.HTTPError as error:
        error.close()
        if error.code in _CLOSED:
            raise MediaError(
                f"the camera server at {server} lets FFmpeg not in, which has no token",
                "let it listen on localhost alone, with camera.authentication auto",
            ) from error
        raise MediaError(f"the camera server at {server} answers with status {error.code}") from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise MediaError(
            f"the camera server at {server} does not answer: {getattr(reason, 'strerror', '') or reason}",
            "start “pyca camera”, or correct [camera] bind and port",
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise MediaError(f"what answers at {server} is no camera server", "correct [camera] port") from error
