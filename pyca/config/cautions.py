"""What is legal and still risky: published passwords, clear text, checks that are switched off."""

import os
import stat
from pathlib import Path
from urllib.parse import urlsplit

from pyca.config.addresses import database_file, is_loopback
from pyca.config.feeds import caution_feeds
from pyca.config.imaging_checks import caution_imaging
from pyca.config.live import caution_live
from pyca.config.report import Report
from pyca.config.settings import PUBLISHED_PASSWORD, Server, Settings
from pyca.core.secrecy import mask


def caution(settings: Settings, report: Report) -> None:
    """Add the warnings for settings that are well formed and risky."""
    _caution_server(settings, report)
    ui = settings.ui
    if ui.password == PUBLISHED_PASSWORD and not is_loopback(ui.bind):
        message = f"is the published one and the page listens on {ui.bind or 'all addresses'}; change it"
        report.warn_at(("ui", "password"), message)
    if settings.agent.backup_mode:
        report.warn_at(("agent", "backup_mode"), "is on: pyCA records, tells no server and uploads nothing")
    caution_live(settings, report)
    caution_imaging(settings, report)
    caution_feeds(settings, report)
    _caution_readers(settings, report)
    _caution_database(settings, report)


def _caution_server(settings: Settings, report: Report) -> None:
    """Warn of a server that is reached in an unsafe way."""
    server = settings.server
    if server.url and _is_remote(server.url) and server.password == Server.password:
        report.warn_at(("server", "password"), "is the published default and the server is remote; change it")
    if server.insecure:
        message = "is on: certificates are not checked; name the server's CA in server.certificate instead"
        report.warn_at(("server", "insecure"), message)
    addresses = [(("server", "url"), server.url)]
    addresses += [(("services", name), address) for name, address in settings.services.items()]
    for location, address in addresses:
        if address.startswith("http://") and _is_remote(address):
            message = f"{mask(address)} is not encrypted; use https if the server offers it"
            report.warn_at(location, message)


def _is_remote(address: str) -> bool:
    """Return whether an address leads to another machine."""
    return not is_loopback(urlsplit(address).hostname or "")


def _caution_readers(settings: Settings, report: Report) -> None:
    """Warn of a file that every user of the machine can read the passwords of."""
    if settings.file is None:
        return
    secrets = {
        ("server", "password"): settings.server.password not in {"", Server.password},
        ("ui", "password"): settings.ui.password not in {"", PUBLISHED_PASSWORD},
        ("live", "stream_key"): settings.live.stream_key != "",
        ("agent", "database"): mask(settings.agent.database) != settings.agent.database,
    }
    held = [
        ".".join(location)
        for location, is_secret in secrets.items()
        if is_secret and location in report.lines and location not in report.variables
    ]
    if held and _is_world_readable(settings.file):
        names = " and ".join(held)
        report.warn(f"{settings.file}: every user can read {names} in it; run chmod o-r {settings.file}")


def _caution_database(settings: Settings, report: Report) -> None:
    """Warn of a database that every user of the machine can read: keys of streams are in it."""
    file = database_file(settings.agent.database)
    if file and _is_world_readable(file):
        report.warn(f"{file}: every user can read the database, with stream keys in it; run chmod o= {file}*")


def _is_world_readable(file: Path) -> bool:
    """Return whether every user may read a file."""
    try:
        return bool(os.stat(file).st_mode & stat.S_IROTH)
    except OSError:
        return False
