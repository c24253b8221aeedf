"""Curl's options out of the settings of ``[server]``."""

import ipaddress
import ssl
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import pycurl

from pyca import __version__
from pyca.config.settings import Server

Pairs = Mapping[str, str] | Sequence[tuple[str, str]]

_WEB = pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS
_LARGEST_ANSWER = 512 * 2**20
_UPLOAD_BUFFER = 512 * 2**10


def set_options(curl: pycurl.Curl, server: Server, url: str, headers: Pairs) -> None:
    """Prepare a handle for a request to ``url``; without a user name it is an anonymous one."""
    curl.setopt(pycurl.URL, url.encode("utf-8"))
    curl.setopt(pycurl.PROTOCOLS, _WEB)
    curl.setopt(pycurl.REDIR_PROTOCOLS, _WEB)
    curl.setopt(pycurl.NOSIGNAL, 1)
    curl.setopt(pycurl.USERAGENT, f"pyCA/{__version__}")
    curl.setopt(pycurl.CONNECTTIMEOUT_MS, int(server.connect_timeout * 1000))
    curl.setopt(pycurl.LOW_SPEED_LIMIT, 1)
    curl.setopt(pycurl.MAXFILESIZE_LARGE, _LARGEST_ANSWER)
    curl.setopt(pycurl.UPLOAD_BUFFERSIZE, _UPLOAD_BUFFER)
    if _is_loopback(url):
        curl.setopt(pycurl.PROXY, "")
    else:
        curl.unsetopt(pycurl.PROXY)
    _set_trust(curl, server)
    given = dict(headers)
    if server.username:
        _set_credentials(curl, server)
        # Without this header Opencast redirects clients to its login page instead of refusing them.
        given["X-Requested-Auth"] = server.auth_method.capitalize()
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}".encode("latin-1") for name, value in given.items()])


def _set_trust(curl: pycurl.Curl, server: Server) -> None:
    verify = 0 if server.insecure else 1
    curl.setopt(pycurl.SSL_VERIFYPEER, verify)
    curl.setopt(pycurl.SSL_VERIFYHOST, 2 * verify)
    # A curl that comes with the Python package does not know where this system keeps its authorities.
    authorities = server.certificate or ssl.get_default_verify_paths().cafile
    if authorities:
        curl.setopt(pycurl.CAINFO, str(authorities))


def _set_credentials(curl: pycurl.Curl, server: Server) -> None:
    """Basic is sent at once; Digest with the last known nonce, so that it costs no second round trip."""
    digest = server.auth_method == "digest"
    curl.setopt(pycurl.HTTPAUTH, pycurl.HTTPAUTH_DIGEST if digest else pycurl.HTTPAUTH_BASIC)
    curl.setopt(pycurl.USERNAME, server.username.encode("utf-8"))
    curl.setopt(pycurl.PASSWORD, server.password.encode("utf-8"))
    if server.cookiefile:
        curl.setopt(pycurl.COOKIEJAR, str(server.cookiefile))


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
