"""What every kind of camera must do. A kind's test module has a class ``TestXyz(SourceContract)``.

Give ``kind`` and the fixture ``camera``, and where the kind can be offline the fixture ``missing``; override
``quiet`` where a camera of this kind can be there and send nothing. Further tests of the kind may be in the
same class.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from pyca.core.errors import OfflineError, SourceError
from pyca.images.image import KINDS
from pyca.sources.catalogue import Kind, kinds
from pyca.sources.frame import Frame
from pyca.sources.source import OFFLINE_SECONDS, Source
from tests.tools import wait_for

PATIENCE = 60.0
"""seconds for what takes a moment on a machine that has nothing else to do"""


@dataclass(frozen=True)
class Mortal:
    """A camera that goes away and comes back.

    :param go: has it gone, without a word
    :param come: has it there again, at the same address
    """

    camera: "Camera"
    go: Callable[[], None]
    come: Callable[[], None]


@dataclass(frozen=True)
class Camera:
    """A camera as a configuration has it.

    :param size: width and height of its images, of which there are 100 or more each second
    """

    source: str
    size: tuple[int, int] = (0, 0)
    options: Mapping[str, Any] = field(default_factory=dict)


def expanded(kind: Kind, given: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a kind; those given must be known and fit."""
    known = {option.name: option for option in kind.options}
    assert not set(given) - set(known)
    wrong = {name: known[name].check(value) for name, value in given.items() if known[name].check(value)}
    assert not wrong
    defaults = {name: option.default for name, option in known.items()}
    return defaults | {name: value for name, value in given.items() if value is not None}


def made(kind: str, camera: Camera) -> Source:
    """A camera as the server makes it, not open."""
    found = kinds()[kind]
    return found.make(camera.source, expanded(found, camera.options))


@contextmanager
def opening(kind: str) -> Iterator[Callable[..., Source]]:
    """Return a function that opens cameras, which are closed at the end."""
    sources: list[Source] = []

    def open_one(source: str, **options: Any) -> Source:
        sources.append(made(kind, Camera(source, options=options)))
        sources[-1].open()
        return sources[-1]

    yield open_one
    for source in sources:
        source.close()


def next_frame(source: Source, seconds: float = PATIENCE) -> Frame:
    """The next frame, which must come."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        frame = source.receive(0.2)
        if frame is not None:
            return frame
    pytest.fail(f"no frame came within {seconds:.0f} s")


def asked(source: Source, seconds: float) -> Frame | None:
    """The next frame of a camera that may be away, None where none came."""
    try:
        return source.receive(seconds)
    except OfflineError:
        return None


def why_offline(source: Source) -> str:
    """Why a camera is offline that was there, which must be told."""

    def told() -> str:
        try:
            source.receive(0.2)
        except OfflineError as error:
            return error.message
        return ""

    return wait_for(told, "that it is offline")


class SourceContract:
    """The tests."""

    kind = ""
    counts_lost = True
    """False where nobody can know what a camera of this kind has lost"""
    slowest_offline = OFFLINE_SECONDS + 20
    """seconds; much more than promised, for a machine that does many things at once"""

    @pytest.fixture
    def camera(self) -> Camera:
        """One that sends images all the time, as fast as somebody may forget to ask for them."""
        raise NotImplementedError

    @pytest.fixture
    def quiet(self) -> Camera:
        """One that is there, and sends fewer images than one in 20 seconds."""
        pytest.skip("this kind of camera is never quiet")

    @pytest.fixture
    def missing(self) -> Camera:
        """One that does not answer."""
        pytest.skip("this kind of camera is never offline")

    @pytest.fixture
    def mortal(self) -> Mortal:
        """One that can go away."""
        pytest.skip("this kind of camera never goes away")

    @pytest.fixture
    def source(self, camera: Camera) -> Iterator[Source]:
        source = made(self.kind, camera)
        source.open()
        yield source
        source.close()

    def test_nothing_happens_before_it_is_opened(self, camera: Camera) -> None:
        source = made(self.kind, camera)
        assert source.lost == 0
        source.close()

    def test_a_missing_camera_can_be_made(self, missing: Camera) -> None:
        made(self.kind, missing).close()

    def test_a_closed_camera_gives_no_frame(self, camera: Camera) -> None:
        source = made(self.kind, camera)
        with pytest.raises(SourceError):
            source.receive(0)

    def test_frames_are_images_of_the_size_it_says(self, source: Source, camera: Camera) -> None:
        assert source.size() == camera.size
        for _ in range(3):
            image = next_frame(source).image
            assert image.ndim == 2
            assert image.dtype.newbyteorder("=") in KINDS
            assert image.shape == camera.size[::-1]
        assert source.size() == camera.size

    def test_time_goes_on_from_frame_to_frame(self, source: Source) -> None:
        frames = [next_frame(source) for _ in range(5)]
        times = [frame.nanoseconds for frame in frames]
        assert times == sorted(set(times))
        assert all(isinstance(moment, int) for moment in times)
        pulses = [frame.pulse_id for frame in frames if frame.pulse_id is not None]
        assert pulses == sorted(set(pulses))
        assert len(pulses) in (0, len(frames))

    def test_frames_are_never_changed_afterwards(self, source: Source) -> None:
        frames = [next_frame(source) for _ in range(4)]
        copies = [np.array(frame.image) for frame in frames]
        for _ in range(20):
            next_frame(source)
        assert all(map(np.array_equal, (frame.image for frame in frames), copies))

    def test_frames_that_nobody_got_are_counted(self, source: Source) -> None:
        if not self.counts_lost:
            pytest.skip("a camera of this kind does not tell")
        next_frame(source)
        wait_for(lambda: source.receive(1) and source.lost, "a frame that is lost")

    def test_no_frame_is_none(self, quiet: Camera) -> None:
        source = made(self.kind, quiet)
        source.open()
        try:
            # The first one may be there, or one that was on its way.
            wait_for(lambda: source.receive(0.01) is None, "no frame")
        finally:
            source.close()

    def test_not_to_wait_is_possible(self, source: Source) -> None:
        wait_for(lambda: source.receive(0) is not None, "a frame without waiting for it")

    def test_it_can_be_closed_twice(self, source: Source) -> None:
        next_frame(source)
        source.close()
        source.close()

    def test_it_can_be_opened_again(self, source: Source, camera: Camera) -> None:
        next_frame(source)
        source.close()
        source.open()
        assert next_frame(source).image.shape == camera.size[::-1]
        assert source.size() == camera.size

    def test_a_camera_that_does_not_answer_is_offline(self, missing: Camera) -> None:
        source = made(self.kind, missing)
        for _ in range(2):
            began = time.monotonic()
            with pytest.raises(OfflineError) as told:
                source.open()
            assert time.monotonic() - began < self.slowest_offline
            assert told.value.message
            source.close()

    def test_a_camera_that_goes_away_is_offline_until_it_comes_back(self, mortal: Mortal) -> None:
        source = made(self.kind, mortal.camera)
        source.open()
        try:
            next_frame(source)
            mortal.go()
            reason = why_offline(source)
            # As long as it lasts.
            assert why_offline(source) == reason
            mortal.come()
            wait_for(lambda: asked(source, 0.2), "its return")
            assert source.size() == mortal.camera.size
        finally:
            source.close()

    def test_a_camera_that_went_away_can_be_opened_again(self, mortal: Mortal) -> None:
        source = made(self.kind, mortal.camera)
        source.open()
        try:
            next_frame(source)
            mortal.go()
            why_offline(source)
            source.close()
            mortal.come()
            source.open()
            next_frame(source)
        finally:
            source.close()


def check_options(name: str) -> None:
    """The keys of a kind can be in a camera's configuration."""
    options = kinds()[name].options
    names = [option.name for option in options]
    assert len(set(names)) == len(names)
    assert all(name.isidentifier() and name.islower() for name in names)
    for option in options:
        assert option.check(option.default) == "", option.name
        nonsense = option.check(object())
        assert nonsense, f"{option.name} takes anything"
        assert not nonsense[0].isupper()
