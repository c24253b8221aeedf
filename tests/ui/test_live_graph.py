"""Curves and their words."""

import pytest
from sqlalchemy.orm import Session as Transaction

from pyca.core.live import Profile, Sample
from pyca.store import stream_figures, stream_sessions
from pyca.store.database import Database
from pyca.ui.view.live_figures import LongFigures, gather_health
from pyca.ui.view.live_graph import HEIGHT, POINTS, WIDTH, health, step_of
from pyca.ui.view.live_words import bit_rate


def test_a_hole_in_the_figures_is_a_hole_in_the_curve() -> None:
    samples = [Sample(at, "", 25.0, 1_000_000.0) for at in (0, 5, 10, 100, 105)]
    rate = health(samples, {}, 0, 110).graphs[0].curves[0]
    assert rate.path.count("M") == 2 and rate.path.count("L") == 3


def test_curves_stay_on_their_canvas() -> None:
    samples = [Sample(at, "", 25.0, 1e6 * at, at) for at in range(0, 100, 5)]
    for graph in health(samples, {}, 0, 95).graphs:
        numbers = graph.curves[0].path.replace("M", " ").replace("L", " ").split()
        assert all(0 <= float(x) <= WIDTH for x in numbers[::2])
        assert all(0 <= float(y) <= HEIGHT for y in numbers[1::2])


def test_no_figures_are_told_as_such() -> None:
    found = health([], {}, 0, 0)
    assert [graph.words for graph in found.graphs] == ["nothing measured yet"] * 3
    assert found.rows == ()
    assert health([Sample(1.0)], {}, 1.0, 1.0).graphs[0].curves[0].path.endswith("h0.1")


def test_dropped_frames_are_counted_from_moment_to_moment() -> None:
    samples = [Sample(at, "far", dropped=count) for at, count in ((0, 0), (5, 4), (10, 4), (15, 1))]
    graph = health(samples, {"far": "Far"}, 0, 15).graphs[2]
    assert graph.words == "Far: 5 in this time", "a count that falls has begun anew"


def test_the_table_says_the_same() -> None:
    samples = [Sample(at, place, 25.0, 1e6, 3) for at in range(0, 600, 5) for place in ("", "far")]
    found = health(samples, {"far": "Far"}, 0, 600)
    assert found.columns == ("Bitrate", "Frames per second", "Dropped", "Far")
    assert found.rows[-1].cells == ("1.0 Mbit/s", "25.0", "6", "1.0 Mbit/s")
    assert len(found.rows) == 12 and found.rows[-1].at == 595


def test_a_long_session_takes_no_more_points_than_can_be_seen(database: Database) -> None:
    length = 36_000
    with database.write() as session:
        number = stream_sessions.begin(session, 1000.0, Profile(), "test")
        samples = [Sample(1000.0 + at, "", 25.0, 1e6, at) for at in range(0, length, 5)]
        stream_sessions.add_samples(session, number, samples, 1)
        stream_sessions.end(session, number, 1000.0 + length, "stopped")
    with database.read() as session:
        until = 1000.0 + length
        found = stream_figures.figures(session, number, since=1000.0, until=until, step=step_of(length))
        assert POINTS <= len(found) <= POINTS + 2
        assert found[-1].dropped == length - 5
        one = stream_sessions.get(session, number)
        assert one
        last = gather_health(session, one, {}, "5min", until, LongFigures())
    assert (last.since, last.until) == (until - 300, until)


def test_rates_in_words() -> None:
    assert [bit_rate(rate) for rate in (0, 750_000, 999_600, 2_450_000)] == [
        "0 kbit/s", "750 kbit/s", "1.0 Mbit/s", "2.5 Mbit/s",
    ]  # fmt: skip


def test_long_times_are_gathered_once_a_minute_at_most(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.write() as session:
        number = stream_sessions.begin(session, 0.0, Profile(), "test")
        stream_sessions.add_samples(session, number, [Sample(float(at)) for at in range(0, 9000, 5)], 1)
    asked: list[float] = []
    real = stream_figures.figures

    def figures(transaction: Transaction, session: int, **span: float) -> list[Sample]:
        asked.append(span["until"])
        return real(transaction, session, **span)

    monkeypatch.setattr(stream_figures, "figures", figures)
    long = LongFigures()

    def look(span: str, now: float) -> None:
        with database.read() as session:
            one = stream_sessions.get(session, number)
            assert one and gather_health(session, one, {}, span, now, long).graphs[0].curves

    for now in (9000.0, 9005.0, 9059.0, 9061.0, 9062.0):
        look("all", now)
    assert asked == [9000, 9061]
    look("5min", 9063.0)
    look("5min", 9064.0)
    assert asked[2:] == [9063, 9064], "short times are always new"
    with database.write() as session:
        stream_sessions.end(session, number, 9065.0, "stopped")
    look("all", 9900.0)
    look("all", 99_000.0)
    assert asked[4:] == [9065], "what is over is gathered once"
