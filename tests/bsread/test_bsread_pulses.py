"""What pulse ids tell about losses."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.bsread.pulses import Pulses


def lost(ids: Iterable[int]) -> int:
    pulses = Pulses()
    for one in ids:
        pulses.note(one)
    return pulses.lost


SERIES: dict[str, tuple[Iterable[int], int]] = {
    "nothing": ([], 0),
    "one": ([7], 0),
    "all": (range(1000), 0),
    "one missing": ([0, 1, 2, 4, 5], 1),
    "many missing": ([0, 1, 2, 50, 51], 47),
    "every tenth": (range(0, 1000, 10), 0),
    "every tenth, one missing": ([0, 10, 20, 40, 50], 1),
    "about every tenth": ([0, 10, 19, 30, 39, 50], 0),
    "twice": ([0, 1, 1, 2, 2, 3], 0),
    "out of order": ([0, 1, 3, 2, 4], 0),
    "late and twice": ([0, 1, 3, 2, 2, 4], 0),
    "began again": ([*range(500, 900), *range(50)], 0),
    "began again soon": ([*range(50), *range(60)], 0),
    "began again far away": ([1, 2, 3, 10**12, 10**12 + 1], 0),
    "began again and lost": ([*range(500, 900), 0, 1, 3], 1),
    "below zero": ([-3, -2, -1, 0, 1], 0),
}


@pytest.mark.parametrize(("ids", "expected"), SERIES.values(), ids=SERIES)
def test_gaps_are_counted(ids: Iterable[int], expected: int) -> None:
    assert lost(ids) == expected


@given(
    st.integers(-(10**9), 10**9), st.integers(1, 100), st.randoms(use_true_random=False), st.integers(0, 40)
)
def test_what_is_missing_is_counted_whatever_the_step(
    first: int, step: int, chance: random.Random, missing: int
) -> None:
    places = range(200)
    gone = set(chance.sample(range(2, 199), missing))
    assert lost(first + place * step for place in places if place not in gone) == missing


@given(st.lists(st.integers(-(1 << 63), (1 << 64) - 1), max_size=600))
def test_never_below_zero(ids: list[int]) -> None:
    assert lost(ids) >= 0
