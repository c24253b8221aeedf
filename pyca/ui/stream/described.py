"""Events as the API tells them, found by their ids."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.orm import Session

from pyca.store import event_pages
from pyca.ui.api.resources import event_of


def describe(session: Session, uids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the resources of events; those that are gone are missing."""
    found = ((uid, event_pages.one(session, uid)) for uid in uids)
    return {uid: event_of(one) for uid, one in found if one is not None}
