"""The account of the soak test, on made data: what it excuses, and what it does not."""

import random
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks.soak_account import Fault, Found, balance, spoilt_seconds
from benchmarks.soak_plan import LONG, Asked, Disturbance, Planned, Version, asked, fill
from benchmarks.soak_watch import Sample, Watch, compare
from pyca.core.states import EventState

DONE = EventState.FINISHED_UPLOADING


def planned(uid: str, start: float, end: float, *changes: tuple[float, float, float]) -> Planned:
    return Planned(uid, [Version(0, start, end), *(Version(*change) for change in changes)])


def delivered(uid: str, seconds: float, started: float | None = None) -> Found:
    return Found(uid, DONE, seconds, started, (seconds,))


def sample(moment: float, size: float, age: float = 60) -> Sample:
    return Sample(moment, size, size, 10, 2, age)


def test_a_good_run_is_summed_up_in_one_line() -> None:
    sums = balance(
        [planned("a", 100, 700), planned("b", 100, 800)],
        [delivered("a", 599.5, 100.25), delivered("b", 699.5, 100.75)],
        [],
    )
    assert not sums.failed
    assert sums.edges == [0.5, 0.5]
    assert sums.late == [0.25, 0.75]
    assert sums.summary(1.014, 1.0) == (
        "soak: 2 events, 1 300 s scheduled, 1 299 s recorded, 1 299 s delivered, 0 s lost to 0 faults, "
        "0 s without a reason, 0 s unsent, memory x1.01, descriptors x1.00"
    )


def test_lost_seconds_are_excused_by_a_fault_at_their_time_only() -> None:
    events = [planned("a", 100, 120), planned("b", 200, 220)]
    found = [delivered("a", 16), delivered("b", 16)]
    killed = Fault("FFmpeg killed", 105, 105, "a")
    sums = balance(events, found, [killed])
    assert sums.excused == 4
    assert sums.unexcused == {"b": 3}  # but for the second that a recording may lack at its start and end


def test_a_fault_excuses_no_more_than_it_may_cost() -> None:
    sums = balance([planned("a", 100, 120)], [delivered("a", 5)], [Fault("capture killed", 105, 106)])
    assert sums.excused == 5.5  # from 103.5 to 109
    assert sums.unexcused == {"a": 8.5}


def test_a_service_that_stays_away_for_long_has_no_excuse() -> None:
    killed = Fault("supervisor killed", 100, 160)
    sums = balance([planned("a", 90, 200)], [delivered("a", 50)], [killed])
    assert sums.excused == 10.5
    assert sums.unexcused == {"a": 48.5}


@pytest.mark.parametrize("kind", ["database locked", "ingest killed", "server answers 500"])
def test_faults_that_do_not_concern_the_recorder_excuse_nothing(kind: str) -> None:
    sums = balance([planned("a", 100, 120)], [delivered("a", 10)], [Fault(kind, 100, 120)])
    assert (sums.excused, sums.unexcused) == (0, {"a": 9})


def test_faults_at_the_same_time_count_once() -> None:
    wanted = Asked(100, 120, 20, sure=True)
    faults = [
        Fault("FFmpeg killed", 102, 102),
        Fault("FFmpeg killed", 103, 103),
        Fault("FFmpeg stopped", 118),
    ]
    assert spoilt_seconds(wanted, faults) == 5.5 + 3.5


@pytest.mark.parametrize(
    ("found", "broken"),
    [
        ([], "silent"),
        ([Found("a", EventState.UPLOADING)], "unfinished"),
        ([Found("a", EventState.FINISHED_RECORDING)], "unfinished"),
        ([Found("a", DONE, 20, 100, (20, 20))], "twice"),
        ([Found("a", DONE, 20, 100, ())], "undelivered"),
        ([Found("a", DONE, 20, 100, (12,))], "undelivered"),
        ([Found("a", EventState.FAILED_RECORDING, 4)], "undelivered"),
    ],
)
def test_a_broken_word_is_found(found: list[Found], broken: str) -> None:
    sums = balance([planned("a", 100, 120)], found, [])
    assert getattr(sums, broken) == ["a"]
    assert sums.failed
    assert any("1 (a)" in line for line in sums.lines())


def test_a_failed_recording_is_a_final_word() -> None:
    sums = balance([planned("a", 100, 120)], [Found("a", EventState.FAILED_RECORDING)], [])
    assert not sums.failed
    assert sums.unexcused == {"a": 19}


def test_a_change_in_time_is_what_counts() -> None:
    wanted = asked(planned("a", 100, 105, (80, 103, 110)), [])
    assert (wanted.start, wanted.seconds, wanted.sure) == (103, 7, True)


def test_after_a_late_change_either_version_is_right() -> None:
    wanted = asked(planned("a", 100, 105, (97, 103, 110)), [])
    assert (wanted.start, wanted.end, wanted.seconds, wanted.sure) == (100, 110, 5, False)


def test_a_running_event_is_extended_where_its_end_is_far_enough() -> None:
    assert asked(planned("a", 100, 114, (105, 100, 115)), []).seconds == 15
    assert asked(planned("a", 100, 114, (107, 100, 115)), []).seconds == 14


def test_a_disturbance_delays_a_change() -> None:
    event = planned("a", 100, 105, (80, 100, 107))
    assert asked(event, [Disturbance(82, 84)]).sure
    assert not asked(event, [Disturbance(82, 98)]).sure
    assert not asked(event, [Disturbance(82, float("inf"))]).sure


def test_a_cancelled_event_needs_no_word() -> None:
    sums = balance([planned("a", 100, 105, (80, 100, 100))], [], [])
    assert not sums.failed
    assert (sums.seconds, sums.cancelled, sums.edges) == (0, 1, [])


def test_growth_is_that_of_the_last_third_over_the_first_after_the_warm_up() -> None:
    warm = [sample(moment, 5) for moment in range(15)]
    samples = [*warm, *(sample(moment, 50 if moment < 60 else 75) for moment in range(16, 101))]
    assert compare(samples, lambda one: one.rss) == (50, 75)
    watch = Watch({"capture": samples, "ingest": [sample(0, 1, age=1)]})
    assert watch.growth("PSS") == 1.5
    assert "RSS 50.0 → 75.0 (x1.50)" in watch.lines()[0]
    assert "too few samples" in watch.lines()[1]


def test_rooms_have_no_gaps_and_a_seed_repeats_them() -> None:
    rooms = fill(random.Random(4), 1000, 1300)
    assert all(first.latest.end == second.latest.start for first, second in rooms.pairs())
    assert all(3 <= event.latest.seconds <= LONG for event in rooms.events)
    assert [room[0].latest.start for room in rooms.rooms] == [1000, 1001]
    assert len(rooms.events) > 80
    assert fill(random.Random(4), 1000, 1300) == rooms


def test_the_program_knows_the_soak(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {}
    monkeypatch.setattr(program, "soak", lambda **options: given.update(options) or 1)
    assert program.main(["soak", "--minutes", "2", "--seed", "5", "--log", "kept"]) == 1
    assert given == {"minutes": 2.0, "seed": 5, "quick": False, "log": Path("kept")}
