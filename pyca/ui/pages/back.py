"""Where one gets after an action: the page that one came from, out of a fixed set."""

from collections.abc import Mapping
from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

NOTICES = {
    "record": "The recording begins now. It appears here within a few seconds.",
    "stop": "The recording is being stopped. Its files are closed, then it is delivered as usual: "
    "you can follow that under “Latest recordings”.",
    "extend": "The recording will go on for longer.",
    "retry": "The upload is tried again now.",
    "resolve": "The recording counts as delivered.",
    "pause": "The upload is paused. The files stay here until you let it go on.",
    "resume": "The upload goes on.",
    "delete": "The recording is deleted.",
    "forget": "The recording is forgotten, but files of it stay. The log names them and says why.",
}
"""What is said after an action; the address only names one of them, so that nobody can put words here."""

PLACES = {"now": "now.show", "recordings": "recordings.show", "recording": "recordings.one"}
"""The pages that somebody may come from. Forms name one of them; an address is never followed."""


def page_of(values: Mapping[str, str], uid: str, **more: Any) -> str:
    """Return the address of the page that a request says it comes from; otherwise the first screen.

    :param uid: the recording that the request is about
    """
    endpoint = PLACES.get(values.get("back", ""), "now.show")
    named: dict[str, Any] = {"uid": uid} if endpoint == "recordings.one" else {}
    return url_for(endpoint, **named, **more)


def go_back(values: Mapping[str, str], uid: str, done: str) -> Response:
    """Return to the page that a request says it comes from.

    :param done: the action, a key of the notices
    """
    return redirect(page_of(values, uid, done=done), code=303)
