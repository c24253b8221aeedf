"""The Gaussian: where a fit begins, what counts as one, and how it is found without C.

y = offset + amplitude · exp(-(x - mean)² / 2σ²), by Levenberg and Marquardt's method with exact
derivatives. All that a step needs are sums over the profile.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pyca.kernel.kernel import Fit, Profile, Vector, vector

_FEWEST = 5
"""points by which four parameters are more than met"""
_EXPLAINED = 0.5
"""of a profile's variance, by a fit that is one beyond doubt"""
_SMALL_STEP = 1e-8
_MOST_STEPS = 100
_DAMPING = 1e-3
_MOST_DAMPING = 1e12
_LEAST_DAMPING = 1e-11


class Parameters(NamedTuple):
    """In the order in which they are solved for."""

    offset: float
    amplitude: float
    mean: float
    sigma: float


NOTHING = Parameters(0.0, 0.0, 0.0, 1.0)
"""of a profile without points"""
Search = Callable[[Vector, Vector], tuple[Parameters, Parameters | None]]
"""(axis, profile) → where a fit begins, and the parameters that fit, where that is beyond doubt"""


def fit(axis: Vector, profile: Profile, look: Search) -> Fit:
    """Fit a Gaussian to a profile, see :meth:`pyca.kernel.kernel.Kernel.fit`.

    Where the way to the best parameters is not clear, MINPACK decides; where that finds none, the start
    stands.
    """
    x, y = vector(axis), vector(profile)
    begin, found = look(x, y) if len(x) else (NOTHING, None)
    if found is None and _can_begin(begin, len(x)):
        found = _by_minpack(x, y, begin)
    if found is None:
        return _fit_of(begin, converged=False)
    return _fit_of(found)


def search(axis: Vector, profile: Vector) -> tuple[Parameters, Parameters | None]:
    """Look for the parameters that fit; a :data:`Search` without C."""
    begin = start(axis, profile)
    if not _can_begin(begin, len(axis)):
        return begin, None
    found, done, rest = _improve(axis, profile, begin)
    return begin, found if done and _is_sane(axis, profile, found, rest) else None


def start(axis: Vector, profile: Vector) -> Parameters:
    """Return where a fit begins; σ is negative on an axis that descends.

    :param axis: (n,), at least one
    :param profile: (n,)
    """
    offset = float(profile.min())
    amplitude = float(profile.max()) - offset
    mean = float(axis[profile.argmax()])
    if not amplitude:
        return Parameters(offset, amplitude, mean, 1.0)
    with np.errstate(all="ignore"):
        above = profile.astype(np.float64) - offset
        area = float(np.sum((above[1:] + above[:-1]) * np.diff(axis.astype(np.float64)))) / 2
    return Parameters(offset, amplitude, mean, area / (amplitude * math.sqrt(2 * math.pi)))


def curve(axis: Vector, found: Fit) -> Vector:
    """Return a fit's values along an axis."""
    if not found.standard_deviation:
        return np.full(len(axis), found.offset, np.float32)
    with np.errstate(all="ignore"):
        z = (axis.astype(np.float64) - found.mean) / found.standard_deviation
        return (found.offset + found.amplitude * np.exp(-0.5 * z * z)).astype(np.float32)


def _can_begin(begin: Parameters, points: int) -> bool:
    return points >= _FEWEST and begin.amplitude != 0 and begin.sigma != 0 and all(map(math.isfinite, begin))


def _improve(axis: Vector, profile: Vector, begin: Parameters) -> tuple[Parameters, bool, float]:
    """Return better parameters, whether they are final, and the sum of the squares that they leave."""
    x, y = axis.astype(np.float64), profile.astype(np.float64)
    at = np.array(begin)
    jacobian, rest = _look(x, y, at)
    damping, left = _DAMPING, float(rest @ rest)
    for _ in range(_MOST_STEPS):
        step = _step(jacobian, rest, damping)
        if step is not None:
            small = _is_small(step, at)
            next_jacobian, next_rest = _look(x, y, at + step)
            less = float(next_rest @ next_rest)
            if less <= left:
                at, jacobian, rest, left = at + step, next_jacobian, next_rest, less
                if small and damping <= 1e-2:
                    return Parameters(*map(float, at)), True, left
                damping = damping * 0.1 if damping > _LEAST_DAMPING else damping
                continue
            if small:
                return Parameters(*map(float, at)), True, left
        damping *= 10
        if damping > _MOST_DAMPING:
            break
    return Parameters(*map(float, at)), False, left


def _look(
    x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the derivatives, (4, n), and what is not explained, (n,)."""
    offset, amplitude, mean, sigma = at
    with np.errstate(all="ignore"):
        z = (x - mean) / sigma
        e = np.exp(-0.5 * z * z)
        by_mean = amplitude / sigma * e * z
        return np.stack((np.ones_like(e), e, by_mean, by_mean * z)), y - (offset + amplitude * e)


def _step(
    jacobian: NDArray[np.float64], rest: NDArray[np.float64], damping: float
) -> NDArray[np.float64] | None:
    normal = jacobian @ jacobian.T
    normal[np.diag_indices(4)] *= 1 + damping
    try:
        # Only of a positive matrix there is one.
        np.linalg.cholesky(normal)
        step = np.asarray(np.linalg.solve(normal, jacobian @ rest), np.float64)
    except np.linalg.LinAlgError:
        return None
    return step if np.isfinite(step).all() else None


def _is_small(step: NDArray[np.float64], at: NDArray[np.float64]) -> bool:
    height, width = abs(at[0]) + abs(at[1]), abs(at[3])
    limits = _SMALL_STEP * np.array((height, height, width, width))
    return bool((np.abs(step) <= limits).all())


def _is_sane(axis: Vector, profile: Vector, found: Parameters, rest: float) -> bool:
    """Tell whether a fit is one beyond doubt."""
    if not all(map(math.isfinite, found)):
        return False
    span = abs(float(axis[-1]) - float(axis[0]))
    pixel = span / (len(axis) - 1)
    deviations = profile.astype(np.float64) - float(profile.mean(dtype=np.float64))
    explains = rest <= (1 - _EXPLAINED) * float(deviations @ deviations)
    return explains and 0.1 * pixel < abs(found.sigma) < 2 * span


def _by_minpack(axis: Vector, profile: Vector, begin: Parameters) -> Parameters | None:
    from scipy.optimize import leastsq

    x, y = axis.astype(np.float64), profile.astype(np.float64)
    with np.errstate(all="ignore"):
        found, *_, success = leastsq(
            lambda at: -_look(x, y, at)[1],
            begin,
            Dfun=lambda at: _look(x, y, at)[0],
            col_deriv=True,
            full_output=True,
        )
    if success not in (1, 2, 3, 4) or not np.isfinite(found).all():
        return None
    return Parameters(*map(float, found))


def _fit_of(found: Parameters, *, converged: bool = True) -> Fit:
    return Fit(found.offset, found.amplitude, found.mean, abs(found.sigma), converged)
