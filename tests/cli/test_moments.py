"""Moments and lengths as people write them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pyca.cli.moments import parse_length, parse_moment
from pyca.core.errors import UsageError

ZONE = "Europe/Berlin"
NOW = datetime(2026, 3, 27, 12, 30, tzinfo=ZoneInfo(ZONE)).timestamp()


def moment(text: str) -> str:
    parsed = parse_moment(text, NOW, ZONE)
    return datetime.fromtimestamp(parsed, ZoneInfo(ZONE)).strftime("%Y-%m-%d %H:%M:%S %z")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", "2026-03-27 12:30:00 +0100"),
        ("+10s", "2026-03-27 12:30:10 +0100"),
        ("+1h30m", "2026-03-27 14:00:00 +0100"),
        ("14:00", "2026-03-27 14:00:00 +0100"),
        ("today 18:15", "2026-03-27 18:15:00 +0100"),
        ("tomorrow 14:00", "2026-03-28 14:00:00 +0100"),
        ("2026-04-01 14:00", "2026-04-01 14:00:00 +0200"),
        ("2026-04-01T14:00:00Z", "2026-04-01 16:00:00 +0200"),
        ("2026-04-01T14:00:00-05:00", "2026-04-01 21:00:00 +0200"),
        # The hour that does not exist when summer time begins.
        ("2026-03-29 02:30", "2026-03-29 03:30:00 +0200"),
    ],
)
def test_moments(text: str, expected: str) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize("text", ["", "soon", "5", "+", "+soon", "tomorrow", "25:00", "2026-13-01 10:00"])
def test_no_moments(text: str) -> None:
    with pytest.raises(UsageError):
        moment(text)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("45min", 2700), ("1:30:00", 5400)])
def test_lengths(text: str, seconds: float) -> None:
    assert parse_length(text) == seconds


@pytest.mark.parametrize("text", ["", "long", "0", "0s", "-5s"])
def test_no_lengths(text: str) -> None:
    with pytest.raises(UsageError):
        parse_length(text)


@given(some.text(max_size=30))
def test_whatever_is_typed_is_a_moment_or_a_usage_error(text: str) -> None:
    try:
        parse_moment(text, NOW, ZONE)
    except UsageError as error:
        assert str(error)
