"""Which messages are processed, what becomes of a source that is silent, and threads with ordered results."""

import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.pipeline.files.configuration import parse
from pyca.pipeline.instance.end import End
from pyca.pipeline.instance.feed import Item
from pyca.pipeline.instance.pace import Pace, Verdict
from pyca.pipeline.instance.silence import Silence
from pyca.pipeline.instance.workers import Workers
from tests.tools import wait_for


def pace(**configuration: Any) -> Pace:
    return Pace(parse("one", {"camera_name": "any", **configuration}))


def taken(paced: Pace, *pulses: int, apart: float = 1.0) -> list[int]:
    """Which of some pulses are taken."""
    looked = [
        (pulse, paced.look(Item(pulse, pulse, {}), place * apart)) for place, pulse in enumerate(pulses)
    ]
    return [pulse for pulse, verdict in looked if verdict is Verdict.TAKE]


def test_all_are_taken_by_default() -> None:
    assert taken(pace(), 5, 4, 4, 9) == [5, 4, 4, 9]


def test_downsampling_takes_the_first_of_each_so_many() -> None:
    assert taken(pace(downsampling=3), *range(8)) == [0, 3, 6]
    assert taken(pace(downsampling=1), 1, 2) == [1, 2]


def test_the_rate_is_kept_on_the_mean() -> None:
    found = taken(pace(max_frame_rate=10), *range(1000), apart=0.03)
    assert 290 <= len(found) <= 301
    assert len(taken(pace(max_frame_rate=10), *range(50), apart=0.1)) == 50
    kept = Pace(parse("one", {"camera_name": "any", "max_frame_rate": 1}), rate_is_kept=True)
    assert len(taken(kept, *range(9), apart=0.1)) == 9


def test_a_late_message_brings_no_burst() -> None:
    paced = pace(max_frame_rate=10)
    assert [paced.look(Item(1, 1, {}), now) for now in (0.0, 5.0, 5.01, 5.02)] == [
        Verdict.TAKE,
        Verdict.TAKE,
        Verdict.LEAVE,
        Verdict.LEAVE,
    ]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [((3, 5), [3, 4, 5]), ((0, 0), []), ((0, 5), []), ((3, 0), [3, 4, 5, 6, 7]), ((9, 9), [])],
)
def test_only_the_range_is_taken(wanted: tuple[int, int], found: list[int]) -> None:
    assert taken(pace(pid_range=list(wanted)), *range(8)) == found


def test_behind_the_range_it_is_over() -> None:
    paced = pace(pid_range=[3, 5])
    assert paced.look(Item(6, 0, {}), 0) is Verdict.OVER
    assert not paced.is_last(Item(4, 0, {}))
    assert paced.is_last(Item(5, 0, {}))
    for endless in (pace(), pace(pid_range=[3, 0])):
        assert not endless.is_last(Item(0, 0, {}))
    # Before its beginning is told nothing is taken, but the end stands.
    assert pace(pid_range=[0, 5]).look(Item(6, 0, {}), 0) is Verdict.OVER


def test_a_source_that_begins_anew_is_not_stale_for_ever() -> None:
    for key in ("enforce_pid", "enforce_timestamp"):
        # Neither ten at once, nor a few that come slowly.
        assert taken(pace(**{key: True}), 100, *range(1, 21), apart=0.05) == [100]
        assert taken(pace(**{key: True}), 100, *range(1, 11), apart=1.0) == [100]
        assert taken(pace(**{key: True}), 100, *range(1, 51), 7, 51, apart=0.1) == [100, *range(21, 52)]
        # What is newer ends the row.
        mixed = [100, *range(1, 11), 101, *range(1, 11), 102]
        assert taken(pace(**{key: True}), *mixed, apart=0.3) == [100, 101, 102]


def test_pulses_before_the_range_are_stale_and_left_out() -> None:
    assert pace(pid_range=[100, 200]).look(Item(5, 0, {}), 0) is Verdict.LEAVE


def test_nothing_is_taken_while_it_is_paused() -> None:
    paced = pace(paused=True)
    assert taken(paced, 1, 2) == []
    paced.configure(parse("one", {"camera_name": "any"}))
    assert taken(paced, 3) == [3]


def test_pulses_and_times_that_go_back_can_be_left_out() -> None:
    assert taken(pace(enforce_pid=True), 1, 3, 2, 3, 4) == [1, 3, 3, 4]
    paced = pace(enforce_timestamp=True)
    assert paced.look(Item(1, 10, {}), 0) is Verdict.TAKE
    assert paced.look(Item(2, 9, {}), 0) is Verdict.STALE
    assert paced.look(Item(3, 10, {}), 0) is Verdict.TAKE


def test_a_silent_source_is_looked_for_again_and_again() -> None:
    silence = Silence(0.0)
    assert not silence.ask(10, 9.9)
    assert silence.ask(10, 10.0)
    assert not silence.ask(10, 19.9)
    assert silence.ask(10, 20.0)
    assert not silence.is_final(10, 30.0)
    silence.hear(21.0)
    assert not silence.lasts(10, 30.9)
    assert silence.lasts(10, 31.0)
    assert not silence.lasts(0, 1000.0)
    assert not silence.ask(0, 1000.0)


def test_a_source_that_is_not_found_is_given_up() -> None:
    silence = Silence(0.0)
    assert silence.ask(10, 10.0)
    silence.fail(10.0)
    assert not silence.ask(10, 10.1)
    assert silence.ask(10, 13.0)
    assert not silence.is_final(10, 19.9)
    assert silence.is_final(10, 20.0)
    # Where no time is set it is looked for without end.
    assert not silence.is_final(0, 1000.0)
    silence.hear(20.5)
    assert not silence.is_final(10, 100.0)


def test_the_first_reason_to_end_counts() -> None:
    end = End()
    end.note("first", 1)
    end.note("second", 2, at_once=True)
    assert (end.reason, end.exitcode, end.is_due, end.at_once) == ("first", 1, True, True)


@given(st.lists(st.integers(0, 3), max_size=12), st.integers(1, 4))
def test_results_leave_in_order(waits: list[int], number: int) -> None:
    left: list[int] = []
    threads = set()

    def process(given: tuple[int, int]) -> int:
        threads.add(threading.get_ident())
        time.sleep(given[1] / 2000)
        return given[0]

    workers: Workers[tuple[int, int], int] = Workers(number, process, lambda _, result: left.append(result))
    for place, wait in enumerate(waits):
        assert workers.put((place, wait), lambda: True)
    workers.drain(lambda: True)
    workers.close()
    assert left == list(range(len(waits)))


def test_threads_work_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=60)
    workers: Workers[int, int] = Workers(3, lambda _: together.wait(), lambda *_: None)
    for number in range(3):
        workers.put(number, lambda: True)
    workers.drain(lambda: True)
    workers.close()


def test_who_waits_for_room_can_give_up() -> None:
    free = threading.Event()
    workers: Workers[int, bool] = Workers(1, lambda _: free.wait(60), lambda *_: None)
    assert workers.put(1, lambda: True)
    assert workers.put(2, lambda: True)
    asked = []
    assert not workers.put(3, lambda: bool(asked.append(1)))
    assert asked
    workers.drain(lambda: False)
    free.set()
    workers.drain(lambda: True)
    wait_for(lambda: workers.put(4, lambda: True), "room")
    workers.close()
