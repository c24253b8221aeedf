"""Cameras by Channel Access, from a real IOC on loopback."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.core.errors import OfflineError, SourceError
from pyca.sources import area_detector, epics
from pyca.sources.frame import Frame
from pyca.sources.source import Source
from tests.soft_ioc import SoftIoc
from tests.soft_ioc import made as image_number
from tests.sources.contract import Camera, Mortal, SourceContract, asked, made, next_frame, why_offline
from tests.tools import wait_for

pytest.importorskip("caproto")
SIZE = 64, 48
RATE = 200.0


@pytest.fixture(params=["pyepics", "caproto"])
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if name == "pyepics":
        pytest.importorskip("epics")
    return name


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that does many things at once is no reason to call a camera offline."""
    if not {"missing", "offline"} & set(request.fixturenames):
        monkeypatch.setattr(epics, "OFFLINE_SECONDS", 30.0)
        monkeypatch.setattr(area_detector, "OFFLINE_SECONDS", 30.0)


@pytest.fixture
def offline() -> None:
    """Have :func:`patience` leave the time as it is."""


class TestEpics(SourceContract):
    kind = "epics"

    @pytest.fixture
    def camera(self, soft_ioc: SoftIoc, library: str) -> Camera:
        soft_ioc.put("RATE", RATE)
        return Camera(soft_ioc.prefix, SIZE, {"library": library})

    @pytest.fixture
    def quiet(self, soft_ioc: SoftIoc, library: str) -> Camera:
        soft_ioc.put("RATE", 0)
        return Camera(soft_ioc.prefix, SIZE, {"library": library})

    @pytest.fixture
    def missing(self, soft_ioc: SoftIoc, library: str) -> Camera:
        return Camera("NOBODY:HAS:THIS", options={"library": library})

    @pytest.fixture
    def mortal(self, soft_ioc: SoftIoc, camera: Camera) -> Mortal:
        return Mortal(camera, soft_ioc.kill, soft_ioc.start)

    def test_it_says_which_one_is_offline(self, mortal: Mortal) -> None:
        source = made(self.kind, mortal.camera)
        source.open()
        next_frame(source)
        mortal.go()
        assert why_offline(source) == f"Camera with prefix {mortal.camera.source.strip(':')} is offline"
        source.close()


class TestAreaDetector(TestEpics):
    kind = "area_detector"

    @pytest.fixture
    def library(self) -> str:
        return "auto"

    @pytest.fixture
    def camera(self, soft_ioc: SoftIoc, library: str) -> Camera:
        soft_ioc.put("RATE", RATE)
        return Camera(soft_ioc.detector + ":", SIZE, {"library": library})

    @pytest.fixture
    def quiet(self, soft_ioc: SoftIoc, library: str) -> Camera:
        soft_ioc.put("RATE", 0)
        return Camera(soft_ioc.detector, SIZE, {"library": library})


@pytest.fixture
def camera(soft_ioc: SoftIoc, library: str) -> Iterator[Source]:
    yield from opened("epics", soft_ioc.prefix, library=library)


@pytest.fixture
def detector(soft_ioc: SoftIoc, library: str) -> Iterator[Source]:
    yield from opened("area_detector", soft_ioc.detector, library=library)


def opened(kind: str, source: str, **options: Any) -> Iterator[Source]:
    camera = made(kind, Camera(source, options=options))
    camera.open()
    yield camera
    camera.close()


def next_good(camera: Source) -> Frame:
    """The next frame; while a camera changes there may be errors."""

    def good() -> Frame | None:
        try:
            return camera.receive(1)
        except SourceError:
            return None

    frame = wait_for(good, "an image")
    assert frame is not None
    return frame


def right(image: Any, size: tuple[int, int] = SIZE) -> bool:
    return bool(np.array_equal(image, image_number(int(image[0, 0]), *size)))


def error_of(camera: Source, part: str) -> str:
    """The error with this in its words, which must come; none of another kind."""

    def told() -> str:
        try:
            camera.receive(1)
        except SourceError as error:
            return str(error)
        return ""

    return wait_for(lambda: (text := told()) and part in text and text, f"“{part}”")


def why_not(camera: Source) -> str:
    """Why a camera cannot be opened."""
    try:
        camera.open()
    except SourceError as error:
        return str(error)
    return "no error"


def test_values_are_exact_and_unsigned(camera: Source) -> None:
    for _ in range(20):
        image = next_frame(camera).image
        assert image.dtype == np.uint16 and image.dtype.isnative
        assert image.max() > 32_767
        assert right(image)


def test_times_are_those_of_the_ioc(camera: Source) -> None:
    began = time.time_ns()
    wait_for(lambda: next_frame(camera).nanoseconds > began, "an image that was made now")
    assert next_frame(camera).nanoseconds < time.time_ns()


def test_an_image_of_the_wrong_length_is_an_error_and_the_next_goes_on(
    soft_ioc: SoftIoc, camera: Source
) -> None:
    next_frame(camera)
    soft_ioc.put("ELEMENTS", 100)
    error = error_of(camera, "100 elements")
    assert "TEST:CAM:FPICTURE has 100 elements, 64 × 48 = 3072 are expected" in error
    soft_ioc.put("ELEMENTS", 0)
    assert right(next_good(camera).image)


def test_another_size_is_followed(soft_ioc: SoftIoc, camera: Source) -> None:
    next_frame(camera)
    soft_ioc.put("RATE", 0)
    soft_ioc.put("WIDTH", 100)
    soft_ioc.put("HEIGHT", 30)
    soft_ioc.put("RATE", RATE)
    wait_for(lambda: camera.size() == (100, 30), "the new size")
    wait_for(lambda: next_good(camera).image.shape == (30, 100), "an image of that size")
    assert right(next_frame(camera).image, (100, 30))


def test_a_camera_comes_back_by_itself(soft_ioc: SoftIoc, camera: Source) -> None:
    next_frame(camera)
    soft_ioc.kill()
    wait_for(lambda: asked(camera, 0.1) is None, "silence")
    assert asked(camera, 0.1) is None
    soft_ioc.start("--size", "32x16", "--kind", "char")
    image = next_good(camera).image
    assert image.shape == (16, 32)
    assert image.dtype == np.uint8
    assert camera.size() == (32, 16)


def test_a_detector_comes_back_by_itself(soft_ioc: SoftIoc, detector: Source) -> None:
    before = next_frame(detector)
    soft_ioc.kill()
    wait_for(lambda: asked(detector, 0.1) is None, "silence")
    soft_ioc.start()
    frame = next_good(detector)
    assert right(frame.image)
    assert frame.nanoseconds > before.nanoseconds


@pytest.mark.parametrize(
    ("library", "kind", "dtype"),
    [
        ("pyepics", "char", "u1"),
        ("pyepics", "long", "i4"),
        ("pyepics", "float", "f4"),
        ("pyepics", "double", "f8"),
        ("caproto", "char", "u1"),
        ("caproto", "float", "f4"),
    ],
)
def test_types(soft_ioc: SoftIoc, library: str, kind: str, dtype: str) -> None:
    pytest.importorskip(library.removeprefix("py"))
    soft_ioc.kill()
    soft_ioc.start("--kind", kind)
    for camera in opened("epics", soft_ioc.prefix, library=library):
        image = next_frame(camera).image
        assert image.dtype == np.dtype(dtype)
        expected = image_number(int(image[0, 0]), *SIZE)
        assert np.array_equal(image, expected.astype(dtype))


def test_unsigned_short_integers_that_come_as_long_ones(soft_ioc: SoftIoc, library: str) -> None:
    soft_ioc.kill()
    soft_ioc.start("--kind", "long")
    for camera in opened("epics", soft_ioc.prefix, library=library, dtype="uint16"):
        image = next_frame(camera).image
        assert image.dtype == np.uint16
        assert right(image)


def test_an_image_of_words(soft_ioc: SoftIoc, library: str) -> None:
    soft_ioc.kill()
    soft_ioc.start("--kind", "string")
    for camera in opened("epics", soft_ioc.prefix, library=library):
        assert "TEST:CAM:FPICTURE" in error_of(camera, "holds texts, numbers of an image are expected")
    for camera in opened("area_detector", soft_ioc.detector, library=library):
        assert "TEST:CAM:image1:ArrayData" in error_of(camera, "holds texts")


def test_a_camera_that_is_not_ready_is_offline(soft_ioc: SoftIoc, library: str) -> None:
    soft_ioc.put("INIT", "STOP")
    camera = made("epics", Camera(soft_ioc.prefix, options={"library": library}))
    with pytest.raises(OfflineError) as told:
        camera.open()
    assert str(told.value) == "Camera with prefix TEST:CAM is offline"
    soft_ioc.put("INIT", "INIT")
    camera.open()
    next_frame(camera)
    camera.close()


@pytest.mark.parametrize(
    ("said", "ready"),
    [("INIT", True), ("init", True), ("1", True), ("1.00", True), ("0", False), ("", False)],
)
def test_what_a_camera_that_is_ready_says(said: str, ready: bool) -> None:
    assert epics._is_ready(said) == ready


def test_a_camera_whose_machine_is_gone_is_offline(soft_ioc: SoftIoc, library: str, offline: None) -> None:
    soft_ioc.kill()
    for kind, prefix in (("epics", soft_ioc.prefix), ("area_detector", soft_ioc.detector)):
        camera = made(kind, Camera(prefix, options={"library": library}))
        with pytest.raises(OfflineError) as told:
            camera.open()
        assert str(told.value) == f"Camera with prefix {prefix} is offline"


@pytest.mark.parametrize("name", ["WIDTH", "FPICTURE"])
def test_a_pv_that_is_missing_is_named(soft_ioc: SoftIoc, library: str, offline: None, name: str) -> None:
    soft_ioc.kill()
    soft_ioc.start("--leave-out", f":{name}")
    camera = made("epics", Camera(soft_ioc.prefix, options={"library": library}))
    expected = f"TEST:CAM:{name}: no answer, though TEST:CAM:INIT is there"
    # On a machine that does many things at once more may be missing at first.
    assert wait_for(lambda: why_not(camera) == expected, expected)


@pytest.mark.parametrize("width", [0, -1, 1_000_000])
def test_a_size_that_cannot_be(soft_ioc: SoftIoc, library: str, width: int) -> None:
    soft_ioc.put("RATE", 0)
    soft_ioc.put("WIDTH", width)
    camera = made("epics", Camera(soft_ioc.prefix, options={"library": library}))
    with pytest.raises(SourceError, match=f"TEST:CAM:WIDTH says {width}, a number of pixels"):
        camera.open()


def test_ids_of_a_detector_are_pulses_and_tell_what_is_lost(detector: Source) -> None:
    frame = next_frame(detector)
    assert frame.pulse_id is not None
    assert right(frame.image)
    before = detector.lost, frame.pulse_id
    wait_for(lambda: next_frame(detector) and detector.lost > before[0], "a lost image")
    frame = next_frame(detector)
    assert frame.pulse_id and frame.pulse_id - before[1] > detector.lost - before[0]


def test_a_colour_image_of_a_detector_is_refused(soft_ioc: SoftIoc, detector: Source) -> None:
    next_frame(detector)
    soft_ioc.put("image1:ColorMode_RBV", "RGB1")
    assert "TEST:CAM:image1:ColorMode_RBV says RGB1: only mono images" in error_of(detector, "RGB1")
    soft_ioc.put("image1:ColorMode_RBV", "Mono")
    soft_ioc.put("image1:NDimensions_RBV", 3)
    assert "NDimensions_RBV says 3, 2 are expected" in error_of(detector, "NDimensions_RBV")


def test_the_type_of_a_detector_is_followed(soft_ioc: SoftIoc, detector: Source) -> None:
    next_frame(detector)
    soft_ioc.put("image1:DataType_RBV", "Int16")
    wait_for(lambda: next_frame(detector).image.dtype == np.int16, "signed integers")


def test_small_numbers_of_both_signs(soft_ioc: SoftIoc, library: str) -> None:
    soft_ioc.kill()
    soft_ioc.start("--kind", "char")
    soft_ioc.put("image1:DataType_RBV", "Int8")
    for camera in opened("area_detector", soft_ioc.detector, library=library):
        image = next_frame(camera).image
        # There is no type of one byte with both signs for an image.
        assert image.dtype == np.int16
        assert image.min() == -128
        assert image.max() == 127


def test_a_detector_that_does_not_say_its_size(soft_ioc: SoftIoc, library: str, offline: None) -> None:
    soft_ioc.kill()
    soft_ioc.start("--leave-out", ":image1:ArraySize1_RBV")
    camera = made("area_detector", Camera(soft_ioc.detector, options={"library": library}))
    expected = "TEST:CAM:image1:ArraySize0_RBV and TEST:CAM:image1:ArraySize1_RBV: no answer"
    assert wait_for(lambda: expected in (text := why_not(camera)) and text, expected)


def test_a_detector_that_says_its_size_by_letters_alone(soft_ioc: SoftIoc, library: str) -> None:
    soft_ioc.kill()
    soft_ioc.start("--letters")
    for camera in opened("area_detector", soft_ioc.detector, library=library):
        assert camera.size() == SIZE
        frame = next_frame(camera)
        assert right(frame.image)
        # Nothing else is there either.
        assert frame.pulse_id is None


CHILD = """
import os, sys
from pyca.sources import area_detector, epics
from pyca.sources.catalogue import kinds
kind, prefix, library = sys.argv[1:]
assert not {"epics", "caproto"} & set(sys.modules)
pid = os.fork()
if pid:
    _, status = os.waitpid(pid, 0)
    sys.exit(os.waitstatus_to_exitcode(status))
source = kinds()[kind].make(prefix, {"library": library, "dtype": None})
# A machine that does many things at once is no reason to call a camera offline.
area_detector.OFFLINE_SECONDS = epics.OFFLINE_SECONDS = 60.0
source.open()
while source.receive(0.2) is None:
    pass
source.close()
sys.stdout.write("frames\\n")
"""


@pytest.mark.parametrize("kind", ["epics", "area_detector"])
def test_in_a_forked_process_that_ends(soft_ioc: SoftIoc, library: str, kind: str) -> None:
    prefix = soft_ioc.prefix if kind == "epics" else soft_ioc.detector
    root = Path(__file__).parent.parent.parent
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, kind, prefix, library],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "frames\n", "")
    assert not repeaters(soft_ioc)


def repeaters(ioc: SoftIoc) -> list[str]:
    """Processes that would outlive a test: those with its environment that are no IOC."""
    port = f"EPICS_CA_REPEATER_PORT={ioc.environment['EPICS_CA_REPEATER_PORT']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes()
            if b"epeater" in words and port in (process / "environ").read_bytes():
                found.append(words.decode())
        except OSError:
            continue
    return found
