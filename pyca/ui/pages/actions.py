"""Deliver again, hold back, call it delivered, delete. A page asks in words first, for want of a script."""

from collections.abc import Callable, Mapping

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.access import Scope
from pyca.core.errors import UsageError
from pyca.core.states import EventState
from pyca.ingest import operator
from pyca.ingest.deletion import delete as delete_recording
from pyca.ui.access.rights import needs
from pyca.ui.context import context
from pyca.ui.pages.back import go_back, page_of
from pyca.ui.pages.forms import uid_of
from pyca.ui.view.overview import Past
from pyca.ui.view.recording import Detail, gather

blueprint = Blueprint("actions", __name__)


@blueprint.get("/retry")
@needs(Scope.OPERATE)
def ask_retry() -> str:
    """Ask whether a failed upload shall be tried again."""
    return _ask("retry.html", _failed(request.args))


@blueprint.post("/retry")
def retry() -> Response:
    """Try a failed upload again."""
    item = _failed(request.form)
    operator.retry(context().database, context().clock, item.recording.uid)
    return go_back(request.form, item.recording.uid, "retry")


@blueprint.get("/resolve")
@needs(Scope.OPERATE)
def ask_resolve() -> str:
    """Ask whether the server has a recording whose upload ended unclear."""
    return _ask("resolve.html", _unclear(request.args))


@blueprint.post("/resolve")
def resolve() -> Response:
    """Take somebody's word on whether the server has a recording whose upload ended unclear."""
    item = _unclear(request.form)
    delivered = request.form.get("missing") is None
    operator.resolve(context().database, context().clock, item.recording.uid, delivered=delivered)
    return go_back(request.form, item.recording.uid, "resolve" if delivered else "retry")


@blueprint.get("/pause")
@needs(Scope.OPERATE)
def ask_pause() -> str:
    """Ask whether the delivery shall be held back."""
    return _ask("pause.html", _that(request.args, lambda view: view.may_pause, "cannot be held back now"))


@blueprint.post("/pause")
def pause() -> Response:
    """Hold the delivery back."""
    item = _that(request.form, lambda view: view.may_pause, "cannot be held back now")
    operator.pause(context().database, context().clock, item.recording.uid)
    return go_back(request.form, item.recording.uid, "pause")


@blueprint.post("/resume")
def resume() -> Response:
    """Let a delivery go on that was held back."""
    item = _that(request.form, lambda view: view.may_resume, "is not held back")
    operator.retry(context().database, context().clock, item.recording.uid)
    return go_back(request.form, item.recording.uid, "resume")


@blueprint.get("/delete")
@needs(Scope.ADMIN)
def ask_delete() -> str:
    """Ask whether a recording shall be deleted with its files."""
    return _ask("delete.html", _that(request.args, lambda view: view.may_delete, "is in use now"))


@blueprint.post("/delete")
@needs(Scope.ADMIN)
def delete() -> Response:
    """Delete a recording with its files."""
    here = context()
    item = _that(request.form, lambda view: view.may_delete, "is in use now")
    delivered = item.recording.state is EventState.FINISHED_UPLOADING or item.files_gone
    if not delivered and request.form.get("sure") != "yes":
        raise UsageError(
            f"“{item.recording.event.title}” was not delivered, and nobody said that it may be lost.",
            "open the page again and tick that it may be lost",
        )
    stays = delete_recording(here.database, here.settings, here.clock, item.recording.uid, files=True)
    # Its own page is gone with it.
    back = "recordings" if request.form.get("back") == "recording" else request.form.get("back", "")
    return go_back({"back": back}, item.recording.uid, "forget" if stays else "delete")


def _ask(template: str, item: Past) -> str:
    here = context()
    return render_template(
        template,
        item=item,
        recording=item.recording,
        upload=item.upload,
        now=here.clock.now(),
        settings=here.settings,
        came_from=request.args.get("back", ""),
        back=page_of(request.args, item.recording.uid),
    )


def _failed(values: Mapping[str, str]) -> Past:
    """Return the recording whose upload failed.

    :raises UsageError: where there is nothing to try again
    """
    return _that(values, lambda view: view.item.may_retry, "has not failed to be uploaded")


def _unclear(values: Mapping[str, str]) -> Past:
    """Return the recording whose upload ended unclear.

    :raises UsageError: where the end is clear
    """
    return _that(values, lambda view: view.item.may_retry and view.item.ambiguous, "has no unclear upload")


def _that(values: Mapping[str, str], may: Callable[[Detail], bool], refusal: str) -> Past:
    """Return the recording that a request names.

    :param may: whether what is asked for can be done with it
    :param refusal: what is said otherwise, after its title
    :raises UsageError: where it cannot
    """
    view = gather(context(), uid_of(values))
    if view is None:
        raise NotFound("There is no such recording; it was deleted.")
    title = view.item.recording.event.title
    if view.item.files_gone and not may(view):
        raise UsageError(f"The files of “{title}” were deleted from this machine.")
    if not may(view):
        raise UsageError(f"“{title}” {refusal}.", "open the page again: something has changed since")
    return view.item
