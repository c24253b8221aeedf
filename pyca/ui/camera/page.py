"""``/``: all cameras with their figures, and a viewer of each."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import ConfigError, ImagingError, PycaError
from pyca.ui.access.rights import needs
from pyca.ui.camera.room import cameras
from pyca.ui.context import context
from pyca.ui.imaging.beside import address_of, reachable
from pyca.ui.imaging.envelope import code_of
from pyca.ui.imaging.room import slow
from pyca.ui.imaging.shown import COLORS, SCALES, figures

# The first page has one name in all our applications: the templates that they share lead back to it.
blueprint = Blueprint("now", __name__)

OPTIONS = ("colormap", "scale", "min_value", "max_value", "fps")


@dataclass(frozen=True)
class Row:
    """A camera as it is listed.

    :param state: “running”, “offline” (it runs, and the camera does not answer), “off” or “error”
    :param reason: why it is offline or in error
    """

    name: str
    aliases: tuple[str, ...]
    groups: tuple[str, ...]
    kind: str
    state: str
    reason: str
    figures: dict[str, str]

    @property
    def words(self) -> str:
        """All by which it can be found."""
        return " ".join((self.name, *self.aliases, *self.groups, self.kind)).lower()


@blueprint.get("/")
def show() -> str:
    """Show all cameras, or those that are looked for."""
    text, group = request.args.get("q", "").strip(), request.args.get("group", "").strip()
    every = rows()
    found = [row for row in every if text.lower() in row.words and (not group or group in row.groups)]
    groups = sorted({name for row in every for name in row.groups})
    return render_template(
        "cameras.html", rows=found, number=len(every), groups=groups, text=text, group=group
    )


@blueprint.get("/camera/<name>")
def camera(name: str) -> str | tuple[str, int]:
    """Show what a camera sees.

    :raises UnknownNameError: where there is none
    """
    try:
        configuration = cameras().config(name)
    except (ImagingError, ConfigError) as error:
        if name not in cameras().names():
            raise
        return _explained(name, error)
    chosen = {key: request.args.get(key, "").strip()[:40] for key in OPTIONS}
    return render_template(
        "camera.html",
        name=name,
        configuration=configuration,
        aliases=_aliases().get(configuration.get("name", name), ()),
        chosen=chosen,
        given={key: value for key, value in chosen.items() if value},
        colors=COLORS,
        scales=SCALES,
        running=_running().get(name),
        pipelines_page=_pipelines_page(),
    )


@blueprint.post("/camera/<name>/stop")
@needs(Scope.OPERATE)
@slow
def stop(name: str) -> Response:
    """Stop a camera, and show the list."""
    cameras().stop(name)
    return redirect(url_for("now.show"), code=303)


def rows() -> list[Row]:
    """Return all cameras."""
    running = _running()
    aliases = _aliases()
    groups: dict[str, list[str]] = {}
    for group, members in cameras().groups().items():
        for name in members:
            groups.setdefault(name, []).append(group)
    return [
        _row(name, written, tuple(aliases.get(name, ())), tuple(groups.get(name, ())), running.get(name))
        for name, written in cameras().everything().items()
    ]


def _explained(name: str, error: ImagingError | ConfigError) -> tuple[str, int]:
    """Return what is wrong with a configuration: the camera is there, and cannot be shown."""
    problems = error.problems if isinstance(error, ConfigError) else [error.message]
    return render_template("camera_broken.html", name=name, problems=problems, remedy=error.remedy), code_of(
        error
    )


def _aliases() -> dict[str, list[str]]:
    """Return the aliases of each camera that lead to it; of what two cameras claim one has it alone."""
    found: dict[str, list[str]] = {}
    for alias, name in cameras().aliases().items():
        found.setdefault(name, []).append(alias)
    return found


def _row(
    name: str,
    written: dict[str, Any] | PycaError,
    aliases: tuple[str, ...],
    groups: tuple[str, ...],
    running: dict[str, Any] | None,
) -> Row:
    state, reason, kind = "off", "", ""
    if isinstance(written, PycaError):  # a file that somebody changed by hand; the others are shown
        state, reason = "error", written.message
    else:
        kind = str(written.get("source_type", ""))
    if running is not None:
        state = "running" if running.get("online", True) else "offline"
        reason = str(running.get("status") or "")
    return Row(name, aliases, groups, kind, state, reason, figures(running))


def _pipelines_page() -> str:
    """Return the address of the page of this machine's pipelines, empty where there is none."""
    server = context().settings.pipeline
    return reachable(address_of(server.bind, server.port)) if server.enabled else ""


def _running() -> dict[str, dict[str, Any]]:
    return dict(cameras().info().get("active_instances") or {})
