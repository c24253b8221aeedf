"""The figures of a session for a graph: as many as can be seen, however long the session was."""

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session as Transaction

from pyca.core.live import Sample
from pyca.store.live_tables import SampleRow as Row


def figures(
    transaction: Transaction, number: int, *, since: float, until: float, step: float
) -> list[Sample]:
    """Return figures of a session, one of each destination for each step, in the order of their moments.

    Rates are means of a step; what counts up is what was reached in it.

    :param number: of the session
    :param step: seconds
    """
    which = cast(Row.at / step, Integer)
    moment = func.max(Row.at)
    query = (
        select(
            moment,
            Row.destination,
            func.avg(Row.fps),
            func.avg(Row.bitrate),
            func.max(Row.dropped),
            func.max(Row.sent),
            func.max(Row.reconnects),
            func.avg(Row.cpu),
        )
        .where(Row.session == number, Row.at >= since, Row.at <= until)
        .group_by(Row.destination, which)
        .order_by(moment, Row.destination)
    )
    return [Sample(*row) for row in transaction.execute(query)]
