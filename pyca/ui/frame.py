"""What stands around every page: the navigation, the time zone, links to pages that one may open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Flask, current_app, g, request, url_for

from pyca.ui.access.rights import Visitor, needed
from pyca.ui.context import context
from pyca.ui.view.days import local


@dataclass(frozen=True)
class Entry:
    """One word of the navigation."""

    endpoint: str
    label: str
    icon: str


ENTRIES = (
    Entry("now.show", "Now", "camera"),
    Entry("live.show", "Live", "antenna"),
    Entry("schedule.show", "Schedule", "calendar"),
    Entry("recordings.show", "Recordings", "film"),
    Entry("system.show", "System", "gauge"),
)
"""The navigation, in its order; pages that somebody may not open are left out for them."""


@dataclass(frozen=True)
class Link:
    """An entry as it is shown."""

    label: str
    icon: str
    address: str
    current: str
    """value of ``aria-current``: “page” on the page itself, “true” below it, else empty"""


def register(app: Flask) -> None:
    """Let every template of an application know the frame."""
    app.context_processor(_known)


def may_open(endpoint: str) -> bool:
    """Tell whether whoever asks may look at a page."""
    view = current_app.view_functions.get(endpoint)
    if view is None:
        return False  # The streamer's own application has few pages.
    scope = needed(view, "GET")
    who: Visitor | None = g.get("visitor")
    return scope is None or (who is not None and who.scope.covers(scope))


def navigation(entries: Sequence[Entry] = ENTRIES) -> tuple[Link, ...]:
    """Return the navigation as whoever asks may use it."""
    return tuple(
        Link(one.label, one.icon, url_for(one.endpoint), _current(one.endpoint))
        for one in entries
        if may_open(one.endpoint)
    )


def zone_name() -> str:
    """Return the name of the zone in which times are shown."""
    here = context()
    if here.settings.agent.timezone:
        return here.settings.agent.timezone
    return local(here.clock.now(), here.zone).tzname() or "UTC"


def zone_offset() -> int:
    """Return the seconds that the agent's clocks are ahead of UTC now."""
    here = context()
    offset = local(here.clock.now(), here.zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _current(endpoint: str) -> str:
    if request.endpoint == endpoint:
        return "page"
    # Pages below it may be rooms of their own: “live_sessions” belongs to “live”.
    room = (request.blueprint or "").partition("_")[0]
    return "true" if room == endpoint.partition(".")[0] else ""


def _known() -> dict[str, Any]:
    # A stranger learns neither what pages there are nor where the box stands.
    if g.get("visitor") is None:
        return {"navigation": (), "may_open": lambda endpoint: False, "zone_name": "", "zone_offset": 0}
    return {
        "navigation": navigation(),
        "may_open": may_open,
        "zone_name": zone_name(),
        "zone_offset": zone_offset(),
    }
