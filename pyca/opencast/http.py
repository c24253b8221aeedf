"""The one HTTP client: a reusable curl handle with Opencast's rules for credentials and answers."""

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Self
from urllib.parse import quote, urlencode, urlsplit

import pycurl

from pyca.config.settings import Server
from pyca.core.errors import DeliveryError
from pyca.opencast.forms import Field, FilePart, add_field, is_missing, size_of
from pyca.opencast.options import Pairs, set_options
from pyca.opencast.refusals import broken, missing, refused
from pyca.opencast.response import Receiver, Response

Heartbeat = Callable[[], object]
Progress = Callable[[int, int], object]

_STORING_RATE = 20e6
"""bytes per second; servers and buffering proxies answer only when they have stored an upload"""
_PROGRESS_PERIOD = 0.05
"""seconds; curl tells each few kilobytes, and telling them on would cost more than sending them"""
_NONCE_LIFETIME = 240.0
"""seconds; Opencast's nonces live for 300"""
_PRIMING_PATH = "/services/available.json?serviceType=org.opencastproject.ingest"


class Http:
    """Speaks to one server. Not for several threads at once.

    :param server: address, credentials, TLS and time-outs
    :param progress: called about once a second and more often while bytes move, during every transfer;
        returning True ends the transfer with a passing DeliveryError. It must not raise.
    :param monotonic: measures the age of Digest nonces
    """

    def __init__(
        self,
        server: Server,
        *,
        progress: Heartbeat | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.server = server
        self._progress = progress
        self._monotonic = monotonic
        self._curl = self._handle()
        self._distrustful = False
        self._nonce_host = ""
        self._nonce_time = 0.0
        self._upload_progress: Progress | None = None
        self._progress_due = 0.0

    def close(self) -> None:
        """Hang up and write the cookie file."""
        self._curl.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def get(
        self, url: str, *, params: Pairs = (), headers: Pairs = (), allow: Collection[int] = ()
    ) -> Response:
        """Ask for something.

        :param allow: statuses that are no error besides 2xx
        :raises DeliveryError: for every other status, for web pages and for broken connections
        """
        address = f"{url}?{urlencode(params, quote_via=quote)}" if params else url
        return self._request("GET", address, headers=headers, allow=allow)

    def post(self, url: str, form: Pairs, *, headers: Pairs = (), allow: Collection[int] = ()) -> Response:
        """Send a urlencoded form. Opencast takes at most 1,500,000 bytes; use ``upload`` beyond.

        :raises DeliveryError: as ``get``
        """
        body = urlencode(form).encode("ascii")
        return self._request("POST", url, headers=headers, allow=allow, body=body)

    def put(
        self, url: str, body: bytes = b"", *, headers: Pairs = (), allow: Collection[int] = ()
    ) -> Response:
        """Put a body at an address.

        :raises DeliveryError: as ``get``
        """
        return self._request("PUT", url, headers=headers, allow=allow, body=body)

    def upload(
        self,
        url: str,
        fields: Sequence[tuple[str, Field]],
        *,
        progress: Progress | None = None,
        rate: int = 0,
        allow: Collection[int] = (),
    ) -> Response:
        """Send a multipart form, its fields in the given order, its files streamed from disk.

        :param progress: called with bytes sent and bytes in total; returning True ends the transfer
        :param rate: upper limit in bytes per second, 0 for none
        :raises DeliveryError: as ``get``
        """
        self._renew()
        self._prime(url)
        self._upload_progress = progress
        try:
            with pycurl.CurlMime(self._curl) as form:
                self._fill(url, form, fields)
                patience = size_of(fields) / _STORING_RATE
                return self._request("POST", url, allow=allow, form=form, rate=rate, patience=patience)
        finally:
            self._upload_progress = None
            self._curl.unsetopt(pycurl.MIMEPOST)

    def fetch(self, url: str, *, headers: Pairs = (), allow: Collection[int] = ()) -> Response:
        """Get anything from anywhere without credentials or cookies, following redirects.

        :raises DeliveryError: as ``get``
        """
        anonymous = replace(self.server, username="", cookiefile=None)
        with Http(anonymous, progress=self._progress) as other:
            other._curl.setopt(pycurl.FOLLOWLOCATION, 1)
            other._curl.setopt(pycurl.MAXREDIRS, 5)
            return other._request("GET", url, headers=headers, allow=allow)

    def _handle(self) -> pycurl.Curl:
        curl = pycurl.Curl()
        curl.setopt(pycurl.COOKIEFILE, str(self.server.cookiefile or ""))  # "" keeps them in memory
        return curl

    def _renew(self) -> None:
        """Read the trusted certificates anew after the server's was refused: a handle keeps them for a day."""
        if self._distrustful:
            self._curl.close()
            self._curl, self._nonce_host, self._distrustful = self._handle(), "", False

    def _request(
        self,
        method: str,
        url: str,
        *,
        headers: Pairs = (),
        allow: Collection[int] = (),
        body: bytes | None = None,
        form: pycurl.CurlMime | None = None,
        rate: int = 0,
        patience: float = 0.0,
    ) -> Response:
        receiver = Receiver()
        if form is None:
            self._renew()
        set_options(self._curl, self.server, url, headers)
        self._set_body(method, body, form)
        self._curl.setopt(pycurl.LOW_SPEED_TIME, max(round(self.server.stall_timeout + patience), 1))
        self._curl.setopt(pycurl.MAX_SEND_SPEED_LARGE, rate)
        self._curl.setopt(pycurl.NOPROGRESS, 0)
        self._curl.setopt(pycurl.XFERINFOFUNCTION, self._on_progress)
        self._curl.setopt(pycurl.HEADERFUNCTION, receiver.header)
        self._curl.setopt(pycurl.WRITEFUNCTION, receiver.write)
        self._perform(url, receiver)
        response = receiver.response()
        fine = 200 <= response.status < 300 or response.status in allow
        if not fine or response.html:
            raise refused(url, response.status, response.headers, response.body)
        return response

    def _fill(self, url: str, form: pycurl.CurlMime, fields: Sequence[tuple[str, Field]]) -> None:
        try:
            for name, value in fields:
                add_field(form, name, value)
        except pycurl.error as error:
            if isinstance(value, FilePart) and is_missing(value.path):
                raise missing(url, value.path) from error
            text = f"{error.args[-1]}: {value.path}" if isinstance(value, FilePart) else str(error)
            raise broken(url, pycurl.E_READ_ERROR, text, sent=False) from error

    def _perform(self, url: str, receiver: Receiver) -> None:
        try:
            self._curl.perform()
        except pycurl.error as error:
            code, text = int(error.args[0]), self._curl.errstr()
            self._distrustful = code == pycurl.E_PEER_FAILED_VERIFICATION
            # A server that refuses early answers and closes while we still send: its answer counts.
            if receiver.status < 400 or code not in (pycurl.E_SEND_ERROR, pycurl.E_RECV_ERROR):
                raise broken(url, code, text, sent=self._sent_whole()) from error
        finally:
            if receiver.digest_challenge:
                self._nonce_host = urlsplit(url).netloc
                self._nonce_time = self._monotonic()

    def _sent_whole(self) -> bool:
        if not self._curl.getinfo(pycurl.REQUEST_SIZE):  # no connection: not even the headers went out
            return False
        total = self._curl.getinfo(pycurl.CONTENT_LENGTH_UPLOAD_T)
        return bool(self._curl.getinfo(pycurl.SIZE_UPLOAD_T) >= total)

    def _set_body(self, method: str, body: bytes | None, form: pycurl.CurlMime | None) -> None:
        # On a kept connection that dies without an answer curl silently sends the request again, which would
        # start a workflow twice. On a new connection it does not.
        self._curl.setopt(pycurl.FRESH_CONNECT, 0 if method == "GET" else 1)
        self._curl.unsetopt(pycurl.CUSTOMREQUEST)
        if form is not None:
            self._curl.setopt(pycurl.MIMEPOST, form)
        elif body is not None:
            self._curl.setopt(pycurl.POST, 1)
            self._curl.setopt(pycurl.POSTFIELDS, body)
        else:
            self._curl.setopt(pycurl.HTTPGET, 1)
        if method == "PUT":
            self._curl.setopt(pycurl.CUSTOMREQUEST, method)

    def _on_progress(self, _down_total: int, _down: int, total: int, sent: int) -> int:
        now = self._monotonic()
        if sent < total and now < self._progress_due:
            return 0
        self._progress_due = now + _PROGRESS_PERIOD
        stop = self._progress() is True if self._progress else False
        if self._upload_progress and total:
            stop = self._upload_progress(sent, total) is True or stop
        return 1 if stop else 0

    def _prime(self, url: str) -> None:
        """Fetch a fresh Digest nonce, so that a large body is not sent twice."""
        parts = urlsplit(url)
        young = self._monotonic() - self._nonce_time < _NONCE_LIFETIME
        if self.server.auth_method != "digest" or (parts.netloc == self._nonce_host and young):
            return
        self._curl.reset()
        try:
            self._request("GET", f"{parts.scheme}://{parts.netloc}{_PRIMING_PATH}", allow=range(404, 600))
        except DeliveryError as error:
            # What was not answered is this question, not the call that it prepares.
            raise DeliveryError(error.message, error.remedy, permanent=error.permanent) from error
