"""Means of several images."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.pipeline.processing.averaging import Averaging

KINDS = ["u1", "u2", "u4", "i2", "i4", "f4", "f8"]


@given(st.integers(1, 5), st.sampled_from(KINDS), st.integers(0, 1000))
def test_one_mean_of_each_so_many(number: int, dtype: str, seed: int) -> None:
    images = made(12, dtype, seed)
    averaging = Averaging(number)
    found = [averaging.add(image) for image in images]
    for at, mean in enumerate(found, 1):
        if at % number:
            assert mean is None
        else:
            assert mean is not None
            assert mean.dtype == np.float64
            np.testing.assert_allclose(mean, np.mean(images[at - number : at], 0, np.float64), rtol=1e-12)


@given(st.integers(1, 5), st.sampled_from(KINDS), st.integers(0, 1000))
def test_a_mean_of_the_last_with_each(number: int, dtype: str, seed: int) -> None:
    images = made(12, dtype, seed)
    averaging = Averaging(-number)
    for at, image in enumerate(images, 1):
        mean = averaging.add(image)
        assert mean is not None
        expected = np.mean(images[max(at - number, 0) : at], 0, np.float64)
        np.testing.assert_allclose(mean, expected, rtol=1e-12)


def made(count: int, dtype: str, seed: int) -> list[np.ndarray]:  # type: ignore[type-arg]
    random = np.random.default_rng(seed)
    if dtype[0] == "f":
        return [random.normal(0, 1000, (3, 4)).astype(dtype) for _ in range(count)]
    limits = np.iinfo(dtype)
    return [random.integers(limits.min, limits.max, (3, 4), dtype, endpoint=True) for _ in range(count)]


def test_a_pixel_that_is_no_number_is_forgotten_with_its_image() -> None:
    averaging = Averaging(-2)
    averaging.add(np.array([[np.nan, np.inf]]))
    for _ in range(2):
        mean = averaging.add(np.array([[1.0, 2.0]]))
    assert mean is not None
    assert mean.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize("number", [3, -3])
def test_another_size_or_type_begins_anew(number: int) -> None:
    averaging = Averaging(number)
    for odd in (np.full((1, 2), 50, np.uint16), np.full((2, 2), 50, np.uint8)):
        averaging.add(odd)
        found = [averaging.add(np.full((2, 2), value, np.uint16)) for value in (1, 2, 6)]
        assert found[-1] is not None
        assert found[-1].tolist() == [[3.0, 3.0], [3.0, 3.0]]
