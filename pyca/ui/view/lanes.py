"""Put events that overlap side by side."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST = 12
"""Lanes; whatever runs beyond that shares the last one."""


@dataclass(frozen=True)
class Bar:
    """Where an event stands on its day: rows and columns, counted from 1, the end not included."""

    first_row: int
    end_row: int
    lane: int = 1
    end_lane: int = 2


def side_by_side(spans: Sequence[tuple[int, int]]) -> tuple[list[Bar], int]:
    """Return the bars of spans of rows, in the same order, and how many lanes they need.

    A bar is as wide as nobody else needs the room.

    :param spans: first row and end row of each, the earliest first
    """
    lanes: list[int] = []
    ends: list[int] = []
    for first, end in spans:
        free = next((lane for lane, taken in enumerate(ends) if taken <= first), len(ends))
        if free == len(ends) and free < MOST:
            ends.append(end)
        free = min(free, MOST - 1)
        ends[free] = max(ends[free], end)
        lanes.append(free)
    return [_wide(index, spans, lanes, len(ends)) for index in range(len(spans))], max(len(ends), 1)


def _wide(index: int, spans: Sequence[tuple[int, int]], lanes: Sequence[int], count: int) -> Bar:
    first, end = spans[index]
    beside = [
        lane
        for other, lane in enumerate(lanes)
        if lane > lanes[index] and spans[other][0] < end and spans[other][1] > first
    ]
    return Bar(first, end, lanes[index] + 1, min(beside, default=count) + 1)
