"""Passes over images: what is in C, what is in NumPy and the formulas say the same."""

import shutil
import sys
import sysconfig
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import MissingError, UsageError
from pyca.kernel.choice import VARIABLE, load
from pyca.kernel.kernel import Kernel
from tests.kernel.pixels import (
    KINDS,
    Case,
    assert_measured,
    assert_sums,
    cases,
    cleaned,
    random_image,
    sums,
    unaligned,
)

HAS_COMPILER = bool(
    (shutil.which("cc") or shutil.which("gcc"))
    and (Path(sysconfig.get_path("include")) / "Python.h").exists()
)


def kernels() -> list[Kernel]:
    """Return the one in NumPy and the one that is here."""
    return [load("numpy"), load()]


@pytest.fixture(params=["numpy", "native"])
def kernel(request: pytest.FixtureRequest) -> Kernel:
    try:
        return load(request.param)
    except MissingError as error:
        pytest.skip(error.message)


@pytest.mark.skipif(not HAS_COMPILER, reason="there is no C compiler, or no headers of Python")
def test_what_can_be_built_was_built() -> None:
    """“python setup.py build_ext --inplace” builds it in a source folder."""
    assert load("native").name == "native"


@given(cases())
def test_measure(case: Case) -> None:
    for kernel in kernels():
        assert_measured(kernel.measure(case.image), case.image)


@given(cases(), st.booleans(), st.sampled_from((-3, 0, 0.5, 1, 1.99, 30, 200, 70_000, 1e6, 1e12)))
def test_clean(case: Case, under: bool, threshold: float) -> None:
    background = case.background if under else None
    before = case.image.copy()
    expected = cleaned(case.image, background, threshold)
    for kernel in kernels():
        image, measured = kernel.clean(case.image, background, threshold)
        assert image.dtype == expected.dtype
        np.testing.assert_array_equal(image, expected)
        assert_measured(measured, image)
        assert image.flags.writeable
        assert not np.shares_memory(image, case.image)
    np.testing.assert_array_equal(case.image, before)


@given(cases(), st.booleans(), st.data())
def test_bands(case: Case, rows: bool, data: st.DataObject) -> None:
    image, axis = case.image, 0 if rows else 1
    place = st.integers(0, image.shape[axis])
    pair = st.tuples(place, place).map(sorted).map(lambda found: (found[0], found[1]))
    edges = data.draw(st.lists(pair, max_size=6))
    length = image.shape[1 - axis]
    for kernel in kernels():
        found = kernel.bands(image, edges, rows=rows)
        assert found.shape == (len(edges), length)
        for (first, end), band in zip(edges, found, strict=True):
            part = image[first:end] if rows else image[:, first:end]
            expected = sums(part, axis) if end > first else np.zeros(length, found.dtype)
            assert_sums(band, expected, image)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(40_003, 33), (5, 9001), (1, 4097), (16_385, 1), (70_000, 2)])
def test_large(kernel: Kernel, kind: str, shape: tuple[int, int]) -> None:
    """So high that 32 bits do not hold a column's sum, and wider than what is taken at a time."""
    most = 1e6 if np.dtype(kind).kind == "f" else np.iinfo(kind).max
    image = np.full(shape, most, kind)
    assert_measured(kernel.measure(image), image)
    assert_measured(kernel.clean(image, None, 1)[1], image)
    assert_sums(kernel.bands(image, [(0, shape[0])], rows=True)[0], sums(image, 0), image)
    assert_sums(kernel.bands(image, [(0, shape[1])], rows=False)[0], sums(image, 1), image)
    if np.dtype(kind).kind == "i":
        low = np.full(shape, np.iinfo(kind).min, kind)
        assert_measured(kernel.measure(low), low)


def test_a_part_is_not_copied(kernel: Kernel) -> None:
    part = random_image("u2", (400, 900), 1)[30:300, 70:800]
    edges = [(2, 9), (100, 200)]
    tracemalloc.start()
    try:
        kernel.measure(part)
        kernel.bands(part, edges, rows=True)
        kernel.bands(part, edges, rows=False)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < part.nbytes // 2


@pytest.mark.parametrize("kind", ["i1", "u8", "i8", "f2"])
def test_rare_types(kernel: Kernel, kind: str) -> None:
    image = np.arange(12).reshape(3, 4).astype(kind)
    assert kernel.measure(image).maximum == 11
    assert kernel.clean(image, image, 0)[1].maximum == 0
    assert kernel.bands(image, [(1, 3)], rows=True).tolist() == [[12, 14, 16, 18]]


@pytest.mark.parametrize("edges", [[(-1, 2)], [(0, 4)], [(2, 1)], [(0, 1), (0, 2**40)]])
@pytest.mark.parametrize("rows", [True, False])
def test_bands_outside(kernel: Kernel, edges: list[tuple[int, int]], rows: bool) -> None:
    with pytest.raises(ValueError, match="of an image of 3"):
        kernel.bands(np.zeros((3, 3), "u2"), edges, rows=rows)


@pytest.mark.parametrize("shape", [(0, 0), (0, 4), (4, 0)])
def test_without_pixels(kernel: Kernel, shape: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"zero-size|no pass over"):
        kernel.measure(np.zeros(shape, "u2"))


@pytest.mark.parametrize(
    ("shape", "kind"), [((3, 4), "u2"), ((4, 3), "u2"), ((4, 5), "u2"), ((4, 4), "u1"), ((4, 4), "u4")]
)
def test_another_background_is_not_read(shape: tuple[int, int], kind: str) -> None:
    native = pytest.importorskip("pyca.kernel.with_native").NativeKernel()
    with pytest.raises(ValueError, match="another shape"):
        native.clean(np.zeros((4, 4), "u2"), np.zeros(shape, kind), 0)


def test_what_is_not_as_said_is_not_touched() -> None:
    """Whoever calls C with anything gets an error, and no memory is read that is none of theirs."""
    native = pytest.importorskip("pyca.kernel.native")
    image, x, y = np.zeros((4, 6), "u2"), np.zeros(6, "i8"), np.zeros(4, "i8")
    one, edges, axis = np.zeros(1, "u2"), np.array([[0, 7]], "i8"), np.zeros(5, "f4")
    calls: list[tuple[Any, tuple[Any, ...]]] = [
        (native.scan, ("u2", 5, 6, image, None, 0.0, None, x, y, one, one)),
        (native.scan, ("u4", 4, 6, image, None, 0.0, None, x, y, one, one)),
        (native.scan, ("u2", 4, 6, image[:, ::2], None, 0.0, None, x, y, one, one)),
        (native.scan, ("u2", 4, 6, image, None, 0.0, None, x[:5], y, one, one)),
        (native.scan, ("u2", 4, 6, image, None, 0.0, None, x, y[:3], one, one)),
        (native.scan, ("u2", 4, 6, image, None, 0.0, None, x, y, one, one[:0])),
        (native.scan, ("u2", 4, 6, image, None, 0.0, image[::-1], x, y, one, one)),
        (native.scan, ("u2", 4, 6, image, None, 0.0, None, x.astype("f4"), y, one, one)),
        (native.scan, ("c8", 4, 6, image, None, 0.0, None, x, y, one, one)),
        (native.scan, ("u2", -4, 6, image, None, 0.0, None, x, y, one, one)),
        (native.bands, ("u2", 4, 6, image, edges, False, np.zeros((1, 4), "i8"))),
        (native.bands, ("u2", 4, 6, image, edges - 1, False, np.zeros((1, 4), "i8"))),
        (native.bands, ("u2", 4, 6, image, edges[:, ::-1], False, np.zeros((1, 4), "i8"))),
        (native.bands, ("u2", 4, 6, image, edges[:0], True, np.zeros((1, 6), "i8"))),
        (native.bands, ("u2", 4, 6, image, edges, True, np.zeros((1, 5), "i8"))),
        (native.bands, ("u2", 4, 6, image, edges * 0, True, np.zeros((2, 6), "i8"))),
        (native.scan, ("u2", 4, 6, unaligned(image), None, 0.0, None, x, y, one, one)),
        (native.gaussian, (axis, axis[:4])),
        (native.gaussian, (axis[:0], axis[:0])),
        (native.gaussian, (axis.astype("f8"), axis)),
        (native.curve, (axis, 0.0, 1.0, 0.0, 1.0, axis[::2])),
    ]
    for function, arguments in calls:
        with pytest.raises(ValueError, match=r"\w"):
            function(*arguments)
    for function, arguments in [(native.scan, ()), (native.gaussian, (1, 2)), (native.bands, (1,))]:
        with pytest.raises(TypeError):
            function(*arguments)
    frozen = np.zeros(6, "i8")
    frozen.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        native.scan("u2", 4, 6, image, None, 0.0, None, frozen, y, one, one)


def test_several_threads_at_once(kernel: Kernel) -> None:
    images = [random_image("u2", (64, 200), seed) for seed in range(8)]
    under = random_image("u2", (64, 200), 99)
    expected = [cleaned(image, under, 500) for image in images]
    with ThreadPoolExecutor(4) as threads:
        for _ in range(5):
            found = list(threads.map(lambda image: kernel.clean(image, under, 500), images))
            for (image, measured), right in zip(found, expected, strict=True):
                assert np.array_equal(image, right)
                assert_measured(measured, right)


def test_unaligned_memory_is_read(kernel: Kernel) -> None:
    image = random_image("f8", (5, 7), 3)
    assert not unaligned(image).flags.aligned
    assert_measured(kernel.measure(unaligned(image)), image)


def test_one_row_of_others_that_are_not_aligned(kernel: Kernel) -> None:
    rows = random_image("u1", (3, 9), 3)[:, :8].view("u2")
    assert_measured(kernel.measure(rows), rows)
    assert_measured(kernel.measure(rows[:1]), rows[:1])


class TestChoice:
    """Which one is used."""

    def test_by_name(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "numpy")
        assert load().name == "numpy"

    def test_what_is_said_comes_before_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "something")
        assert load("numpy").name == "numpy"

    def test_another(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "fortran")
        with pytest.raises(UsageError, match=r"PYCA_KERNEL: found “fortran”, expected native or numpy"):
            load()

    def test_without_c(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.delitem(sys.modules, "pyca.kernel.with_native", raising=False)
        monkeypatch.setitem(sys.modules, "pyca.kernel.native", None)
        assert load().name == "numpy"
        with pytest.raises(MissingError, match="the kernel in C was not built") as caught:
            load("native")
        assert "compiler" in caught.value.remedy
