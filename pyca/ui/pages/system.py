"""``/system``: services, machine, disks and versions; the log and the configuration for administrators."""

import os
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, current_app, render_template, request

from pyca.config.environment import file_variables, variables
from pyca.config.show import listing
from pyca.core.access import Scope
from pyca.runtime import machine
from pyca.store.tables import SCHEMA
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.view import logs
from pyca.ui.view.digest import digest
from pyca.ui.view.loglines import SUPERVISOR, Level, Line
from pyca.ui.view.machine import System, gather
from pyca.ui.words import iso

blueprint = Blueprint("system", __name__, url_prefix="/system")

LINES = 400
"""Lines of the log that are shown."""
LEVELS = {
    Level.DEBUG: "Everything",
    Level.INFO: "Information",
    Level.WARNING: "Warnings",
    Level.ERROR: "Errors",
}
"""What the log's filter offers, in words."""


@blueprint.get("")
def show() -> str:
    """Show the page."""
    refresh = context().settings.ui.refresh_rate
    return render_template("system.html", refresh_rate=refresh, **_values(gather(context())))


@blueprint.get("/status.html")
def fragment() -> Response:
    """Return the changing part of the page, or 304 where nothing changed."""
    return _tagged(render_template("system_status.html", **_values(gather(context()))))


@blueprint.get("/log")
@needs(Scope.ADMIN)
def log() -> str:
    """Show the log with its filters."""
    refresh = context().settings.ui.refresh_rate
    return render_template("system_log.html", refresh_rate=refresh, levels=LEVELS, **_log_values())


@blueprint.get("/log.html")
@needs(Scope.ADMIN)
def log_fragment() -> Response:
    """Return the log's lines, or 304 where there are no new ones."""
    return _tagged(render_template("system_lines.html", fragment=True, **_log_values()))


@blueprint.get("/log.txt")
@needs(Scope.ADMIN)
def log_text() -> Response:
    """Return the log's lines as text, to be sent to somebody who helps."""
    lines = _chosen(logs.read(context()), *_wanted())
    response = Response("".join(map(_as_text, lines)), mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/configuration")
@needs(Scope.ADMIN)
def configuration() -> str:
    """Show the effective configuration, its secrets masked."""
    settings = context().settings
    return render_template(
        "system_configuration.html",
        file=settings.file,
        warnings=settings.warnings,
        sections=list(listing(settings)),
        variables=_variables(os.environ),
        only_set=request.args.get("only") == "set",
    )


def _values(system: System) -> dict[str, Any]:
    here = context()
    return {
        "view": system,
        "settings": here.settings,
        "versions": here.versions,
        "ffmpeg": here.versions.ffmpeg(),
        "model": machine.model(),
        "system_name": machine.system_name(),
        "newest_schema": SCHEMA,
    }


def _tagged(text: str) -> Response:
    """Return a fragment under a tag that is made of what it says."""
    response = current_app.make_response(text)
    response.set_etag(digest(text))
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return response


def _wanted() -> tuple[Level, str]:
    """Return the level and the service that the address asks for; what it does not know counts as usual."""
    level = request.args.get("level", "")
    return Level(level) if level in LEVELS else Level.INFO, request.args.get("service", "")


def _chosen(log: logs.Log, least: Level, service: str) -> list[Line]:
    return logs.chosen(log.lines, least, service)


def _log_values() -> dict[str, Any]:
    found = logs.read(context())
    least, service = _wanted()
    services = logs.services(found.lines)
    service = service if service in services else ""
    lines = _chosen(found, least, service)
    return {
        "log": found,
        "lines": lines[-LINES:],
        "number": len(lines),
        "least": least,
        "service": service,
        "services": services,
        "supervisor": SUPERVISOR,
        "now": context().clock.now(),
    }


def _as_text(line: Line) -> str:
    moment = iso(line.moment) if line.moment is not None else "-"
    return f"{moment} {line.level} {line.service or '-'} {line.text}\n"


def _variables(environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Return the keys that variables set, with the variable's name; the values are nobody's business."""
    known = variables() | file_variables()
    return {known[name]: name for name in sorted(environ) if name in known}
