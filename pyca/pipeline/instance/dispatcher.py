"""Streams of ``bsread_channels`` without an address, for which a dispatcher is asked.

A dispatcher gathers channels of many senders into one stream, for whoever asks. That it is asked by
``POST {dispatcher}/stream`` with ``{"channels": [{"name": …}, …]}`` and answers ``{"stream": address}`` is
general knowledge about the one of the Paul Scherrer Institute, which was not there to try it.
"""

import http.client
import json
from collections.abc import Sequence
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from pyca.core.errors import OfflineError
from pyca.folders.names import shown
from pyca.sources.reach import is_connectable

_ANSWER_SECONDS = 8.0
"""of silence after which it counts as away"""
_MOST = 100_000
"""bytes of an answer; more are none"""
_SHOWN = 200
"""characters of an answer that nobody expected"""


def ask(dispatcher: str, channels: Sequence[str]) -> str:
    """Return the address of a stream that a dispatcher makes of channels.

    :param dispatcher: its URL
    :param channels: their names
    :raises OfflineError: where it does not answer, refuses, or answers something else
    """
    body = json.dumps({"channels": [{"name": name} for name in channels]}).encode()
    kind = {"Content-Type": "application/json", "Accept": "application/json"}
    request = Request(f"{dispatcher.rstrip('/')}/stream", data=body, headers=kind, method="POST")
    # It is in the same network: proxies of the environment lead elsewhere.
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_SECONDS) as response:
            answer = response.read(_MOST)
    except HTTPError as error:
        raise _refused(dispatcher, channels, error) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        cause = error.reason if isinstance(error, URLError) else error
        text = f"The dispatcher at {dispatcher} does not answer: {_why(cause)}."
        raise OfflineError(text, "Is the address in [pipeline] dispatcher right?") from error
    return _address_in(answer, dispatcher)


def _refused(dispatcher: str, channels: Sequence[str], error: HTTPError) -> OfflineError:
    with error:
        try:
            told = error.read(_MOST).decode("utf-8", "replace").strip()[:_SHOWN]
        except (OSError, http.client.HTTPException):
            told = ""
    text = f"The dispatcher at {dispatcher} gives no stream of {shown(list(channels))}"
    return OfflineError(
        f"{text}: status {error.code}{f', {told}' if told else ''}.", "Does it know them all?"
    )


def _address_in(answer: bytes, dispatcher: str) -> str:
    """Return the address in the answer of a dispatcher.

    :raises OfflineError: where there is none to which one can connect
    """
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    stream = found.get("stream") if isinstance(found, dict) else None
    # Nothing but a machine in the network: a socket of this machine is none of its.
    if isinstance(stream, str) and stream.startswith("tcp://") and is_connectable(stream):
        return stream
    told = shown(stream) if stream is not None else shown(answer[:_SHOWN].decode("utf-8", "replace"))
    text = f"The dispatcher at {dispatcher} answered {told}; expected the address of a stream."
    raise OfflineError(text, "Is the address in [pipeline] dispatcher right?")


def _why(cause: object) -> str:
    if isinstance(cause, TimeoutError):
        return f"nothing came within {_ANSWER_SECONDS:g} s"
    return getattr(cause, "strerror", None) or str(cause) or type(cause).__name__
