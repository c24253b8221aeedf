"""Messages like the one before are made faster, and come out the same."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.bsread.encoder import Encoder
from pyca.bsread.habit import Habit

NOW = 1_774_600_000_123_456_789
GRID = np.arange(24, dtype=np.uint16).reshape(4, 6)
FEW: tuple[Any, ...] = (
    None,
    1,
    -3,
    1 << 63,
    True,
    False,
    1.5,
    float("nan"),
    "a text",
    "ünother",
    "",
    np.str_("a text"),
    np.float64(2.5),
    np.float32(2.5),
    np.uint16(7),
    np.bool_(True),
    GRID,
    GRID + 1,
    GRID.astype(np.int32),
    GRID.astype(">u2"),
    GRID[:, ::2],
    np.ascontiguousarray(GRID[:, ::2]),
    GRID[::-1],
    GRID > 3,
    np.zeros((0, 3)),
    np.array(4),
    np.arange(3.0),
    [1, 2, 3],
)
VALUE = st.sampled_from(FEW)
MESSAGE = st.dictionaries(st.sampled_from("abc"), VALUE)


def parts_of(encoder: Encoder, values: dict[str, Any]) -> list[bytes]:
    return [bytes(part) for part in encoder.encode(7, NOW, values)]


@given(st.lists(st.one_of(MESSAGE, st.integers(0, 3)), max_size=12))
def test_a_stream_is_the_same_as_if_each_message_were_looked_at(messages: list[Any]) -> None:
    one, other = Encoder(), Encoder(strategy="always")
    before: list[dict[str, Any]] = [{}]
    for message in messages:
        # Often the same once more, or one of those before.
        values = before[-1 - message % len(before)] if isinstance(message, int) else message
        assert parts_of(one, values) == parts_of(other, values)
        before.append(values)


@pytest.mark.parametrize("first", range(len(FEW)))
def test_whatever_follows_whatever(first: int) -> None:
    for second in FEW:
        one, other = Encoder(), Encoder(strategy="always")
        for value in (FEW[first], FEW[first], second, second):
            assert parts_of(one, {"a": value, "b": 1}) == parts_of(other, {"a": value, "b": 1})


def test_other_names_in_another_order() -> None:
    one, other = Encoder(), Encoder(strategy="always")
    for values in ({"a": 1, "b": 2}, {"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 1}, {"a": 1, "c": 2}):
        assert parts_of(one, values) == parts_of(other, values)


def test_arrays_are_not_copied() -> None:
    encoder = Encoder()
    for _ in range(2):
        image = GRID.copy()
        part = encoder.encode(1, NOW, {"image": image})[2]
        assert np.shares_memory(np.frombuffer(part, np.uint16), image)


def test_what_is_alike_is_made_by_habit() -> None:
    values = {
        "image": GRID,
        "number": 1,
        "part": 0.5,
        "text": "ü",
        "flag": True,
        "small": np.uint8(1),
        "no": None,
    }
    encoder = Encoder()
    encoder.encode(1, NOW, values)
    habit: Habit = encoder._habit
    assert habit.parts(values, b"t") == [
        GRID.tobytes(), b"t", (1).to_bytes(8, "little"), b"t", np.float64(0.5).tobytes(), b"t",
        "ü".encode(), b"t", b"\1", b"t", b"\1", b"t",
    ]  # fmt: skip
    assert habit.parts(values | {"number": 1.0}, b"t") is None
