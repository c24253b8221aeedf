"""The vocabulary: states, names, units, pauses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.backoff import Backoff
from pyca.core.errors import ConfigError, DeliveryError, PycaError, TransitionError, UsageError
from pyca.core.event import check_times
from pyca.core.naming import recording_name, safe_name, tidy_title
from pyca.core.states import DELIVERABLE, TRANSITIONS, EventState, check_transition
from pyca.core.units import parse_duration, parse_size, show_duration, show_size


def test_every_state_has_its_successors() -> None:
    assert set(TRANSITIONS) == set(EventState)
    for successors in TRANSITIONS.values():
        assert successors <= set(EventState)


def test_every_state_leads_to_a_delivery() -> None:
    for state in EventState:
        reached = {state}
        while grown := {after for one in reached for after in TRANSITIONS[one]} - reached:
            reached |= grown
        assert EventState.FINISHED_UPLOADING in reached, state


def test_what_can_be_delivered_may_be_uploaded() -> None:
    for state in DELIVERABLE:
        check_transition(state, EventState.UPLOADING)


def test_a_wrong_transition_names_both_states() -> None:
    with pytest.raises(TransitionError, match=r"finished uploading.*recording"):
        check_transition(EventState.FINISHED_UPLOADING, EventState.RECORDING)


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("2500k", 2_500_000), ("3M", 3_000_000), ("1.5 GB", 1_500_000_000), ("10 kB/s", 10_000)],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "k", "-1", "10 apples", "1e9", "٣k٣"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(ValueError, match="is no size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("1h30m", 5400),
        ("45min", 2700),
        ("1:30:00", 5400),
        ("1:30", 90),
        ("1d", 86400),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "-5", "1:99", "5 apples"])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(st.integers(0, 10**6))
def test_a_shown_duration_is_read_back(seconds: int) -> None:
    assert parse_duration(show_duration(seconds)) == seconds


@given(st.integers(0, 10**15))
def test_a_shown_size_is_about_right(size: int) -> None:
    assert parse_size(show_size(size)) == pytest.approx(size, rel=0.06, abs=1)


@given(st.text(max_size=400))
def test_any_id_becomes_one_harmless_name(text: str) -> None:
    name = safe_name(text)
    assert name
    assert name not in (".", "..")
    assert not name.startswith(".")
    assert not set(name) & set("/\0\n\\")
    assert len(name.encode()) <= 200


@given(st.text(max_size=60), st.text(max_size=60))
def test_different_ids_have_different_names(one: str, other: str) -> None:
    if one != other:
        assert safe_name(one) != safe_name(other)


def test_an_ordinary_id_stays_as_it_is() -> None:
    uid = "68b19d11-6aca-413e-b2b3-eda72eebc65a"
    assert recording_name(uid, 1000.7) == f"recording-1000-{uid}"


@given(st.integers(-5, 10_000))
def test_pauses_grow_to_their_limit(failures: int) -> None:
    pause = Backoff(first=1, limit=300, jitter=0.2).pause(failures)
    assert 0.8 <= pause <= 360
    assert Backoff(first=1, limit=300, jitter=0).pause(3) == 4


@pytest.mark.parametrize(
    ("start", "end", "reason"), [(10, 10, "last 0 s"), (10, 5, "last -5 s"), (1, 2, "over already")]
)
def test_impossible_times(start: float, end: float, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        check_times(start, end, now=3)


def test_errors_carry_their_remedy_and_exit_code() -> None:
    assert str(PycaError("the disk is full", "delete something")) == "the disk is full (delete something)"
    assert ConfigError(["one", "two"]).exit_code == 78
    assert UsageError("x").exit_code == 64
    assert not DeliveryError("x").permanent


@pytest.mark.parametrize(
    ("text", "title"),
    [
        (" My\nTalk\t\x1b[31mred\x1b[0m\x00\x9b\u2028end ", "My Talk [31mred [0m end"),
        ("a\u202egnp.exe", "a gnp.exe"),
        ("lone \ud83d surrogate", "lone surrogate"),
        ("日本語 👩‍🏫 Übung", "日本語 👩‍🏫 Übung"),
        ("\x1b\n", ""),
        ("x" * 399 + " yy", "x" * 399),
        ("x" * 500, "x" * 400),
    ],
)
def test_a_title_is_one_harmless_line(text: str, title: str) -> None:
    assert tidy_title(text) == title
