"""Deliver again, or call it delivered. A page asks in words first, so that all works without a script."""

from collections.abc import Mapping

from flask import Blueprint, render_template, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from pyca.core.errors import UsageError
from pyca.ingest import operator
from pyca.store import recordings, uploads
from pyca.ui.context import context
from pyca.ui.pages.forms import done, uid_of
from pyca.ui.view.overview import Past, past

blueprint = Blueprint("actions", __name__)


@blueprint.get("/retry")
def ask_retry() -> str:
    """Ask whether a failed upload shall be tried again."""
    return render_template("retry.html", item=_failed(request.args), now=context().clock.now())


@blueprint.post("/retry")
def retry() -> Response:
    """Try a failed upload again."""
    item = _failed(request.form)
    operator.retry(context().database, context().clock, item.recording.uid)
    return done("retry")


@blueprint.post("/resolve")
def resolve() -> Response:
    """Take somebody's word that the server has a recording whose upload ended unclear."""
    item = _failed(request.form)
    operator.resolve(context().database, context().clock, item.recording.uid, delivered=True)
    return done("resolve")


def _failed(values: Mapping[str, str]) -> Past:
    """Return the recording whose upload failed.

    :raises UsageError: where there is nothing to try again
    """
    uid = uid_of(values)
    with context().database.read() as session:
        found = recordings.get(session, uid)
        deliveries = uploads.many(session, [uid])
    if found is None:
        raise NotFound
    item = past(found, deliveries)
    if item.files_gone:
        raise UsageError(f"The files of “{found.event.title}” were deleted from this machine.")
    if not item.may_retry:
        raise UsageError(f"The upload of “{found.event.title}” has not failed.")
    return item
