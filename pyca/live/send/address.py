"""Where streams can be sent to: addresses checked, taken apart, and shown without their secrets."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from pyca.core.control import HIDDEN, ParameterError
from pyca.core.masking import without
from pyca.core.secrecy import mask

LONGEST_KEY = 900
"""characters; FFmpeg reads a line of up to 1000 bytes where keys are passed to it in a file"""
PASSPHRASE = range(10, 80)
"""characters of an SRT passphrase"""
MODES = ("caller", "listener", "rendezvous")

_PARTS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:(?P<user>[^/@?]*)@)?(?P<host>\[[^\]/]*\]|[^/:?@\[\]]*)"
    r"(?::(?P<port>[^/?]*))?(?P<path>/[^?]*)?(?:\?(?P<query>.*))?"
)
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_SCHEMES = ("rtmp", "rtmps", "srt")
_SHAPES = {
    "rtmp": "rtmp://host/application",
    "rtmps": "rtmps://host/application",
    "srt": "srt://host:port?streamid=…",
}
_LONGEST = 2000
_TELLING = 8
"""characters from which a part of a key is worth hiding"""
_LATENCY = re.compile(r"([?&]latency=)(\d+)")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_PASSED_ON = (
    "connect_timeout",
    "maxbw",
    "nakreport",
    "oheadbw",
    "payload_size",
    "pkt_size",
    "tlpktdrop",
    "transtype",
)
"""parameters of SRT that FFmpeg is given as they are"""
_FEWEST_MICROSECONDS = 10_000
"""A latency from here on is meant in microseconds, as FFmpeg and OBS count; below in milliseconds, as all
others do. No stream has ten seconds in the one unit or ten milliseconds in the other."""


@dataclass(frozen=True)
class Address:
    """One place that a stream can be sent to."""

    scheme: str
    base: str
    """without key and other secrets, as FFmpeg takes it"""
    key: str = field(default="", repr=False)
    """stream key; the stream id of SRT"""
    app: str = ""
    """application on an RTMP server, with its instance"""
    user: str = field(default="", repr=False)
    """user:password, empty without"""
    passphrase: str = field(default="", repr=False)
    mode: str = ""
    """of SRT"""

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen, the longest first."""
        password = self.user.partition(":")[2]
        # Servers name streams by what stands before the question mark, and quote the rest by itself.
        name, _, rest = self.key.partition("?")
        found = {
            self.key,
            name,
            rest if len(rest) >= _TELLING else "",
            quote(self.key, safe=""),
            unquote(self.key),
            self.passphrase,
            password,
            unquote(password),
        }
        return tuple(sorted(found - {""}, key=len, reverse=True))

    @property
    def options(self) -> dict[str, str]:
        """FFmpeg's options that hold the secrets."""
        if self.scheme != "srt":
            # FFmpeg takes the first of two words of a path for the application where no key follows.
            return {"rtmp_app": self.app, "rtmp_playpath": self.key} if self.key else {}
        given = {"streamid": self.key, "passphrase": self.passphrase}
        return {name: value for name, value in given.items() if value}

    @property
    def target(self) -> str:
        """The address without key, as FFmpeg takes it; a password of RTMP is in it."""
        if not self.user:
            return self.base
        return self.base.replace("://", f"://{self.user}@", 1)

    @property
    def whole(self) -> str:
        """The address with key and password, for an FFmpeg that takes a key in no other way."""
        if not self.key:
            return self.target
        if self.scheme == "srt":
            return f"{self.base}&streamid={quote(self.key, safe='')}"
        return f"{self.target}/{self.key}"

    @property
    def masked(self) -> str:
        """The whole address as it may be shown and logged."""
        # FFmpeg takes microseconds, people milliseconds.
        text = mask(_LATENCY.sub(lambda found: f"{found[1]}{int(found[2]) / 1000:g}", self.target))
        if not self.key and not self.passphrase:
            return text
        if self.scheme != "srt":
            # Nobody knows whether the last word of a path is a key, too.
            return text if text.endswith(f"/{HIDDEN}") else f"{text}/{HIDDEN}"
        hidden = "&".join(f"{name}={HIDDEN}" for name in self.options)
        return f"{text}{'&' if '?' in text else '?'}{hidden}"


def hide(text: str, secrets: Iterable[str]) -> str:
    """Return a text, such as what FFmpeg said, without secrets.

    :param secrets: the longest first
    """
    return without(text, secrets, HIDDEN)


def parse(url: str, key: str = "") -> Address:
    """Return an address that can be sent to.

    :param url: without the key, or with it where none is given beside
    :param key: stream key, or stream id of SRT
    :raises ParameterError: where nothing can be sent there, naming ``url`` or ``name``
    """
    _check_text("url", "the address", url, _LONGEST)
    _check_text("name", "the stream key", key, LONGEST_KEY)
    if not url:
        raise ParameterError("url", "there is no address to send to", f"use one such as {_SHAPES['rtmp']}")
    parts = _parts(url)
    scheme = parts["scheme"].lower()
    host, port = _host(parts, scheme), _port(parts, scheme)
    if scheme == "srt":
        return _srt(parts, f"srt://{host}{port}", key)
    return _rtmp(parts, f"{scheme}://{host}{port}", key)


def split(text: str) -> tuple[str, str]:
    """Return address and key of a whole address, as it is written on a command line.

    The passphrase of SRT stays in its address.

    :raises ParameterError: where nothing can be sent there
    """
    address = parse(text)
    if not address.key:
        return text.rstrip("/"), ""
    if address.scheme != "srt":
        return text.rstrip("/").removesuffix(f"/{address.key}"), address.key
    start, _, query = text.partition("?")
    rest = "&".join(part for part in query.split("&") if part.partition("=")[0] != "streamid")
    return (f"{start}?{rest}" if rest else start), address.key


def restored(given: str, stored: str, name: str = "url") -> str:
    """Return the address that somebody means who was shown a masked one and sends it back.

    :param name: the parameter
    :raises ParameterError: where it is another one and still holds what stands for a secret
    """
    if given == mask(stored):
        return stored
    if HIDDEN in given:
        raise ParameterError(
            name, f"the address holds {HIDDEN} in the place of a secret", "write the password or key again"
        )
    return given


def server(url: str) -> str:
    """Return scheme, host and port of an address, empty where it is none."""
    try:
        found = parse(url, "-")
    except ParameterError:
        return ""
    return found.base.partition("?")[0] if found.scheme == "srt" else found.base.removesuffix(f"/{found.app}")


def _rtmp(parts: Mapping[str, str], start: str, key: str) -> Address:
    path = (parts["path"] or "").strip("/")
    query = f"?{parts['query']}" if parts["query"] else ""
    app = path + query.rstrip("/")
    if not key:
        app, key = _without_key(path, query)
    if not app or app.startswith("?"):
        raise ParameterError(
            "url", "the address names no application on the server", f"use one such as {_SHAPES['rtmp']}"
        )
    return Address(start.partition(":")[0], f"{start}/{app}", key, app=app, user=parts["user"] or "")


def _without_key(path: str, query: str) -> tuple[str, str]:
    """Return application and key: the last word is the key where there are two.

    A query stands behind the application, as ``live2?backup=1/key``, or behind the key, as ``live/key?a=b``.
    """
    if "/" in path:
        app, _, key = path.rpartition("/")
        return app.rstrip("/"), key + query
    if "/" in query:
        rest, _, key = query.rstrip("/").rpartition("/")
        return path + rest, key if rest else ""
    return path + query, ""


def _srt(parts: Mapping[str, str], start: str, key: str) -> Address:
    if parts["user"] is not None:
        raise ParameterError("url", "SRT knows no user in the address", "give streamid and passphrase")
    if (parts["path"] or "/") != "/":
        raise ParameterError("url", "SRT knows no path in the address", "give the stream as streamid")
    given: dict[str, str] = {}
    for part in filter(None, (parts["query"] or "").split("&")):
        name, _, value = part.partition("=")
        given[name.lower()] = unquote(value)
    key = key or given.pop("streamid", "")
    given.pop("streamid", None)
    passphrase = given.pop("passphrase", "")
    if passphrase and len(passphrase.encode()) not in PASSPHRASE:
        raise ParameterError(
            "url",
            "the passphrase has a wrong length",
            f"SRT wants {PASSPHRASE[0]} to {PASSPHRASE[-1]} characters",
        )
    if len(key.encode()) > 512:
        raise ParameterError("name", "the stream id is too long", "SRT takes up to 512 bytes")
    mode = given.pop("mode", MODES[0]).lower()
    if mode not in MODES:
        raise ParameterError("url", f"SRT has no mode “{mode[:40]}”", f"use {', '.join(MODES)}")
    words = [f"mode={mode}", *(f"{name}={_srt_value(name, value)}" for name, value in given.items())]
    return Address("srt", f"{start}?{'&'.join(words)}", key, passphrase=passphrase, mode=mode)


def _srt_value(name: str, value: str) -> str:
    if name == "latency":
        if not (value.isascii() and value.isdecimal() and len(value) < 9):
            raise ParameterError(
                "url", f"the latency “{value[:40]}” is none", "write milliseconds: latency=200"
            )
        number = int(value)
        return str(number if number >= _FEWEST_MICROSECONDS else number * 1000)
    if name == "pbkeylen" and value not in ("16", "24", "32"):
        raise ParameterError("url", f"there are no keys of “{value[:40]}” bytes", "use pbkeylen=16, 24 or 32")
    if name not in (*_PASSED_ON, "pbkeylen"):
        known = ", ".join(("mode", "latency", "streamid", "passphrase", "pbkeylen", *_PASSED_ON))
        raise ParameterError("url", f"SRT has no parameter “{name[:40]}”", f"there are {known}")
    if not _PLAIN_VALUE.fullmatch(value):
        raise ParameterError("url", f"the value of {name} is not possible", "correct the address")
    return value


def _check_text(name: str, words: str, text: str, longest: int) -> None:
    if len(text.encode("utf-8", "replace")) > longest:
        raise ParameterError(name, f"{words} is too long", f"use up to {longest} characters")
    if not text.isprintable() or any(character.isspace() for character in text):
        raise ParameterError(name, f"{words} holds blanks or control characters", "remove them")


def _parts(url: str) -> Mapping[str, str]:
    match = _PARTS.fullmatch(url)
    shapes = ", ".join(_SHAPES.values())
    if not match:
        known = any(url.lower().startswith(f"{scheme}:") for scheme in _SCHEMES)
        said = "the address is incomplete" if known else "this is no address"
        raise ParameterError("url", said, f"use one such as {shapes}")
    if match["scheme"].lower() not in _SCHEMES:
        said = f"nothing can be sent by “{match['scheme'][:40]}”"
        raise ParameterError("url", said, f"use {shapes}")
    return match.groupdict()


def _host(parts: Mapping[str, str], scheme: str) -> str:
    host = parts["host"]
    listens = "mode=listener" in (parts["query"] or "").lower()
    if not host and not (scheme == "srt" and listens):
        raise ParameterError("url", "the address names no host", f"use one such as {_SHAPES[scheme]}")
    if host.startswith("["):
        try:
            ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ParameterError("url", f"{host[:60]} is no IPv6 address", "correct the address") from None
        return host.lower()
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            raise ParameterError("url", f"“{host[:60]}” is no host", "correct the address") from None
    if host and not _HOST.fullmatch(host):
        raise ParameterError("url", f"“{host[:60]}” is no host", "correct the address")
    return host.lower()


def _port(parts: Mapping[str, str], scheme: str) -> str:
    port = parts["port"]
    if port is None:
        if scheme == "srt":
            raise ParameterError("url", "the address names no port", f"use one such as {_SHAPES['srt']}")
        return ""
    if not (port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise ParameterError("url", f"“{port[:20]}” is no port", "use a number from 1 to 65535")
    return f":{int(port)}"
