"""How long processing of an image takes in one process, where time goes, and what memory allows."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from typing import Any

import numpy as np

from benchmarks import limits
from benchmarks.figures import Row
from pyca.kernel.choice import load
from pyca.kernel.kernel import Fit, Image, Kernel, Measured, Profile, Vector
from pyca.pipeline.files.configuration import parse
from pyca.pipeline.processing.default import parameters_text, process_image
from pyca.pipeline.processing.prepare import Preparation

SIZES = ((1280, 960), (2048, 2048))
_IMAGES = 16
"""taken in turn, so that none is in the processor's own memory when it comes"""
_CLEAN: Mapping[str, Any] = {
    "image_background": "any",
    "image_background_enable": True,
    "image_threshold": 30,
}
_ALL: Mapping[str, Any] = {
    **_CLEAN,
    "image_good_region": {"threshold": 0.3, "gfscale": 1.8},
    "image_slices": {"number_of_slices": 5, "scale": 2.0, "orientation": "vertical"},
}
_CASES: Sequence[tuple[str, Mapping[str, Any], tuple[float, float], tuple[float, float]]] = (
    ("default", {}, (3.17, 7.5), (0.3, 0.7)),
    ("background + threshold", _CLEAN, (11.1, 35.2), (0.55, 1.5)),
    ("background + threshold + good region + 5 slices", _ALL, (17.0, 43.8), (1.0, 2.2)),
)


class _Timed:
    """A kernel that knows how long it took for what. A :class:`pyca.kernel.kernel.Kernel`."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.name = kernel.name
        self.taken = {"passes over the image": 0.0, "fits": 0.0, "curves": 0.0, "sums of slices": 0.0}

    def measure(self, image: Image) -> Measured:
        with self._timed("passes over the image"):
            return self._kernel.measure(image)

    def clean(self, image: Image, background: Image | None, threshold: float) -> tuple[Image, Measured]:
        with self._timed("passes over the image"):
            return self._kernel.clean(image, background, threshold)

    def bands(self, image: Image, edges: Sequence[tuple[int, int]], *, rows: bool) -> Profile:
        with self._timed("sums of slices"):
            return self._kernel.bands(image, edges, rows=rows)

    def fit(self, axis: Vector, profile: Profile) -> Fit:
        with self._timed("fits"):
            return self._kernel.fit(axis, profile)

    def curve(self, axis: Vector, fit: Fit) -> Vector:
        with self._timed("curves"):
            return self._kernel.curve(axis, fit)

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.taken[what] += time.perf_counter() - begun


def processing(quick: bool) -> Iterator[Row]:
    """Measure what is done with an image between its arrival and its sending, and show where time goes."""
    kernel = load()
    for place, size in enumerate(SIZES):
        images, name = _images(size), f"{size[0]}×{size[1]}, {kernel.name}"
        for case, more, existing, target in _CASES:
            what = f"{name}: {case}"
            whole = _each(images, _work(more, size, kernel), quick)
            yield Row(what, f"{existing[place]} ms", target[place], "ms", whole)
            timed = _Timed(kernel)
            rounds = _each(images, _work(more, size, timed), quick)
            known = {part: 1000 * seconds / len(rounds) for part, seconds in timed.taken.items()}
            known["the rest"] = sum(rounds) / len(rounds) - sum(known.values())
            for part, mean in known.items():
                if mean:
                    yield Row(f"{what}, {part} (mean)", "–", None, "ms", (mean,))


def passes(quick: bool) -> Iterator[Row]:
    """Measure passes over images beside what memory allows, one after the other in the same minute."""
    kernel = load()
    for size in SIZES:
        images, name = _images(size), f"{size[0]}×{size[1]}"
        background = np.full(images[0].shape, 100, np.uint16)
        read: list[float] = []
        seen, cleaned, copied = read.copy(), read.copy(), read.copy()
        for _ in range(3 if quick else 10):
            read += _each(images, _read, True)
            seen += _each(images, kernel.measure, True)
            copied += _each(images, np.copy, True)
            cleaned += _each(images, partial(kernel.clean, background=background, threshold=30), True)
        yield Row(f"{name}: one core reads an image", "–", None, "ms", tuple(read))
        yield Row(f"{name}, {kernel.name}: pass over an image", "–", None, "ms", tuple(seen))
        ratio = float(np.median(seen) / np.median(read))
        yield Row(f"{name}, {kernel.name}: that pass ÷ that reading", "26–37", 1.4, "×", (ratio,))
        yield Row(f"{name}: one core copies an image", "–", None, "ms", tuple(copied))
        yield Row(f"{name}, {kernel.name}: background + threshold", "–", None, "ms", tuple(cleaned))


def _read(image: Image) -> object:
    return np.bitwise_or.reduce(image.reshape(-1).view(np.uint64))


def _work(more: Mapping[str, Any], size: tuple[int, int], kernel: Kernel) -> Callable[[Image], object]:
    width, height = size
    configuration = parse("benchmark", {"camera_name": "any", **more})
    background = np.full((height, width), 90, np.uint16)
    preparation = Preparation(configuration, background, kernel)
    parameters = configuration.as_json()
    text = parameters_text(parameters)
    axes = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)

    def work(image: Image) -> object:
        found = preparation.apply(image, *axes)
        if found is None:
            raise RuntimeError("nothing was prepared")
        return process_image(
            found.image,
            1,
            1.5,
            found.x_axis,
            found.y_axis,
            parameters,
            kernel=kernel,
            measured=found.measured,
            text=text,
        )

    return work


def _images(size: tuple[int, int]) -> list[Image]:
    images: list[Image] = [limits.image(*size, seed=seed) for seed in range(_IMAGES)]
    for image in images:
        image.flags.writeable = False
    return images


def _each(images: Sequence[Image], work: Callable[[Image], object], quick: bool) -> tuple[float, ...]:
    """Return the milliseconds that work takes for each of many images."""
    taken, following = [], cycle(images)
    # The first ones make memory and load libraries.
    for _ in range(5):
        work(next(following))
    for _ in range(2 * _IMAGES if quick else 400):
        image = next(following)
        begun = time.perf_counter()
        work(image)
        taken.append(1000 * (time.perf_counter() - begun))
    return tuple(taken)
