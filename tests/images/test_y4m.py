"""Frames as yuv4mpegpipe: FFmpeg reads back what went in."""

import shutil
import subprocess
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pyca.core.errors import MediaError
from pyca.images import y4m
from pyca.media.ffmpeg import find_ffmpeg


@dataclass(frozen=True)
class Shot:
    image: Any


def shots(*images: Any) -> list[Shot]:
    return [Shot(np.asarray(image)) for image in images]


def ffmpeg() -> str:
    try:
        return str(find_ffmpeg({"PATH": "/usr/local/bin:/usr/bin:/bin"}))
    except MediaError:
        pytest.skip("there is no FFmpeg")


def decoded(data: bytes, form: str, kind: str, size: tuple[int, int]) -> np.ndarray:
    """The images that FFmpeg finds in a stream, as (n, h, w)."""
    argv = [ffmpeg(), "-v", "error", "-f", "yuv4mpegpipe", "-i", "pipe:0", "-f", "rawvideo"]
    done = subprocess.run([*argv, "-pix_fmt", form, "pipe:1"], input=data, capture_output=True, check=True)
    assert not done.stderr, done.stderr
    return np.frombuffer(done.stdout, kind).reshape(-1, size[1], size[0])


@pytest.mark.parametrize(("kind", "form"), [("u1", "gray"), ("<u2", "gray16le")])
@pytest.mark.parametrize("size", [(64, 48), (37, 23), (1, 1)])
def test_ffmpeg_reads_what_went_in(kind: str, form: str, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(3)
    images = rng.integers(0, np.iinfo(kind).max, (3, size[1], size[0]), dtype=kind, endpoint=True)
    data = b"".join(y4m.stream(shots(*images), rate=10))
    assert np.array_equal(decoded(data, form, kind, size), images)


def test_rows_of_a_view_and_big_endian_samples() -> None:
    whole = np.arange(8 * 10, dtype=">u2").reshape(8, 10) * 700
    view = whole[::2, ::-1]
    data = b"".join(y4m.stream(shots(view)))
    assert np.array_equal(decoded(data, "gray16le", "<u2", (10, 4))[0], view)


@pytest.mark.skipif(not shutil.which("ffprobe"), reason="there is no ffprobe")
@pytest.mark.parametrize(
    ("rate", "told"), [(10.0, "40/1"), (29.97, "120/1"), (0.1, "2/5"), (None, "400/1"), (0, "400/1")]
)
def test_header_as_ffprobe_reads_it(rate: float | None, told: str) -> None:
    data = b"".join(y4m.stream(shots(*np.zeros((4, 48, 64), "u2")), rate=rate))
    entries = "stream=width,height,pix_fmt,r_frame_rate,sample_aspect_ratio,color_range"
    argv = ["ffprobe", "-v", "error", "-f", "yuv4mpegpipe", "-show_entries", entries, "-of", "csv=p=0", "-"]
    found = subprocess.run(argv, input=data, capture_output=True, check=True).stdout.decode().strip()
    width, height, aspect, form, color, frames = found.split(",")
    assert (width, height, aspect, form, color) == ("64", "48", "1:1", "gray16le", "pc")
    numerator, denominator = map(int, told.split("/"))
    measured = [int(part) for part in frames.split("/")]
    assert measured[0] / measured[1] == pytest.approx(numerator / denominator, rel=0.01)


@pytest.mark.parametrize("kind", ["u1", "u2", "u4", "i2", "i4", "f4", "f8"])
def test_a_range_makes_bytes(kind: str) -> None:
    image = np.array([[0, 10, 20, 60, 110, 120]], kind)
    *_, data = y4m.stream(shots(image), min_value=10, max_value=110)
    assert list(data) == [0, 0, 25, 127, 255, 255]


@pytest.mark.parametrize(
    ("kind", "value", "limits", "made"),
    [
        ("u1", 200, {"min_value": 100}, 164),
        ("u2", 65535, {"min_value": 0}, 255),
        ("f4", 65535.0, {"min_value": 0}, 255),
        ("u2", 50, {"max_value": 100}, 127),
        ("i2", -5, {"max_value": 100}, 0),
        ("i2", 32767, {"min_value": -32768}, 255),
        ("f8", float("nan"), {"max_value": 100}, 0),
        ("f8", float("inf"), {"max_value": 100}, 255),
        # A range without width is a threshold.
        ("u2", 51, {"min_value": 50, "max_value": 50}, 255),
        ("u2", 50, {"min_value": 50, "max_value": 50}, 0),
    ],
)
def test_half_a_range(kind: str, value: float, limits: dict[str, float], made: int) -> None:
    *_, data = y4m.stream(shots(np.array([[value]], kind)), **limits)
    assert data[0] == made


@pytest.mark.parametrize(
    ("kind", "value", "made"),
    [
        ("i2", -7, 0),
        ("i2", 32767, 32767),
        ("u4", 70000, 65535),
        ("i4", -70000, 0),
        ("i4", 70000, 65535),
        ("f4", 12.9, 12),
        ("f4", float("nan"), 0),
        ("f8", float("inf"), 65535),
        ("f8", -1e300, 0),
    ],
)
def test_other_types_are_clipped(kind: str, value: float, made: int) -> None:
    *_, data = y4m.stream(shots(np.array([[value]], kind)))
    assert np.frombuffer(data, "<u2")[0] == made


@given(
    arrays.arrays(
        st.sampled_from([np.dtype(kind) for kind in ("u1", "u2", "u4", "i2", "i4", "f4", "f8")]),
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=6),
    ),
    st.none() | st.floats(-1e6, 1e6),
    st.none() | st.floats(-1e6, 1e6),
)
def test_any_image_becomes_whole_rows(
    image: np.ndarray, min_value: float | None, max_value: float | None
) -> None:
    before = image.copy()
    head, mark, data = y4m.stream(shots(image), min_value=min_value, max_value=max_value)
    ranged = min_value is not None or max_value is not None
    assert len(data) == image.size * (1 if ranged or image.dtype == np.uint8 else 2)
    assert mark == b"FRAME\n" and head.startswith(b"YUV4MPEG2 W%d H%d " % image.shape[::-1])
    assert np.array_equal(image, before, equal_nan=image.dtype.kind == "f"), "the frame itself is nobody's"


@pytest.mark.parametrize("other", [np.zeros((5, 4), "u1"), np.zeros((4, 4), "u2")])
def test_ends_where_size_or_depth_changes(other: np.ndarray) -> None:
    first = np.zeros((4, 4), "u1")
    pieces = list(y4m.stream(shots(first, first, other, first)))
    assert pieces.count(b"FRAME\n") == 2


def test_without_frames_there_is_nothing() -> None:
    assert list(y4m.stream([])) == []


def test_frames_are_not_waited_for_twice() -> None:
    """The header is out with the first frame, before the second is asked for."""
    asked: list[int] = []

    def frames() -> Any:
        for number in range(2):
            asked.append(number)
            yield Shot(np.zeros((2, 2), "u1"))

    pieces = y4m.stream(frames())
    assert [next(pieces)[:9], next(pieces), len(next(pieces))] == [b"YUV4MPEG2", b"FRAME\n", 4]
    assert asked == [0]
