"""``/``: all pipelines and instances with their figures, and what people do with them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import ConfigError, ImagingError, PycaError
from pyca.ui.access.rights import needs
from pyca.ui.imaging.envelope import code_of
from pyca.ui.imaging.room import slow
from pyca.ui.imaging.shown import figures
from pyca.ui.pipeline.room import pipelines

# The first page has one name in all our applications: the templates that they share lead back to it.
blueprint = Blueprint("now", __name__)


@dataclass(frozen=True)
class Row:
    """A pipeline or an instance as it is listed.

    :param kind: its type, and the camera that it has its images from
    :param state: “running”, “offline” (its source does not answer), “off” or “error”
    :param is_saved: True where its configuration is saved: then it can be started
    :param is_private: True where its parameters can be changed
    :param is_over: True where it is no more, and is listed because it ended with an error
    :param reason: why it is offline or in error
    """

    name: str
    groups: tuple[str, ...]
    kind: str
    state: str
    reason: str
    is_saved: bool
    is_private: bool
    is_over: bool
    figures: dict[str, str]

    @property
    def words(self) -> str:
        """All by which it can be found."""
        return " ".join((self.name, *self.groups, self.kind)).lower()


@blueprint.get("/")
def show() -> str:
    """Show all pipelines and instances, or those that are looked for."""
    return _list()


@blueprint.post("/instances")
@needs(Scope.OPERATE)
@slow
def create() -> Response | tuple[str, int]:
    """Make a private instance of a camera or of a saved pipeline, and show it."""
    name, camera, pipeline = (request.form.get(key, "").strip() for key in ("name", "camera", "pipeline"))
    try:
        if pipeline:
            made = pipelines().create_named(pipeline, name or None, None)
        elif camera:
            made = pipelines().create({"camera_name": camera}, name or None)
        else:
            raise ImagingError("Name a camera or choose a pipeline.")
    except PycaError as error:
        return _list(error), code_of(error)
    return redirect(url_for("instance.show", name=made.id), code=303)


@blueprint.post("/pipeline/<name>/start")
@needs(Scope.OPERATE)
@slow
def start(name: str) -> Response | tuple[str, int]:
    """Start a saved pipeline as the instance that all share, and show it."""
    try:
        pipelines().stream(name)
    except PycaError as error:
        return _list(error), code_of(error)
    return redirect(url_for("instance.show", name=name), code=303)


@blueprint.post("/instance/<name>/stop")
@needs(Scope.OPERATE)
@slow
def stop(name: str) -> Response:
    """Stop an instance, and show the list."""
    pipelines().stop(name)
    return redirect(url_for("now.show"), code=303)


@blueprint.post("/instance/<name>/remove")
@needs(Scope.OPERATE)
@slow
def remove(name: str) -> Response:
    """Forget an instance that is over, and show the list. One that runs again is left alone."""
    if name not in pipelines().info().get("active_instances", {}):
        pipelines().remove(name)
    return redirect(url_for("now.show"), code=303)


def rows() -> list[Row]:
    """Return all pipelines and instances, sorted by their names."""
    info = pipelines().info()
    running = dict(info.get("active_instances") or {})
    failed = {name: one for name, one in ended(info).items() if one.get("exitcode") and name not in running}
    saved = pipelines().names()
    groups: dict[str, list[str]] = {}
    for group, members in pipelines().groups().items():
        for name in members:
            groups.setdefault(name, []).append(group)
    return [
        _row(name, name in saved, tuple(groups.get(name, ())), running.get(name), failed.get(name))
        for name in sorted({*saved, *running, *failed})
    ]


def ended(info: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return how instances ended that are no more, by their ids."""
    return dict(info.get("ended_instances") or {})


def end_of(one: Mapping[str, Any]) -> str:
    """Return in words how an instance ended."""
    reason = str(one.get("status") or "")
    return f"It ended with exit code {one.get('exitcode')}{f': {reason}' if reason else '.'}"


def kind_of(config: dict[str, Any]) -> str:
    """Return the type of a pipeline, and where its messages come from."""
    source = config.get("camera_name") or config.get("input_pipeline") or config.get("input_stream") or ""
    words = [str(config.get("pipeline_type") or "processing"), str(source)]
    if function := config.get("function"):
        words.append(str(function))
    return " · ".join(word for word in words if word)


def state_of(running: dict[str, Any] | None) -> str:
    """Return the state of an instance."""
    if running is None:
        return "off"
    return "running" if running.get("online", True) else "offline"


def _list(error: PycaError | None = None) -> str:
    text, group = request.args.get("q", "").strip(), request.args.get("group", "").strip()
    every = rows()
    found = [row for row in every if text.lower() in row.words and (not group or group in row.groups)]
    return render_template(
        "pipelines.html",
        rows=found,
        number=len(every),
        saved=[row.name for row in every if row.is_saved],
        groups=sorted({name for row in every for name in row.groups}),
        text=text,
        group=group,
        problems=problems_of(error),
        given=request.form,
    )


def problems_of(error: PycaError | None) -> list[str]:
    """Return all that is wrong, one sentence each."""
    if error is None:
        return []
    if isinstance(error, ConfigError):
        return error.problems
    return [f"{error.message} {error.remedy}".strip()]


def _row(
    name: str,
    is_saved: bool,
    groups: tuple[str, ...],
    running: dict[str, Any] | None,
    failed: dict[str, Any] | None,
) -> Row:
    state, reason, config = state_of(running), "", (running or {}).get("config") or {}
    if running is not None:
        reason = str(running.get("status") or "")
    elif is_saved:
        try:
            config = pipelines().config(name)
        except PycaError as error:  # a file that somebody changed by hand; the others are shown
            state, reason = "error", error.message
    if failed is not None and not reason:
        state, reason = state if is_saved else "error", end_of(failed)
    is_private = running is not None and not running.get("read_only")
    kind = kind_of(config) if config else ""
    is_over = running is None and not is_saved
    return Row(name, groups, kind, state, reason, is_saved, is_private, is_over, figures(running))
