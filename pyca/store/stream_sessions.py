"""What was streamed: sessions, their figures and their log."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session as Transaction

from pyca.core.live import LogLine, Profile, Sample, Session
from pyca.store.database import affected, insert_into
from pyca.store.live import made
from pyca.store.live_tables import LogRow, SampleRow, StreamSessionRow

KEPT = 100
"""Sessions that are remembered; the oldest go first."""
_CUT_OFF = "the service was killed, or the power was cut"
LONGEST_LOG = 2000
"""Lines of one session that are read at once."""
KEPT_LINES = 5000
"""Lines of one session that are remembered; the oldest go first."""
PIECE = 2000
"""Rows that are deleted at once: nobody else can write meanwhile."""


def begin(transaction: Transaction, started: float, profile: Profile, source: str, uid: str = "") -> int:
    """Note that a session begins and return its number.

    :param source: the input, masked
    """
    row = StreamSessionRow(started=started, profile=asdict(profile), input=source, uid=uid)
    transaction.add(row)
    transaction.flush()
    return row.id


def end(transaction: Transaction, number: int, ended: float, reason: str, error: str = "") -> None:
    """Note that a session is over."""
    change = update(StreamSessionRow).where(StreamSessionRow.id == number)
    transaction.execute(change.values(ended=ended, reason=reason, error=error))


def end_left_open(transaction: Transaction, now: float) -> None:
    """End the sessions of a service that could not: it was killed, or the power was cut."""
    open_ones = update(StreamSessionRow).where(StreamSessionRow.ended.is_(None))
    transaction.execute(open_ones.values(ended=now, reason="interrupted", error=_CUT_OFF))


def add_samples(transaction: Transaction, number: int, samples: Sequence[Sample], sent: int) -> None:
    """Store figures.

    :param sent: bytes of the session so far
    """
    if samples:
        # A clock that was set back may show the same moment twice.
        fresh = insert_into(transaction, SampleRow).on_conflict_do_nothing()
        transaction.execute(fresh, [{"session": number, **asdict(one)} for one in samples])
    change = update(StreamSessionRow).where(StreamSessionRow.id == number)
    transaction.execute(change.values(sent=sent))


def add_lines(transaction: Transaction, number: int, lines: Iterable[LogLine]) -> None:
    """Store what happened. The oldest lines go where there are too many."""
    rows = [{"session": number, **asdict(one)} for one in lines]
    if rows:
        transaction.execute(insert(LogRow), rows)
        of_session = select(LogRow.id).where(LogRow.session == number).order_by(LogRow.id.desc())
        last = transaction.scalar(of_session.offset(KEPT_LINES).limit(1))
        if last is not None:
            transaction.execute(delete(LogRow).where(LogRow.session == number, LogRow.id <= last))


def listed(transaction: Transaction, *, limit: int = 20, before: int | None = None) -> list[Session]:
    """Return the latest sessions, newest first.

    :param before: only those with a lower number
    """
    query = select(StreamSessionRow).order_by(StreamSessionRow.id.desc()).limit(limit)
    if before is not None:
        query = query.where(StreamSessionRow.id < before)
    return [_session(row) for row in transaction.scalars(query)]


def get(transaction: Transaction, number: int) -> Session | None:
    """Return one session."""
    row = transaction.get(StreamSessionRow, number)
    return _session(row) if row else None


def samples(
    transaction: Transaction,
    number: int,
    *,
    since: float = 0.0,
    until: float | None = None,
    limit: int = 5000,
) -> list[Sample]:
    """Return figures of a session in the order of their moments.

    :param since: seconds since 1970 UTC; what is older is left out
    """
    query = select(SampleRow).where(SampleRow.session == number, SampleRow.at >= since)
    if until is not None:
        query = query.where(SampleRow.at < until)
    rows = transaction.scalars(query.order_by(SampleRow.at, SampleRow.destination).limit(limit))
    return [
        Sample(r.at, r.destination, r.fps, r.bitrate, r.dropped, r.sent, r.reconnects, r.cpu) for r in rows
    ]


def log(transaction: Transaction, number: int, *, after: int = 0) -> list[tuple[int, LogLine]]:
    """Return the log of a session with the numbers of its lines, oldest first.

    :param after: only lines with a higher number
    """
    query = select(LogRow).where(LogRow.session == number, LogRow.id > after)
    rows = transaction.scalars(query.order_by(LogRow.id).limit(LONGEST_LOG))
    return [(row.id, LogLine(row.at, row.level, row.text, row.destination)) for row in rows]


def latest_lines(
    transaction: Transaction, number: int, *, limit: int, before: int | None = None
) -> list[tuple[int, LogLine]]:
    """Return the newest lines of a session's log with their numbers, oldest first.

    :param before: only lines with a lower number
    """
    query = select(LogRow).where(LogRow.session == number)
    if before is not None:
        query = query.where(LogRow.id < before)
    rows = transaction.scalars(query.order_by(LogRow.id.desc()).limit(limit)).all()
    return [(row.id, LogLine(row.at, row.level, row.text, row.destination)) for row in reversed(rows)]


def thin_out(transaction: Transaction, before: float) -> bool:
    """Forget a piece of what is too old: figures of old moments, and all of the oldest sessions.

    :return: True where there is more, which belongs into the next transaction
    """
    old = select(StreamSessionRow.id).order_by(StreamSessionRow.id.desc()).offset(KEPT)
    forgotten = set(transaction.scalars(old))
    with_old = select(StreamSessionRow.id).where(StreamSessionRow.started < before)
    for number in sorted(forgotten | set(transaction.scalars(with_old))):
        # A row-value list would be slow: a moment has few rows, and there is an index of moments.
        goes = SampleRow.session == number
        if number not in forgotten:
            goes &= SampleRow.at < before
        moments = select(SampleRow.at).where(goes).order_by(SampleRow.at)
        last = transaction.scalar(moments.offset(PIECE - 1).limit(1))
        if last is not None:
            goes &= SampleRow.at <= last
        if affected(transaction, delete(SampleRow).where(goes)):
            return True
        if number in forgotten:
            # Its log is no longer than what may be deleted at once.
            transaction.execute(delete(StreamSessionRow).where(StreamSessionRow.id == number))
            return True
    return False


def _session(row: StreamSessionRow) -> Session:
    profile = made(Profile, row.profile, Profile())
    return Session(
        row.id, row.started, row.ended, row.reason, row.error, profile, row.input, row.uid, row.sent
    )
