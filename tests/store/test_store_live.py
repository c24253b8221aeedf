"""What is wanted of the streamer, where to, and what was streamed: on SQLite and on PostgreSQL."""

from dataclasses import replace
from threading import Barrier, Thread

import pytest
from sqlalchemy import text

from pyca.core.errors import UsageError
from pyca.core.live import (
    MAIN,
    Destination,
    LinkReport,
    LinkState,
    LiveReport,
    LiveState,
    LogLine,
    Profile,
    Program,
    Sample,
    Setup,
    Source,
)
from pyca.store import destinations, live, stream_sessions
from pyca.store.database import Database

FIRST = Setup(Profile("720p", 3_000_000), Source("test"))
FIRST_PLACE = Destination(MAIN, "rtmp://a.example/app", "key")


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


def test_what_nobody_has_set_comes_from_the_configuration(database: Database) -> None:
    with database.write() as session:
        assert live.setup(session, FIRST) == FIRST
        assert live.setup(session, FIRST, held=True) == FIRST
        live.change_source(session, Source("screen", hflip=True), 5.0)
    with database.read() as session:
        found = live.setup(session, FIRST)
    assert found == replace(FIRST, source=Source("screen", hflip=True), changed=5.0)


def test_orders_are_numbered_and_kept(database: Database) -> None:
    with database.write() as session:
        assert live.order(session, 1.0, wanted=True) == 1
        assert live.order(session, 2.0, wanted=False) == 2
        live.restart(session, "two", 3.0)
        live.restart(session, "two", 3.0)
        live.blind(session, 4.0, on=True)
        live.share(session, "secret", 5.0)
    with database.read() as session:
        found = live.setup(session, FIRST)
    assert (found.wanted, found.orders, found.stopped) == (False, 2, 2.0)
    assert (found.restarts, found.blind, found.share, found.changed) == ({"two": 2}, True, "secret", 5.0)


def test_two_who_say_start_at_once_get_different_numbers(database: Database) -> None:
    barrier, numbers = Barrier(2), []

    def say() -> None:
        barrier.wait(60)
        with database.write() as session:
            seen = live.setup(session, FIRST, held=True).orders
            numbers.append((seen, live.order(session, 1.0, wanted=True)))

    threads = [Thread(target=say) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(numbers) == [(0, 1), (1, 2)]


def test_a_report_comes_back_as_it_went_in(database: Database) -> None:
    link = LinkReport(
        "main", "Main", LinkState.WAITING, "rtmp://a/********", "away", 5.0, 2**40, next_try=7.0
    )
    told = LiveReport(LiveState.PREPARING, "x", 1, 2.0, 3.0, Program.SLATE, 9.0, links=(link,))
    with database.write() as session:
        assert live.report(session) == LiveReport()
        live.save_report(session, told, 3)
    with database.read() as session:
        assert live.report(session) == told
        assert live.reported_orders(session) == 3


def test_destinations_stay_in_order_and_the_main_one_is_always_there(database: Database) -> None:
    two, three = Destination("2", "rtmp://b/app"), Destination("3", "rtmp://c/app", backup="rtmp://d/app")
    with database.write() as session:
        assert destinations.listed(session, FIRST_PLACE) == [FIRST_PLACE]
        destinations.save(session, three)
        destinations.save(session, two)
        assert destinations.listed(session, FIRST_PLACE) == [FIRST_PLACE, three, two]
        moved = replace(FIRST_PLACE, key="other", wanted=False)
        destinations.save(session, moved)
        assert destinations.listed(session, FIRST_PLACE) == [moved, three, two]
        assert destinations.remove(session, "3")
        assert not destinations.remove(session, "3")
        destinations.remove(session, MAIN)
        assert destinations.listed(session, FIRST_PLACE) == [Destination(MAIN), two]


def test_there_is_an_end_to_destinations(database: Database) -> None:
    with database.write() as session:
        for number in range(destinations.MOST - 1):
            destinations.save(session, Destination(f"d{number}", "rtmp://a/app"))
        with pytest.raises(UsageError, match="remove one"):
            destinations.save(session, Destination("more", "rtmp://a/app"))
        destinations.save(session, Destination(MAIN, "rtmp://a/app"))


def test_a_session_with_its_figures_and_its_log(database: Database) -> None:
    figures = [Sample(5.0, fps=25.0), Sample(5.0, "main", sent=2**33), Sample(9.0, fps=24.0)]
    line = LogLine(6.0, "warning", "the server is away", "main")
    with database.write() as session:
        number = stream_sessions.begin(session, 1.0, Profile(), "test", "e1")
        stream_sessions.add_samples(session, number, figures, 2**33)
        stream_sessions.add_samples(session, number, figures[:1], 2**33)
        stream_sessions.add_lines(session, number, [line])
        stream_sessions.end(session, number, 10.0, "stopped by hand", "none")
    with database.read() as session:
        (one,) = stream_sessions.listed(session)
        assert (one.id, one.uid, one.ended, one.reason, one.sent) == (
            number,
            "e1",
            10.0,
            "stopped by hand",
            2**33,
        )
        assert stream_sessions.samples(session, number) == figures
        assert stream_sessions.samples(session, number, since=6.0) == figures[2:]
        ((at, told),) = stream_sessions.log(session, number)
        assert told == line
        assert stream_sessions.log(session, number, after=at) == []


def test_old_figures_go_and_what_was_left_open_is_ended(database: Database) -> None:
    with database.write() as session:
        number = stream_sessions.begin(session, 1.0, Profile(), "test")
        stream_sessions.add_samples(session, number, [Sample(2.0), Sample(8.0)], 0)
        assert stream_sessions.thin_out(session, 5.0), "there may be more"
        assert not stream_sessions.thin_out(session, 5.0)
        stream_sessions.end_left_open(session, 9.0)
    with database.read() as session:
        assert [one.at for one in stream_sessions.samples(session, number)] == [8.0]
        (one,) = stream_sessions.listed(session)
        assert (one.reason, one.error) == ("interrupted", "the service was killed, or the power was cut")


def test_only_the_latest_sessions_are_kept(database: Database) -> None:
    with database.write() as session:
        first = stream_sessions.begin(session, 0.0, Profile(), "test")
        stream_sessions.add_samples(session, first, [Sample(1.0)], 0)
        for number in range(stream_sessions.KEPT):
            stream_sessions.begin(session, float(number), Profile(), "test")
        while stream_sessions.thin_out(session, 0.0):
            pass
    with database.read() as session:
        assert stream_sessions.get(session, first) is None
        assert stream_sessions.samples(session, first) == []
        assert len(stream_sessions.listed(session, limit=500)) == stream_sessions.KEPT


def test_old_figures_go_in_pieces(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_sessions, "PIECE", 10)
    with database.write() as session:
        number = stream_sessions.begin(session, 0.0, Profile(), "test")
        stream_sessions.add_samples(session, number, [Sample(float(at)) for at in range(25)], 0)
    left = []
    with database.write() as session:
        while stream_sessions.thin_out(session, 22.0):
            left.append(len(stream_sessions.samples(session, number)))
    assert left == [15, 5, 3], "no more than ten at once"


def test_a_log_keeps_its_newest_lines(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_sessions, "KEPT_LINES", 5)
    with database.write() as session:
        number = stream_sessions.begin(session, 1.0, Profile(), "test")
        other = stream_sessions.begin(session, 2.0, Profile(), "test")
        stream_sessions.add_lines(session, other, [LogLine(0.0, "info", "of another")])
        for at in range(12):
            stream_sessions.add_lines(session, number, [LogLine(float(at), "info", str(at))])
        newest = stream_sessions.latest_lines(session, number, limit=2)
        older = stream_sessions.latest_lines(session, number, limit=9, before=newest[0][0])
        assert len(stream_sessions.log(session, other)) == 1
    assert [line.text for _, line in (*older, *newest)] == ["7", "8", "9", "10", "11"]


def test_what_a_graph_asks_for_is_found_by_an_index(database: Database) -> None:
    with database.read() as session:
        plan = text("EXPLAIN QUERY PLAN SELECT * FROM sample WHERE session = 1 AND at >= 2 ORDER BY at")
        if database.is_sqlite:
            assert "sample_session_at" in str(session.execute(plan).all())
