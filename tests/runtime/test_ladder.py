import itertools
from signal import SIGINT, SIGKILL, SIGTERM, SIGUSR1

from hypothesis import given
from hypothesis import strategies as st

from pyca.runtime.ladder import GAP, StopLadder

END = 1000.0
TIMES = st.integers(-1, 200)


def signals(ladder: StopLadder) -> list[tuple[float, int]]:
    """Follow the ladder to its end with exact wake-ups."""
    sent = []
    while (moment := ladder.next_due()) is not None:
        sent += [(moment - END, number) for number in ladder.due(moment)]
    return sent


def plan(**config) -> StopLadder:
    return StopLadder.plan(END, **{"self_ending": False, **config})


def test_a_command_without_time_is_interrupted_at_its_end():
    assert signals(plan()) == [(0, SIGINT), (10, SIGTERM), (120, SIGKILL)]


def test_a_self_ending_command_is_only_killed():
    assert signals(plan(self_ending=True)) == [(120, SIGKILL)]


def test_configured_times_are_kept():
    ladder = plan(self_ending=True, sigcustom=SIGUSR1, sigcustom_time=0, sigterm_time=7, sigkill_time=20)
    assert signals(ladder) == [(0, SIGUSR1), (7, SIGTERM), (20, SIGKILL)]


def test_everything_off_still_interrupts_what_would_never_end():
    assert signals(plan(sigkill_time=-1)) == [(0, SIGINT), (10, SIGTERM)]
    assert signals(plan(sigkill_time=-1, self_ending=True)) == []


def test_nothing_follows_a_kill():
    assert signals(plan(sigkill_time=5)) == [(0, SIGINT), (5, SIGKILL)]


def test_nothing_is_due_before_its_moment():
    ladder = plan()
    assert ladder.due(END - 0.001) == []
    assert not ladder.begun
    assert ladder.due(END) == [SIGINT]
    assert ladder.due(END) == []


def test_a_late_wakeup_still_leaves_time_for_a_clean_end():
    ladder = plan()
    late = END + 3600
    assert ladder.due(late) == [SIGINT]
    assert ladder.due(late + 1) == []
    assert ladder.due(late + GAP) == [SIGTERM]
    assert ladder.due(late + 2 * GAP) == [SIGKILL]


def test_the_end_moves_until_the_first_signal():
    longer = plan().moved(END + 60)
    assert longer.next_due() == END + 60
    longer.due(END + 60)
    assert longer.moved(END + 600) is longer


def test_an_operators_stop_is_gentle_even_for_self_ending_commands():
    ladder = plan(self_ending=True).now_stop(END - 500)
    assert signals(ladder) == [(-500, SIGINT), (-490, SIGTERM), (-380, SIGKILL)]


def test_an_operators_stop_starts_at_once_whatever_the_offset():
    ladder = plan(sigterm_time=30, sigkill_time=60).now_stop(END)
    assert signals(ladder) == [(0, SIGTERM), (60, SIGKILL)]


def test_a_second_stop_changes_nothing():
    ladder = plan()
    ladder.due(END)
    assert ladder.now_stop(END + 1) is ladder
    assert ladder.next_due() == END + 10


@given(st.booleans(), TIMES, TIMES, TIMES, st.lists(st.floats(0, 500), max_size=20))
def test_signals_keep_their_distance(self_ending, custom, term, kill, wakeups):
    ladder = plan(self_ending=self_ending, sigcustom_time=custom, sigterm_time=term, sigkill_time=kill)
    sent = [(END + at, number) for at in sorted(wakeups) for number in ladder.due(END + at)]
    assert all(later[0] - earlier[0] >= GAP for earlier, later in itertools.pairwise(sent))
    numbers = [number for _, number in sent]
    assert len(set(numbers)) == len(numbers)
    assert SIGKILL not in numbers[:-1]
