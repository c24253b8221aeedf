"""Figures that only grow, counted in the transaction of what they count: none is lost or doubled."""

import logging
import math
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from pyca.store.database import insert_into
from pyca.store.tables import FigureRow

logger = logging.getLogger(__name__)

_LONGEST_LABEL = 60

Figures = Mapping[tuple[str, str], float]
"""name and label → value"""


class Figure(StrEnum):
    """What is counted."""

    RECORDED_SECONDS = "recorded_seconds"
    LOST_SECONDS = "lost_seconds"
    DELIVERED_SECONDS = "delivered_seconds"
    EVENTS = "events"
    """by result"""
    LATENESS = "start_lateness"
    """starts, by the bucket into which their lateness falls"""
    LATENESS_SUM = "start_lateness_seconds"
    PARTS = "parts"
    RESTARTS = "command_restarts"
    UPLOAD_BYTES = "upload_bytes"
    UPLOAD_FAILURES = "upload_failures"
    """by kind"""
    UPLOAD_RETRIES = "upload_retries"
    ALARMS = "alarms_raised"
    """by kind"""


def add(session: Session, name: str, amount: float = 1.0, label: str = "") -> None:
    """Let a figure grow, whoever else does so at the same time.

    What it belongs to is done in any case: a figure that cannot be stored is left out.

    :param amount: what is no positive number is passed over
    """
    if not 0 < amount < math.inf:
        return
    session.flush()  # a mistake in what it belongs to is not to be taken for one of ours
    connection = session.connection()
    label = label.replace("\0", "")[:_LONGEST_LABEL]
    fresh = insert_into(session, FigureRow).values(name=str(name), label=label, value=float(amount))
    grown = fresh.on_conflict_do_update(
        index_elements=["name", "label"], set_={"value": FigureRow.value + fresh.excluded.value}
    )
    place = connection.begin_nested()
    try:
        connection.execute(grown)
    except DBAPIError as error:
        if error.connection_invalidated:
            raise
        # Where that fails, the whole transaction is gone, and whoever waits for it has to know.
        place.rollback()
        logger.warning("the figure “%s” is not counted: %s", name, error.orig)
    else:
        place.commit()


def read(session: Session) -> Figures:
    """Return all figures."""
    query = select(FigureRow.name, FigureRow.label, FigureRow.value)
    return {(name, label): value for name, label, value in session.execute(query)}
