"""Back to the page about the stream after an action, with a word about it."""

from flask import redirect, url_for
from werkzeug.wrappers import Response

NOTICES = {
    "start": "The stream begins. It says “On air” here once a destination takes it.",
    "stop": "The stream is being stopped.",
    "blind": "Viewers see the standby picture and hear nothing now. A recording is left alone.",
    "unblind": "Viewers see and hear the input again.",
    "add": "The destination is added.",
    "change": "The destination is changed.",
    "key-lost": "The destination is changed. Its key was forgotten: it was for another server.",
    "remove": "The destination is removed.",
    "start-one": "The destination is started.",
    "stop-one": "The destination is stopped. The others are left alone.",
    "restart-one": "The destination is connected anew. The others are left alone.",
    "parameters": "Saved. What goes out changes within seconds.",
    "share": "Everybody who has the address can watch now.",
    "renew": "There is a new address. The old one does not work any more.",
    "unshare": "The address does not work any more.",
}
"""What is said after an action; the address only names one of them, so that nobody can put words here."""


def back_to_live(done: str) -> Response:
    """Return to the page.

    :param done: the action, a key of the notices
    """
    return redirect(url_for("live.show", done=done), code=303)
