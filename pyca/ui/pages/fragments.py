"""The part of a page that changes, for the script that keeps it fresh."""

from collections.abc import Callable

from flask import current_app, request
from werkzeug.wrappers import Response

from pyca.ui.access.rights import visitor
from pyca.ui.view.digest import digest


def answer_fragment(tag: str, render: Callable[[], str]) -> Response:
    """Return a fragment, or 304 where the browser shows it already.

    :param tag: digest of what it shows; who looks is added, as buttons and forms depend on that
    """
    who = visitor()
    # After another login the forms that are shown already would be refused.
    whole = f"{tag}-{who.scope}-{digest(who.form_token)}"
    response = current_app.make_response("")
    response.set_etag(whole)
    response.headers["Cache-Control"] = "private, no-cache"
    if request.if_none_match.contains(whole):
        response.status_code = 304
        return response
    response.set_data(render())
    return response
