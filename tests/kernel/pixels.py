"""Random images in every shape, type and order of memory, and what formulas say about them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from pyca.kernel.kernel import Image, Measured

KINDS = ("u1", "u2", "u4", "i2", "i4", "f4", "f8")
SIZES = (1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 32, 33, 63, 64, 65, 100, 131)
VIEWS = {
    "plain": lambda image: image,
    "upside down": lambda image: image[::-1],
    "mirrored": lambda image: image[:, ::-1],
    "every other row": lambda image: image[::2],
    "every third column": lambda image: image[:, ::3],
    "transposed": lambda image: image.T,
    "part": lambda image: image[len(image) // 3 :, image.shape[1] // 3 :],
    "one column": lambda image: image[:, -1:],
    "by columns": np.asfortranarray,
    "swapped": lambda image: image.astype(image.dtype.newbyteorder()),
    "unaligned": lambda image: unaligned(image),
    "one row many times": lambda image: np.broadcast_to(image[:1], image.shape),
    "one pixel many times": lambda image: np.broadcast_to(image[:1, :1], image.shape),
    "read-only": lambda image: np.frombuffer(image.tobytes(), image.dtype).reshape(image.shape),
}


def unaligned(image: Image) -> Image:
    memory = np.zeros(image.nbytes + 1, "u1")
    found = memory[1:].view(image.dtype).reshape(image.shape)
    found[:] = image
    return found


def random_image(kind: str, shape: tuple[int, int], seed: int, *, strange: bool = False) -> Image:
    """Return an image that uses its type's whole range; strange ones of fractions hold what is no number."""
    random, dtype = np.random.default_rng(seed), np.dtype(kind)
    if dtype.kind == "f":
        image = (random.normal(size=shape) * 10.0 ** random.integers(-3, 9)).astype(dtype)
        if strange:
            for odd in (np.nan, np.inf, -np.inf, 0.0):
                image[random.random(shape) < random.choice((0, 0.1, 0.6))] = odd
            if random.random() < 0.2:
                image[:] = np.nan
        return image
    limits = np.iinfo(dtype)
    image = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    if random.random() < 0.3:
        image[:] = random.choice((limits.min, limits.max))
    return image


@dataclass(frozen=True)
class Case:
    """An image in some order of memory, and a background for it in another."""

    image: Image
    background: Image


@st.composite
def cases(draw: st.DrawFn) -> Case:
    kind, seed, strange = draw(st.sampled_from(KINDS)), draw(st.integers(0, 2**32)), draw(st.booleans())
    shape = (draw(st.sampled_from(SIZES)), draw(st.sampled_from(SIZES)))
    image = VIEWS[draw(st.sampled_from(sorted(VIEWS)))](random_image(kind, shape, seed, strange=strange))
    under = random_image(kind, image.shape, seed + 1, strange=strange)
    turned = VIEWS[draw(st.sampled_from(("plain", "upside down", "mirrored", "by columns", "swapped")))](
        under
    )
    return Case(image, turned)


def sums(image: Image, axis: int) -> NDArray[Any]:
    """Return sums in another way than NumPy's own, of whole numbers exact."""
    with np.errstate(all="ignore"):
        if image.dtype.kind == "f":
            return np.add.accumulate(image.astype("f8"), axis=axis).take(-1, axis=axis)
        return np.ones(image.shape[axis], np.int64) @ np.moveaxis(image.astype(np.int64), axis, 0)


def cleaned(image: Image, background: Image | None, threshold: float) -> Image:
    """Return what the formulas make of an image, pixel by pixel."""
    own = image.dtype.newbyteorder("=")
    with np.errstate(all="ignore"):
        if image.dtype.kind == "f":
            less = image.astype(own) - (0 if background is None else background.astype(own))
        else:
            limits = np.iinfo(own)
            far = image.astype(object) - (0 if background is None else background.astype(object))
            less = np.clip(far, limits.min, limits.max).astype(own)
        return np.where((int(threshold) > 0) & (less < float(int(threshold))), 0, less).astype(own)


def assert_measured(found: Measured, image: Image) -> None:
    """Check what was found in an image against the formulas."""
    numbers = image[~np.isnan(image)]
    if numbers.size:
        assert found.minimum == numbers.min()
        assert found.maximum == numbers.max()
    else:
        assert np.isnan(found.minimum)
        assert np.isnan(found.maximum)
    assert_sums(found.x_profile, sums(image, 0), image)
    assert_sums(found.y_profile, sums(image, 1), image)


def assert_sums(found: NDArray[Any], expected: NDArray[Any], image: Image) -> None:
    assert found.shape == expected.shape
    if image.dtype.kind != "f":
        assert found.dtype == np.int64
        assert np.array_equal(found, expected)
        return
    assert found.dtype == np.float64
    finite = np.abs(image[np.isfinite(image)].astype("f8"))
    # What digits are lost depends on the order; it is little beside what was summed up.
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12 * float(finite.sum()))
