"""The list of recordings: one page of it, filtered by state and title."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.exceptions import BadRequest

from pyca.core.states import EventState
from pyca.store import recording_pages, recordings, uploads
from pyca.store.recording_pages import Place
from pyca.ui.context import Context
from pyca.ui.view.digest import digest
from pyca.ui.view.overview import Past, past

SIZE = 25
"""Recordings on a page."""
LONGEST_SEARCH = 200
"""Characters of a title that is looked for; databases refuse very long ones."""

S = EventState


@dataclass(frozen=True)
class Group:
    """States that are looked at together."""

    label: str
    states: tuple[EventState, ...]
    empty: str
    """what is said where there is none"""


TROUBLED = (S.FAILED_RECORDING, S.PARTIAL_RECORDING, S.FAILED_UPLOADING)

GROUPS: Mapping[str, Group] = {
    "troubled": Group("In trouble", TROUBLED, "No recording needs your attention."),
    "": Group("All", (), "Nothing has been recorded yet. Recordings appear here as soon as they begin."),
    "recording": Group("Recording", (S.RECORDING,), "Nothing is being recorded now."),
    "waiting": Group(
        "Waiting",
        (S.FINISHED_RECORDING, S.PARTIAL_RECORDING, S.PAUSED_AFTER_RECORDING),
        "No recording waits to be delivered.",
    ),
    "uploading": Group("Uploading", (S.UPLOADING,), "Nothing is being delivered now."),
    "delivered": Group("Delivered", (S.FINISHED_UPLOADING,), "Nothing has been delivered yet."),
    "failed": Group("Upload failed", (S.FAILED_UPLOADING,), "No delivery has failed."),
    "missed": Group("Not recorded", (S.FAILED_RECORDING,), "Nothing was missed."),
}
"""The filters in the order in which they are shown; the names stand in addresses."""


@dataclass(frozen=True)
class Filter:
    """What the address asks for."""

    state: str = ""
    title: str = ""
    older: Place | None = None
    newer: Place | None = None

    @property
    def group(self) -> Group:
        """The states that are wanted."""
        return GROUPS[self.state]

    def address(self, **changes: str) -> dict[str, Any]:
        """Return the parameters of the address of a list like this one.

        :param changes: what is different there
        """
        return {
            name: text
            for name, text in ({"state": self.state, "title": self.title} | changes).items()
            if text
        }


@dataclass(frozen=True)
class Listing:
    """A page of the list."""

    now: float
    items: tuple[Past, ...]
    newer: str
    """where the page before begins, empty where this is the first"""
    older: str
    troubled: int
    """how many recordings are in trouble altogether"""

    @property
    def tag(self) -> str:
        """A digest of what is visible; it changes at least every minute."""
        return digest(replace(self, now=self.now // 60))


def read_filter(values: Mapping[str, str]) -> Filter:
    """Return what an address asks for; what makes no sense is left out.

    :raises BadRequest: where the title is too long to be looked for
    """
    state = values.get("state", "")
    title = values.get("title", "").replace("\0", "").strip()
    if len(title) > LONGEST_SEARCH:
        raise BadRequest(f"A search for a title has at most {LONGEST_SEARCH} characters.")
    return Filter(
        state if state in GROUPS else "",
        title,
        _place(values.get("older", "")),
        _place(values.get("newer", "")),
    )


def gather(context: Context, wanted: Filter) -> Listing:
    """Look at one page of recordings.

    :raises StoreError: where the database cannot be read
    """
    with context.database.read() as session:
        found = recording_pages.page(
            session,
            states=wanted.group.states,
            title=wanted.title,
            older=wanted.older,
            newer=wanted.newer,
            size=SIZE,
        )
        shown = recordings.many(session, found.uids)
        deliveries = uploads.many(session, list(found.uids))
        troubled = recording_pages.count(session, TROUBLED)
    return Listing(
        context.clock.now(),
        tuple(past(one, deliveries) for one in shown),
        _text(found.newer),
        _text(found.older),
        troubled,
    )


def _text(place: Place | None) -> str:
    """Return a place in the list as addresses name it."""
    return f"{place.start!r}~{place.uid}" if place else ""


def _place(text: str) -> Place | None:
    start, _, uid = text.replace("\0", "").partition("~")
    try:
        return Place(float(start), uid)
    except ValueError:
        return None
