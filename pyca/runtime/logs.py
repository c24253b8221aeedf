"""Where log messages go: journal, terminal, syslog, file."""

import logging
import logging.handlers
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from pyca.core.errors import ConfigError
from pyca.core.masking import without
from pyca.runtime.keptlog import KeptLog

if TYPE_CHECKING:
    from pyca.config.settings import Logging

_OURS = "pyca-"
_MASK = "********"
_PRIORITY = {logging.DEBUG: 7, logging.INFO: 6, logging.WARNING: 4, logging.ERROR: 3, logging.CRITICAL: 2}


class Redact(logging.Filter):
    """Replace secrets in messages and tracebacks. Published default passwords are none; leave them out.

    :param secrets: texts that must not be shown, as they are or quoted for a URL
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        known = {secret for secret in secrets if secret}
        # The longest first: one secret may be a part of another.
        self._secrets = sorted(known | {quote(secret, safe="") for secret in known}, key=len, reverse=True)

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place."""
        record.msg, record.args = self._masked(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self._masked(record.exc_text)
        return True

    def _masked(self, text: str) -> str:
        return without(text, self._secrets, _MASK)


class JournalFormatter(logging.Formatter):
    """Give every line the priority prefix that journald reads; it adds the time itself."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message with ``<priority>`` before each line."""
        level = max((known for known in _PRIORITY if known <= record.levelno), default=logging.DEBUG)
        prefix = f"<{_PRIORITY[level]}>"
        return "\n".join(prefix + line for line in super().format(record).splitlines())


def setup(
    settings: "Logging", *, service: str, secrets: Iterable[str] = (), keep: Path | None = None
) -> None:
    """Send the messages of this process where the configuration says. A second call replaces the first.

    :param service: name for syslog
    :param secrets: texts that are never written
    :param keep: folder of the small log for the page; it is kept only where neither journal nor file is
    :raises ConfigError: where syslog or the file cannot be used
    """
    handlers = _handlers(settings, service)
    if keep and settings.file is None and not stderr_is_journal():
        kept = KeptLog(keep, service)
        kept.set_name(_OURS + "kept")
        handlers.append(kept)
    redact = Redact(secrets)
    root = logging.getLogger()
    for old in [handler for handler in root.handlers if (handler.name or "").startswith(_OURS)]:
        root.removeHandler(old)
        old.close()
    for handler in handlers:
        handler.addFilter(redact)
        root.addHandler(handler)
    root.setLevel(settings.level.upper())


def _handlers(settings: "Logging", service: str) -> list[logging.Handler]:
    handlers: list[logging.Handler] = []
    if settings.stderr:
        handlers.append(_stderr(settings.format))
    if settings.syslog:
        handlers.append(_syslog(settings.format, service))
    if settings.file is not None:
        handlers.append(_file(settings.file, settings.format))
    if not handlers:
        # Otherwise logging falls back to stderr, which was switched off.
        handlers.append(_named(logging.NullHandler(), "nowhere", logging.Formatter()))
    return handlers


def _stderr(form: str) -> logging.Handler:
    journal = JournalFormatter(form) if stderr_is_journal() else logging.Formatter("%(asctime)s " + form)
    return _named(logging.StreamHandler(sys.stderr), "stderr", journal)


def _syslog(form: str, service: str, address: str = "/dev/log") -> logging.Handler:
    # The handler itself would say nothing now and complain about every message later.
    if not Path(address).is_socket():
        raise ConfigError(
            [f"[logging] syslog: there is no syslog at {address}"],
            "start a syslog service or set syslog to no",
        )
    handler = logging.handlers.SysLogHandler(address)
    handler.ident = f"pyca-{service}[{os.getpid()}]: "
    return _named(handler, "syslog", logging.Formatter(form))


def _file(path: Path, form: str) -> logging.Handler:
    try:
        handler = logging.handlers.WatchedFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [f"[logging] file: {path} cannot be written: {error.strerror}"],
            "create its folder and let pyCA write there",
        ) from error
    return _named(handler, "file", logging.Formatter("%(asctime)s " + form))


def _named(handler: logging.Handler, name: str, formatter: logging.Formatter) -> logging.Handler:
    handler.set_name(_OURS + name)
    handler.setFormatter(formatter)
    return handler


def stderr_is_journal() -> bool:
    """Tell whether stderr is the very stream that systemd connected to the journal."""
    device, _, inode = os.environ.get("JOURNAL_STREAM", "").partition(":")
    try:
        facts = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return (device, inode) == (str(facts.st_dev), str(facts.st_ino))
