"""The page of one instance: what it sends, how it does, and its parameters."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import ConfigError, PycaError, UnknownNameError
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.imaging.beside import reachable
from pyca.ui.imaging.envelope import code_of
from pyca.ui.imaging.room import slow
from pyca.ui.imaging.shown import COLORS, SCALES, figures
from pyca.ui.pipeline import channels, forms
from pyca.ui.pipeline.page import end_of, ended, kind_of, problems_of, state_of
from pyca.ui.pipeline.room import pipelines

blueprint = Blueprint("instance", __name__)

_SECONDS = 1.0
"""that a page waits for the first message of an instance"""
_LINES = 50
_MOST_IMAGES = 1000
DONE = {
    "changed": "The parameters were changed.",
    "same": "Nothing was different: the parameters are as they were.",
    "background": "The background was collected.",
}


@blueprint.get("/instance/<name>")
@slow
def show(name: str) -> str | tuple[str, int]:
    """Show what an instance does.

    :raises UnknownNameError: where there is neither an instance nor a saved pipeline of this name
    """
    return _page(name)


@blueprint.post("/instance/<name>/parameters")
@needs(Scope.OPERATE)
@slow
def change(name: str) -> Response | str | tuple[str, int]:
    """Change the parameters of a private instance."""
    try:
        update = forms.update_of(request.form, pipelines().instance_config(name))
        if update:
            pipelines().change(name, update)
    except PycaError as error:
        return _page(name, error, request.form)
    return _back(name, "changed" if update else "same", "parameters")


@blueprint.post("/instance/<name>/background")
@needs(Scope.OPERATE)
@slow
def collect(name: str) -> Response | str | tuple[str, int]:
    """Collect a background of an instance's camera, and use it where that is wanted."""
    try:
        number = _number(request.form.get("n_images", ""))
        config = pipelines().instance_config(name)
        camera = config.get("camera_name")
        if not camera:
            raise ConfigError(["This instance has no camera of which a background could be collected."])
        found = pipelines().collect(str(camera), number)
        if "use" in request.form:
            how = config.get("image_background_enable") or True
            pipelines().change(name, {"image_background": found, "image_background_enable": how})
    except PycaError as error:
        return _page(name, error)
    return _back(name, "background", "background")


@blueprint.post("/instance/<name>/copy")
@needs(Scope.OPERATE)
@slow
def copy(name: str) -> Response | str | tuple[str, int]:
    """Make a private instance with the configuration of this one, and show it."""
    try:
        config = {key: value for key, value in _config(name).items() if key != "name"}
        made = pipelines().create({**config, "read_only": False, "port": None}, None)
    except PycaError as error:
        return _page(name, error)
    return redirect(url_for("instance.show", name=made.id), code=303)


def _page(
    name: str, error: PycaError | None = None, sent: Mapping[str, str] | None = None
) -> str | tuple[str, int]:
    info = pipelines().info()
    running = (info.get("active_instances") or {}).get(name)
    over = ended(info).get(name) if running is None else None
    is_saved = name in pipelines().names()
    config = dict((running or {}).get("config") or _config(name, is_over=over is not None))
    chosen = {key: request.args.get(key, "").strip()[:40] for key in ("colormap", "scale", "fps")}
    values, pulse_id = _newest(name) if running else ({}, None)
    page = render_template(
        "pipeline.html",
        name=name,
        kind=kind_of(config) if config else "",
        running=running,
        state=state_of(running),
        figures=figures(running),
        config=config,
        config_text=(sent or {}).get("json") or forms.as_text(config),
        is_saved=is_saved,
        why=_why_not(running, name, config, is_saved),
        fields=_fields(config, sent),
        forms=forms,
        backgrounds=_backgrounds(config),
        channels=channels,
        texts=channels.texts_of(values),
        pulse_id=pulse_id,
        lines=_lines(name),
        over=over,
        ended=end_of(over) if over else "",
        camera_page=_camera_page(config.get("camera_name")),
        problems=problems_of(error),
        chosen=chosen,
        given={key: value for key, value in chosen.items() if value},
        colors=COLORS,
        scales=SCALES,
        notice=DONE.get(request.args.get("done", ""), ""),
    )
    return page if error is None else (page, code_of(error))


def _config(name: str, *, is_over: bool = False) -> dict[str, Any]:
    """Return the configuration of an instance that does not run.

    :param is_over: True where it has run: then it need not have one any more

    :raises PycaError: where there is none, or it is wrong
    """
    try:
        return dict(pipelines().instance_config(name))
    except UnknownNameError:
        if name in pipelines().names():
            return dict(pipelines().config(name))
        if is_over:
            return {}
        raise


def _newest(name: str) -> tuple[Mapping[str, Any], int | None]:
    try:
        message = pipelines().message(name, _SECONDS)
    except PycaError:
        return {}, None
    return message.values, message.pulse_id


def _why_not(running: Any, name: str, config: Mapping[str, Any], is_saved: bool) -> str:
    """Return why the parameters cannot be changed, empty where they can."""
    if running is None:
        return "It does not run."
    if not running.get("read_only"):
        return ""
    if config.get("read_only"):
        return "Its configuration says that it is read-only."
    if is_saved:
        return f"All who ask for pipeline {name} share it. The saved pipeline can be changed, or a copy."
    return "All who ask for this configuration share it."


def _fields(config: Mapping[str, Any], given: Mapping[str, str] | None) -> Mapping[str, str]:
    fields = forms.values_of(config)
    # Of switches that are off browsers send nothing.
    return fields if given is None or "json" in given else {key: given.get(key, "") for key in fields}


def _backgrounds(config: Mapping[str, Any]) -> list[str]:
    """Return the backgrounds that can be chosen, the newest first."""
    found: list[str] = []
    if camera := config.get("camera_name"):
        with suppress(PycaError):
            found = list(reversed(pipelines().backgrounds(str(camera))))[:_LINES]
    chosen = config.get("image_background")
    return found if not chosen or chosen in found else [str(chosen), *found]


def _lines(name: str) -> list[list[str]]:
    lines: list[list[str]] = []
    with suppress(PycaError):
        lines = pipelines().instance_logs(name)[-_LINES:]
    return lines


def _camera_page(camera: object) -> str:
    """Return the address of the page on which the camera server shows a camera, empty where there is none."""
    server = reachable(context().settings.pipeline.cameras)
    return f"{server}/camera/{quote(str(camera), safe='')}" if camera and server else ""


def _number(text: str) -> int:
    """Return how many images are wanted.

    :raises ConfigError: where that is no number
    """
    if not text.strip().isdecimal() or not 1 <= int(text) <= _MOST_IMAGES:
        raise ConfigError([f"Number of images: expected a whole number from 1 to {_MOST_IMAGES}."])
    return int(text)


def _back(name: str, done: str, part: str) -> Response:
    return redirect(url_for("instance.show", name=name, done=done, _anchor=part), code=303)
