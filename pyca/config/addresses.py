"""The kinds of keys that hold addresses."""

import ipaddress
import re
from pathlib import Path
from urllib.parse import urlsplit

from pyca.config.types import KeyType, Raw, single
from pyca.core.secrecy import mask

_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)([^?]+)(.*)", re.DOTALL)
_DATABASE = re.compile(r"[A-Za-z][\w+]*://\S*")


class Address(KeyType):
    """An address that may hold a password."""

    def redact(self, text: str) -> str:
        """Return the address, a password in it masked."""
        return mask(text)


def is_address(text: str) -> bool:
    """Return whether a text is an address in numbers, IPv4 or IPv6 without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Return whether a host name or address means this machine alone."""
    name = host.strip("[]").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


class StreamAddress(Address):
    """Where a stream comes from or goes to: an address, a device or a name, or nothing."""

    def parse(self, raw: Raw) -> str:
        """Return it as it is."""
        return single(raw, "an address").strip()


class Url(Address):
    """An http or https address, or nothing."""

    def parse(self, raw: Raw) -> str:
        """Return the address without its last slash."""
        expected = "an address such as https://opencast.example.org"
        text = single(raw, expected).strip()
        if text and not _is_web_address(text):
            raise ValueError(expected)
        return text.rstrip("/")


class Calendar(Address):
    """An iCalendar file or the http or https address of one, or nothing."""

    def parse(self, raw: Raw) -> str:
        """Return the address, or the path made absolute."""
        expected = "an iCalendar file or an http or https address"
        text = single(raw, expected).strip()
        if "://" in text and not _is_web_address(text):
            raise ValueError(expected)
        return self.resolve(text)

    def resolve(self, value: str) -> str:
        """Return the address, or the path made absolute."""
        return value if not value or "://" in value else str(Path(value).absolute())


class DatabaseUrl(Address):
    """A database address in SQLAlchemy's form."""

    def parse(self, raw: Raw) -> str:
        """Return the address; the file of a relative SQLite address is below the current directory."""
        expected = "a database address such as sqlite:///pyca.db or postgresql://user:password@host/pyca"
        text = single(raw, expected).strip()
        if not _DATABASE.match(text):
            raise ValueError(expected)
        return self.resolve(text)

    def resolve(self, value: str) -> str:
        """Return the address with an absolute SQLite file."""
        match = _SQLITE_FILE.fullmatch(value)
        if not match or match[2].startswith((":memory:", "file:", "/")):
            return value
        return f"{match[1]}{Path(match[2]).absolute()}{match[3]}"


def database_file(address: str) -> Path | None:
    """Return the file of a database's address, None where it has none."""
    match = _SQLITE_FILE.fullmatch(address)
    return Path(match[2]) if match and not match[2].startswith((":memory:", "file:")) else None


def _is_web_address(text: str) -> bool:
    """Return whether ``text`` is an http or https address with a host."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
