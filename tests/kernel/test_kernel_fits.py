"""Fits of a Gaussian: as good as SciPy's, whatever the kernel is made of."""

from dataclasses import astuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import curve_fit

from pyca.core.errors import MissingError
from pyca.kernel.choice import load
from pyca.kernel.kernel import Fit, Kernel

CLOSE = 1e-4


@pytest.fixture(params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    try:
        return load(request.param)
    except MissingError as error:
        pytest.skip(error.message)


def gaussian(x: Any, offset: float, amplitude: float, mean: float, sigma: float) -> Any:
    return offset + amplitude * np.exp(-((x - mean) ** 2) / (2 * sigma**2))


def start_of(x: NDArray[Any], y: NDArray[Any]) -> tuple[float, float, float, float]:
    """Return where a fit begins, by the formulas."""
    offset, height = float(y.min()), float(y.max() - y.min())
    area = float(np.sum((y[1:] + y[:-1] - 2 * offset) / 2 * np.diff(x)))
    return offset, height, float(x[y.argmax()]), area / (height * np.sqrt(2 * np.pi)) if height else 1.0


def unexplained(x: NDArray[Any], y: NDArray[Any], found: Fit) -> float:
    by_fit = gaussian(x.astype("f8"), found.offset, found.amplitude, found.mean, found.standard_deviation)
    return float(np.sum((y - by_fit) ** 2))


def assert_close(found: Fit, parameters: Any) -> None:
    offset, amplitude, mean, sigma = parameters
    size = abs(offset) + abs(amplitude)
    assert found.converged
    assert found.offset == pytest.approx(offset, abs=CLOSE * size)
    assert found.amplitude == pytest.approx(amplitude, rel=CLOSE)
    assert found.mean == pytest.approx(mean, abs=CLOSE * abs(sigma))
    assert found.standard_deviation == pytest.approx(abs(sigma), rel=CLOSE)


@st.composite
def profiles(draw: st.DrawFn) -> tuple[NDArray[Any], NDArray[Any]]:
    """A beam with noise on an axis in any unit and direction."""
    points = draw(st.sampled_from((60, 200, 511, 1280)))
    pixel = draw(st.sampled_from((1.0, -1.0, 0.013, -7.4)))
    zero = draw(st.sampled_from((0, 0.5, 0.33)))
    axis = ((np.arange(points) - int(zero * points)) * pixel).astype("f4")
    mean = float(axis[0] + (axis[-1] - axis[0]) * draw(st.floats(0.25, 0.75)))
    sigma = abs(pixel) * draw(st.floats(1.5, points / 8))
    amplitude = 10.0 ** draw(st.floats(1, 7))
    offset = amplitude * draw(st.sampled_from((0.0, 0.1, 2.0, -0.3)))
    noise = amplitude * draw(st.sampled_from((0.0, 0.001, 0.01, 0.05)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return axis, gaussian(axis.astype("f8"), offset, amplitude, mean, sigma) + noise * random.normal(
        size=points
    )


@given(profiles())
def test_as_scipy(profile: tuple[NDArray[Any], NDArray[Any]]) -> None:
    x, y = profile[0].astype("f8"), profile[1].astype("f4").astype("f8")
    best, _ = curve_fit(gaussian, x, y, p0=start_of(x, y), ftol=1e-13, xtol=1e-13, maxfev=20_000)
    for kernel in (load("numpy"), load()):
        assert_close(kernel.fit(*profile), best)


@pytest.mark.parametrize("kind", ["i8", "u2", "f4", "f8", ">f8"])
def test_profiles_of_any_type(kernel: Kernel, kind: str) -> None:
    x = np.arange(100)
    y = gaussian(x, 100, 20_000, 40, 7).astype(kind)
    assert kernel.fit(x.astype("f4")[::2], y[::2]).mean == pytest.approx(40, abs=1e-3)
    if y.dtype.kind == "f":
        assert_close(kernel.fit(x.astype("f4"), y), (100, 20_000, 40, 7))


def test_received_memory_may_lie_anywhere(kernel: Kernel) -> None:
    x = np.arange(100, dtype="f4")
    y = gaussian(x, 100, 20_000, 40, 7).astype("f4")
    axis, profile = (np.frombuffer(b"." + each.tobytes(), "f4", offset=1) for each in (x, y))
    assert not axis.flags.aligned
    found = kernel.fit(axis, profile)
    assert found == kernel.fit(x, y)
    assert np.array_equal(kernel.curve(axis, found), kernel.curve(x, found))


@pytest.mark.parametrize("value", [0.0, 17.0, -3e6, 1e30])
@pytest.mark.parametrize("points", [1, 2, 4, 5, 300])
def test_flat(kernel: Kernel, value: float, points: int) -> None:
    """Amplitude 0 and σ 1, as the protocol says."""
    x = np.arange(points, dtype="f4") + 3
    found = kernel.fit(x, np.full(points, value))
    assert found == Fit(float(np.float32(value)), 0.0, 3.0, 1.0, converged=False)


@pytest.mark.parametrize("heights", [(4,), (4, 9), (4, 9, 5), (9, 4, 4, 5)])
@pytest.mark.parametrize("direction", [1, -1])
def test_too_few_points(kernel: Kernel, heights: tuple[int, ...], direction: int) -> None:
    """The start stands."""
    x, y = np.arange(len(heights), dtype="f4")[::direction], np.array(heights, "i8")
    offset, amplitude, mean, sigma = start_of(x, y)
    found = kernel.fit(x, y)
    assert not found.converged
    assert (found.offset, found.amplitude, found.mean) == (offset, amplitude, mean)
    assert found.standard_deviation == pytest.approx(abs(sigma), rel=1e-6)


def test_no_points(kernel: Kernel) -> None:
    nothing = np.empty(0, "f4")
    assert kernel.fit(nothing, nothing) == Fit(0.0, 0.0, 0.0, 1.0, converged=False)
    assert kernel.curve(nothing, Fit(0.0, 0.0, 0.0, 1.0)).shape == (0,)


@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf, 1e300])
@pytest.mark.parametrize("place", [0, 20, 49])
def test_what_is_no_number_is_not_fitted(kernel: Kernel, strange: float, place: int) -> None:
    x = np.arange(50, dtype="f4")
    y = gaussian(x, 1, 50, 20, 4).astype("f8")
    y[place] = strange
    found = kernel.fit(x, y)
    assert not found.converged
    np.testing.assert_equal(astuple(found), astuple(load("numpy").fit(x, y)))


@given(st.integers(0, 2**32), st.sampled_from((6, 30, 200)))
def test_noise_is_as_minpack_has_it(seed: int, points: int) -> None:
    """Of noise alone there is no best Gaussian: all kernels end where MINPACK does, or stay at the start."""
    random = np.random.default_rng(seed)
    x, y = np.arange(points, dtype="f4"), random.normal(size=points) * 50 + 5000
    one, other = load("numpy").fit(x, y), load().fit(x, y)
    assert other.converged == one.converged
    assert unexplained(x, y, other) == pytest.approx(unexplained(x, y, one), rel=1e-3)


@given(
    st.floats(-1e5, 1e5),
    st.floats(-1e6, 1e6),
    st.floats(-100, 1400),
    st.floats(0.05, 1e4),
    st.sampled_from((1, 2, 7, 255, 256, 257, 1280)),
)
def test_curve(offset: float, amplitude: float, mean: float, sigma: float, points: int) -> None:
    x = np.arange(points, dtype="f4")[::-1]
    expected = gaussian(x.astype("f8"), offset, amplitude, mean, sigma)
    for kernel in (load("numpy"), load()):
        found = kernel.curve(x, Fit(offset, amplitude, mean, sigma))
        assert found.dtype == np.float32
        assert np.abs(found - expected).max() <= 1e-6 * (abs(offset) + abs(amplitude)) + 1e-30


def test_curves_of_nothing(kernel: Kernel) -> None:
    x = np.arange(4, dtype="f4")
    assert kernel.curve(x, Fit(3.0, 9.0, 1.0, 0.0)).tolist() == [3.0] * 4
    assert np.isnan(kernel.curve(x, Fit(3.0, np.nan, 1.0, 2.0))).all()
    assert np.isnan(kernel.curve(x, Fit(3.0, 1.0, 1.0, np.nan))).all()
