"""The server's threads, and what may hold some of them for long: here it is added up."""

from pyca.ui.access.passwords import QUEUE
from pyca.ui.pages.tracks import COPIES, DOWNLOADS
from pyca.ui.stream.feed import LISTENERS

THREADS = 16
"""Of one process. ``etc/gunicorn.conf.py`` has as many."""
LOG_COMMANDS = 1
"""Requests that wait for the log command as long as that takes."""

HELD = {
    "streams of changes": LISTENERS,
    "copies for players": COPIES,
    "downloads": DOWNLOADS,
    "passwords that are hashed or wait for it": QUEUE,
    "the log command": LOG_COMMANDS,
}
"""What holds threads for long → how many at most. The others answer all that takes no time."""
