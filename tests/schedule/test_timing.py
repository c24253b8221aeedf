"""When a calendar is asked again."""

from pyca.core.event import Event
from pyca.schedule.timing import next_poll


def event(start: float, end: float) -> Event:
    return Event(uid="e", title="E", start=start, end=end)


def test_without_events_the_regular_interval_counts() -> None:
    assert next_poll(1000, 1060, 15, []) == 1060


def test_near_the_end_of_a_running_event_it_is_asked_often() -> None:
    assert next_poll(1000, 1060, 15, [event(0, 1100)]) == 1015


def test_far_from_the_end_it_is_not() -> None:
    assert next_poll(1000, 1060, 15, [event(0, 5000)]) == 1060


def test_the_dense_time_begins_two_minutes_before_the_end() -> None:
    assert next_poll(1000, 4600, 15, [event(0, 2000)]) == 1880


def test_an_event_that_begins_before_the_next_look_is_followed_too() -> None:
    assert next_poll(1000, 4600, 15, [event(1300, 1360)]) == 1300
    assert next_poll(1000, 4600, 15, [event(1300, 2000)]) == 1880


def test_the_end_is_watched_a_moment_longer_and_then_no_more() -> None:
    assert next_poll(1000, 1060, 15, [event(0, 990)]) == 1015
    assert next_poll(1000, 1060, 15, [event(0, 960)]) == 1060
