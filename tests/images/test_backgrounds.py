"""Backgrounds: files of NPY that are never lost, and what people put in their place."""

import io
import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import ImagingError
from pyca.images.backgrounds import Backgrounds, background_id
from pyca.images.image import KINDS
from pyca.images.npy import from_npy, limited
from pyca.images.upload import image_of

IMAGE = np.arange(12, dtype="u2").reshape(3, 4)


def npy(array: Any, **how: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


def with_header(header: str, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    text = header.encode("latin-1")
    size = struct.pack("<H" if version == b"\x01\x00" else "<I", len(text))
    return b"\x93NUMPY" + version + size + text + data


@pytest.fixture
def backgrounds(tmp_path: Path) -> Backgrounds:
    return Backgrounds(tmp_path / "deep" / "backgrounds")


def test_ids() -> None:
    assert background_id("cam", 1_700_000_000.25) == "cam_20231114_221320_250000"


def test_saved_and_read(backgrounds: Backgrounds) -> None:
    name = backgrounds.collect("cam", IMAGE, 1_700_000_000)
    found = backgrounds.read(name)
    assert (found == IMAGE).all()
    assert found.dtype == IMAGE.dtype
    assert not found.flags.writeable


def test_the_newest_is_the_last_by_name(backgrounds: Backgrounds) -> None:
    names = [backgrounds.collect("cam", IMAGE, seconds) for seconds in (2e9, 1e9, 1.5e9)]
    backgrounds.collect("cam_2", IMAGE, 3e9)
    backgrounds.save("by_hand", IMAGE)
    assert backgrounds.names("cam") == sorted(names)
    assert backgrounds.latest("cam") == names[0]
    assert backgrounds.latest("cam_2").startswith("cam_2_2065")
    assert len(backgrounds.names()) == 5


def test_none_yet(backgrounds: Backgrounds) -> None:
    assert backgrounds.names() == backgrounds.names("cam") == []
    with pytest.raises(ImagingError) as caught:
        backgrounds.latest("cam")
    assert caught.value.message == "No background matches for the specified prefix 'cam'."
    with pytest.raises(ImagingError) as caught:
        backgrounds.read("cam_1")
    assert caught.value.message == "Requested background 'cam_1' does not exist."


@pytest.mark.parametrize("name", ["../x", "a/b", ".x", "", "a\0"])
def test_impossible_ids(backgrounds: Backgrounds, name: str) -> None:
    for refused in (lambda: backgrounds.read(name), lambda: backgrounds.save(name, IMAGE)):
        with pytest.raises(ImagingError, match="The background's name"):
            refused()


def test_files_that_are_none(backgrounds: Backgrounds, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "backgrounds"
    folder.mkdir(parents=True)
    os.mkfifo(folder / "pipe.npy")
    (folder / "text.npy").write_text("no image")
    with (folder / "huge.npy").open("wb") as file:
        file.truncate(2**28 + 1)
    np.save(folder / "objects.npy", np.array([[object()]]), allow_pickle=True)
    for name in ("pipe", "text", "huge", "objects"):
        with pytest.raises(ImagingError, match=name):
            backgrounds.read(name)


def test_a_full_disk_loses_nothing(backgrounds: Backgrounds, monkeypatch: pytest.MonkeyPatch) -> None:
    backgrounds.save("cam", IMAGE)

    def write_bytes(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(ImagingError, match="No space left"):
        backgrounds.save("cam", IMAGE + 1)
    assert (backgrounds.read("cam") == IMAGE).all()


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("ends", ["<", ">"])
def test_every_type_of_camera(kind: str, order: Any, ends: Any) -> None:
    array = np.array(IMAGE, np.dtype(kind).newbyteorder(ends), order=order)
    found = image_of(npy(array))
    assert found.tolist() == IMAGE.tolist()
    assert found.dtype == np.dtype(kind)
    assert found.flags.c_contiguous


def test_numbers_of_64_bits_become_what_cameras_have() -> None:
    assert limited(IMAGE.astype("i8")).dtype == np.uint16
    assert limited(-IMAGE.astype("i8")).dtype == np.int16
    assert limited(IMAGE.astype("u8") * 100_000).dtype == np.uint32
    with pytest.raises(ImagingError, match="64 bits"):
        limited(IMAGE.astype("i8") * 2**40)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(4),
        np.zeros((2, 2, 3)),
        np.zeros((0, 3)),
        np.zeros(()),
        np.array([["a"]]),
        np.zeros((2, 2), "c8"),
        np.zeros((2, 2), "f2"),
        np.zeros((2, 2), "?"),
        np.zeros((2, 2), "M8[s]"),
        np.zeros((2, 2), [("a", "u2")]),
        np.array([[object()]]),
    ],
)
def test_arrays_that_are_no_images(array: Any, backgrounds: Backgrounds) -> None:
    with pytest.raises(ImagingError, match="No image"):
        image_of(npy(array, allow_pickle=True))
    with pytest.raises(ImagingError, match="No image"):
        backgrounds.save("cam", array)
    assert backgrounds.names() == []


@pytest.mark.parametrize(
    "body",
    [
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff",
        b"\x93NUMPY\x07\x00\x00\x00",
        with_header("{}"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': (3, 4)}", b"12"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': (1, 1)}", b"123"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': (9999999999, 9999999999)}"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': (-1, -1)}", b"12"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': (True, True)}", b"12"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': 3}", b"12"),
        with_header("{'descr': '|O', 'fortran_order': False, 'shape': (1, 1)}", b"c" * 8),
        with_header("{'descr': 'nonsense', 'fortran_order': False, 'shape': (1, 1)}", b"12"),
        with_header("__import__('os').abort()", b"12"),
        with_header("(" * 9000, b"12"),
        with_header("{" * 20_000, b"12", b"\x02\x00"),
        with_header("{'descr': '<u2', 'fortran_order': 3, 'shape': (1, 1)}", b"12"),
        with_header("{'descr': '<u2', 'fortran_order': False, 'shape': ('a' * 10**9, 1)}", b"12"),
        with_header("9" * 9000, b"12"),
        with_header("{'descr': '\xff'}", b"12"),
    ],
)
def test_headers_that_lie(body: bytes) -> None:
    with pytest.raises(ImagingError) as caught:
        from_npy(body)
    assert len(str(caught.value)) < 300


@given(st.integers(0, 150), st.binary(min_size=1, max_size=4))
def test_mangled_files(place: int, bite: bytes) -> None:
    good = npy(IMAGE)
    place %= len(good)
    try:
        assert from_npy(good[:place] + bite + good[place + len(bite) :]).ndim == 2
    except ImagingError as error:
        assert len(str(error)) < 300


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.filterwarnings("ignore:Stored array in format")
def test_all_versions_of_the_format(version: tuple[int, int]) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, IMAGE, version)
    assert from_npy(file.getvalue()).tolist() == IMAGE.tolist()


def test_too_many_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    body = npy(IMAGE)
    monkeypatch.setattr("pyca.images.npy.MOST_PIXELS", 11)
    with pytest.raises(ImagingError, match="12 pixels is too large, 11 are allowed"):
        from_npy(body)
    with pytest.raises(ImagingError, match="12 pixels is too large"):
        limited(IMAGE)
