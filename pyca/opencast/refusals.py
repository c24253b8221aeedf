"""What went wrong with a request, in words: curl's codes and HTTP statuses become a DeliveryError."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import pycurl

from pyca.core.errors import DeliveryError

_CREDENTIALS = "check username, password and auth_method in section [server]"
_CERTIFICATE = "give the authority's file as certificate in section [server]"
_URL = "check the url in section [server]"
_RENEW = "the server's certificate must be renewed, or this machine's clock is wrong"

_BROKEN: dict[int, tuple[str, str]] = {
    pycurl.E_UNSUPPORTED_PROTOCOL: ("the address is neither http nor https", _URL),
    pycurl.E_URL_MALFORMAT: ("the address is not valid", _URL),
    pycurl.E_COULDNT_RESOLVE_PROXY: ("the proxy's name is unknown", "check the environment's http_proxy"),
    pycurl.E_COULDNT_RESOLVE_HOST: ("the name is unknown to DNS", "check the url and the network"),
    pycurl.E_COULDNT_CONNECT: ("cannot connect", "is the server running, and no firewall between?"),
    pycurl.E_OPERATION_TIMEDOUT: ("no answer in time", ""),
    pycurl.E_SSL_CONNECT_ERROR: ("the TLS connection failed", "does the server speak https on this port?"),
    pycurl.E_PEER_FAILED_VERIFICATION: ("the certificate is not trusted", _CERTIFICATE),
    pycurl.E_SSL_CACERT_BADFILE: ("the certificate file cannot be read", _CERTIFICATE),
    pycurl.E_READ_ERROR: ("a file to be sent cannot be read", "does it still exist, and is the disk sound?"),
    pycurl.E_GOT_NOTHING: ("the server closed the connection without an answer", ""),
    pycurl.E_SEND_ERROR: ("the connection broke while sending", ""),
    pycurl.E_RECV_ERROR: ("the connection broke while waiting for the answer", ""),
    pycurl.E_PARTIAL_FILE: ("the answer ended early", ""),
    pycurl.E_FILESIZE_EXCEEDED: ("the answer is absurdly large", _URL),
    pycurl.E_TOO_MANY_REDIRECTS: ("too many redirects", _URL),
    pycurl.E_ABORTED_BY_CALLBACK: ("the transfer was interrupted on request", ""),
}
_UNUSABLE_URL = {pycurl.E_UNSUPPORTED_PROTOCOL, pycurl.E_URL_MALFORMAT}
_BEFORE_REQUEST = _UNUSABLE_URL | {
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_READ_ERROR,
    pycurl.E_COULDNT_RESOLVE_PROXY,
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
}

_STATUS: dict[int, tuple[str, str]] = {
    400: ("the server calls the request wrong", ""),
    401: ("the server does not accept user name and password", _CREDENTIALS),
    403: ("the user may not do this", "give the user the role ROLE_CAPTURE_AGENT"),
    404: ("there is no such address", _URL),
    405: ("the address does not accept this kind of request", _URL),
    413: ("the server or a proxy before it refuses a request of this size", "raise its body limit"),
    419: ("the server wants a login", _CREDENTIALS),
    503: ("the service is not available at the moment", ""),
}
_PERMANENT_STATUS = {400, 405, 413}
"""Repeating the same bytes cannot help. Refused credentials pass: the server's user directory may be away."""
_FORWARDED = {HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT}
"""A proxy speaks; what the server behind it did is unknown."""


def place(url: str) -> str:
    """Return scheme, host and path of an address, without credentials and query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def broken(url: str, code: int, text: str, *, sent: bool) -> DeliveryError:
    """Return the error for a transfer that curl could not finish.

    :param code: curl's code
    :param text: curl's own words
    :param sent: True where the request's last byte had been sent
    """
    reason, remedy = _BROKEN.get(code, ("the transfer failed", ""))
    if code == pycurl.E_PEER_FAILED_VERIFICATION and "expired" in text.lower():
        reason, remedy = "the certificate has expired", _RENEW
    detail = f": {text}" if text and code != pycurl.E_ABORTED_BY_CALLBACK else ""
    return DeliveryError(
        f"{place(url)}: {reason}{detail}",
        remedy,
        permanent=code in _UNUSABLE_URL,
        unanswered=sent and code not in _BEFORE_REQUEST,
    )


def missing(url: str, path: Path) -> DeliveryError:
    """Return the error for a file that was to be sent and does not exist."""
    return DeliveryError(f"{place(url)}: {path} is missing", "bring the file back", permanent=True)


def refused(url: str, status: int, headers: Mapping[str, str], body: bytes) -> DeliveryError:
    """Return the error for an answer that is not the wanted one.

    A redirect is one too: without credentials Opencast sends API clients to its login page, which is 200.
    """
    text = body[:200].decode("utf-8", "replace")
    if 300 <= status < 400:
        target = headers.get("location", "elsewhere")
        remedy = _CREDENTIALS if "login" in target else _URL
        return DeliveryError(f"{place(url)}: redirected to {target}", remedy)
    if status == HTTPStatus.NOT_FOUND and "No organization is mapped" in text:
        return DeliveryError(f"{place(url)}: the server knows no tenant of this name", _URL, permanent=True)
    if 200 <= status < 300:
        return DeliveryError(f"{place(url)}: a web page instead of data (status {status})", _URL)
    reason, remedy = _STATUS.get(status, ("the server failed", "look into the server's log"))
    detail = "" if "html" in headers.get("content-type", "") else " ".join(text.split())
    return DeliveryError(
        f"{place(url)}: {reason} (status {status}{': ' + detail if detail else ''})",
        remedy,
        permanent=status in _PERMANENT_STATUS,
        unanswered=status in _FORWARDED,
        status=status,
    )
