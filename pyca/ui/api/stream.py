"""``/api/stream``: what changes, as server-sent events."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import cast

from flask import Blueprint, Flask, Response, current_app, request
from flask.blueprints import BlueprintSetupState

from pyca.core.clock import Clock
from pyca.ui.api.errors import Problem, answer_problems
from pyca.ui.context import context, of_app
from pyca.ui.stream.described import describe
from pyca.ui.stream.feed import Beginning, Feed, Message

blueprint = Blueprint("api_stream", __name__, url_prefix="/api")

LONGEST = 300.0
"""Seconds after which a stream ends; whoever still listens connects anew, and is asked again who it is."""
BEAT = 15.0
"""Seconds between signs of life, which keep proxies from hanging up."""
RETRY = 3000
"""Milliseconds after which a listener connects anew."""
_SLICE = 1.0
"""seconds between two looks at whether somebody still listens"""
_KEY = "pyca.feed"
_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,15})")


@blueprint.record
def _attach(state: BlueprintSetupState) -> None:
    here = of_app(cast(Flask, state.app))
    state.app.extensions[_KEY] = Feed(here.database, here.clock, describe)


def feed_of(app: Flask) -> Feed:
    """Return what tells the listeners of an application; the server says when it has to end."""
    found: Feed = app.extensions[_KEY]
    return found


@blueprint.get("/stream")
def stream() -> Response:
    """Tell at first what is, then what changes.

    :raises StoreError: where the database cannot be read
    """
    here, feed = context(), feed_of(current_app)
    if request.method == "HEAD":
        return _response(())
    if not request.environ.get("wsgi.multithread"):
        return _refuse("This server has no threads to spare; ask /api/events again from time to time.")
    known = _known(feed, request.headers.get("Last-Event-ID", ""))
    place = feed.join()
    if place is None:
        return _refuse("As many listen already as this server allows. Close other pages, or try again later.")
    try:
        begin = feed.begin(known)
    except BaseException:
        feed.leave(place)
        raise
    gone: Callable[[], bool] = request.environ.get("waitress.client_disconnected", lambda: False)
    response = _response(_tell(feed, begin, here.clock, gone))
    response.call_on_close(lambda: feed.leave(place))
    return response


def _tell(feed: Feed, begin: Beginning, clock: Clock, gone: Callable[[], bool]) -> Iterator[str]:
    """Yield the stream until its time is over, the server stops or nobody listens any more."""
    first = [Message(begin.last, "snapshot", begin.snapshot)] if begin.snapshot else begin.missed
    number, end = begin.last, clock.monotonic() + LONGEST
    beat = clock.monotonic() + BEAT
    yield f"retry: {RETRY}\n\n" + _format(feed, first)
    while clock.monotonic() < end and not (feed.ended() or gone()):
        fresh = feed.wait(number, _SLICE)
        if fresh is None:
            return  # somebody who reads too slowly begins anew, with a snapshot
        if fresh:
            number = fresh[-1].number
            yield _format(feed, fresh)
        elif clock.monotonic() >= beat:
            beat = clock.monotonic() + BEAT
            yield ": still here\n\n"


def _format(feed: Feed, messages: Iterable[Message]) -> str:
    return "".join(
        f"id: {feed.name}-{one.number}\nevent: {one.name}\ndata: {one.text}\n\n" for one in messages
    )


def _known(feed: Feed, header: str) -> int | None:
    """Return the number of the last message that somebody has received from this process."""
    found = _ID.fullmatch(header)
    return int(found[2]) if found and found[1] == feed.name else None


def _response(chunks: Iterable[str]) -> Response:
    response = Response(chunks, mimetype="text/event-stream")
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Accel-Buffering"] = "no"
    return response


def _refuse(detail: str) -> Response:
    response = answer_problems((Problem(503, "No stream now", detail),))
    response.headers["Retry-After"] = "30"
    return response
