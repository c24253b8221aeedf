"""``/live/player`` for those who may look at this agent, ``/watch/<token>`` for all who have the address."""

from flask import Blueprint, render_template, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.utils import send_file
from werkzeug.wrappers import Response

from pyca.core.errors import UsageError
from pyca.ui.access.headers import HEADERS
from pyca.ui.access.rights import public
from pyca.ui.context import context
from pyca.ui.view.hls import LIST, mimetype, open_piece, read_list
from pyca.ui.view.sharing import is_same

blueprint = Blueprint("live_watch", __name__)

POLICY = HEADERS["Content-Security-Policy"].replace("media-src 'self'", "media-src 'self' blob:")
"""A script that puts a stream together hands it to the player as a blob."""


@blueprint.get("/live/player")
def player() -> Response:
    """Show the player in the frame of all pages."""
    if not context().settings.live.hls:
        raise UsageError("There is no player page.", "switch on [live] hls in the configuration")
    return _page("watch.html", url_for("live_watch.file", name=LIST))


@blueprint.get("/live/hls/<name>")
def file(name: str) -> Response:
    """Return a file of the player."""
    return _file(name)


@blueprint.get("/watch/<token>")
@public
def shared(token: str) -> Response:
    """Show the player and nothing else, as long as the address is shared."""
    if not _is_shared(token):
        return _nothing()
    return _page("watch_shared.html", url_for("live_watch.shared_file", token=token, name=LIST))


@blueprint.get("/watch/<token>/<name>")
@public
def shared_file(token: str, name: str) -> Response:
    """Return a file of the player, as long as the address is shared."""
    if not _is_shared(token):
        return _nothing()
    try:
        return _file(name)
    except NotFound:
        return _nothing()


def _page(template: str, source: str) -> Response:
    response = Response(render_template(template, source=source), mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _file(name: str) -> Response:
    settings, now = context().settings, context().clock.now()
    folder = settings.live.directory / "hls"
    if not settings.live.hls or not mimetype(name):
        raise NotFound
    if name == LIST:
        content = read_list(folder, now)
        # That nothing is on air is an answer and no mistake; whoever waits asks every few seconds.
        response = Response(content, 200 if content else 204, mimetype=mimetype(name))
        response.headers["Cache-Control"] = "no-store"
        return response
    piece = open_piece(folder, name, now)
    if piece is None:
        raise NotFound("This part of the stream is over.")
    sent = send_file(piece.file, request.environ, mimetype=piece.mimetype, conditional=False)
    sent.content_length = piece.size
    # No two parts ever have the same name.
    sent.headers["Cache-Control"] = "private, max-age=60, immutable"
    return sent


def _is_shared(token: str) -> bool:
    here = context()
    now = here.clock.monotonic()
    secret = here.shared.known(now)
    if secret is None:
        with here.database.read() as session:
            secret = here.shared.read(session, here.settings, now)
    return here.settings.live.hls and is_same(secret, token)


def _nothing() -> Response:
    """Say that there is nothing, and not whether there ever was."""
    page = render_template("watch_nothing.html")
    return Response(page, 404, mimetype="text/html", headers={"X-Robots-Tag": "noindex, nofollow"})
