"""Cameras that play HDF5 files."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import OfflineError, SourceError
from pyca.sources import hdf5
from pyca.sources.catalogue import kinds
from pyca.sources.hdf5 import Play, Replay
from tests.sources.contract import Camera, SourceContract, expanded, made
from tests.tools import FakeClock

SIZE = (32, 24)
START = 1_700_000_000_000_000_000


def images(count: int = 6, dtype: str = "u2") -> np.ndarray:
    """Image n begins with n."""
    made = np.random.default_rng(3).integers(100, size=(count, SIZE[1], SIZE[0])).astype(dtype)
    made[:, 0, 0] = np.arange(count)
    return made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recorded.h5"


def written(path: Path, datasets: dict[str, Any], **how: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values, **(how if np.ndim(values) == 3 else {}))
    return path


def opened(path: Path, clock: FakeClock | None = None, **options: Any) -> Replay:
    clock = clock or FakeClock()
    play = Play(str(path), **options)
    replay = Replay(play, clock=clock, wait=clock.move)
    replay.open()
    return replay


def numbers(replay: Replay, count: int) -> list[int]:
    frames = [replay.receive(1000) for _ in range(count)]
    return [int(frame.image[0, 0]) for frame in frames if frame]


class TestHdf5(SourceContract):
    kind = "hdf5"

    @pytest.fixture
    def camera(self, path: Path) -> Camera:
        return Camera(str(written(path, {"image": images()})), SIZE, {"frame_rate": 200})

    @pytest.fixture
    def quiet(self, path: Path) -> Camera:
        return Camera(str(written(path, {"image": images()})), SIZE, {"frame_rate": 0.01})

    @pytest.fixture
    def missing(self, path: Path) -> Camera:
        return Camera(str(path))


class TestHdf5WithPulses(TestHdf5):
    """As cam_server writes it."""

    @pytest.fixture
    def camera(self, path: Path) -> Camera:
        columns = {
            "data1/image/value": images(),
            "data1/image/timestamp": [(START // 10**9, 5_000_000 * number) for number in range(6)],
            "header1/pulse_id": np.arange(6) * 10 + 700,
        }
        return Camera(str(written(path, columns)), SIZE)


moments = START + np.array([0, 100, 250, 300, 400, 500]) * 1_000_000
split = np.stack([moments // 10**9, moments % 10**9], 1)
pulse_ids = np.array([1000, 1010, 1025, 1030, 1040, 1050])
LAYOUTS = {
    "default": {
        "data1/image/value": images(),
        "data1/image/timestamp": split,
        "data1/width/value": np.full(6, 32),
        "header1/pulse_id": pulse_ids,
        "header1/global_timestamp": split.astype("u8"),
        "general/user": b"somebody",
    },
    "second": {
        "data2/image/value": images(),
        "header1/pulse_id": np.arange(99),
        "header2/pulse_id": pulse_ids,
        "header2/global_timestamp": split.astype("u8"),
    },
    "flat": {
        "data1/image": images(),
        "data1/image_timestamp": split,
        "data1/pulse_id": pulse_ids,
    },
    "bsh5": {"image/data": images(), "image/timestamp": moments, "pulse_id": pulse_ids},
    "plain": {"image": images(), "timestamp": moments / 1e9, "pulse_id": pulse_ids},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dataset", [None, "image"])
def test_every_layout_is_played_at_its_own_pace(layout: str, dataset: str | None, path: Path) -> None:
    clock = FakeClock()
    written(path, LAYOUTS[layout])
    replay = opened(path, clock, dataset=dataset)
    began = clock.monotonic()
    seen = []
    for _ in range(8):
        frame = replay.receive(10)
        assert frame
        seen.append((int(frame.image[0, 0]), frame.pulse_id, round(clock.monotonic() - began, 2)))
    # From the last to the first it takes as long as usual, here 0.1 s and 10 pulses.
    assert seen == [
        (0, 1000, 0.0),
        (1, 1010, 0.1),
        (2, 1025, 0.25),
        (3, 1030, 0.3),
        (4, 1040, 0.4),
        (5, 1050, 0.5),
        (0, 1060, 0.6),
        (1, 1070, 0.7),
    ]
    assert replay.lost == 0


def test_images_come_as_they_are_in_the_file(path: Path) -> None:
    replay = opened(written(path, {"image": images()}))
    for image in images():
        frame = replay.receive(1)
        assert frame and np.array_equal(frame.image, image)


@pytest.mark.parametrize("dtype", ["u1", ">u2", "<u4", "i2", ">i4", "f4", ">f8"])
def test_every_type_comes_in_this_machines_order(path: Path, dtype: str) -> None:
    frame = opened(written(path, {"x": images(dtype=dtype)})).receive(1)
    assert frame and frame.image.dtype.isnative
    assert frame.image.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(frame.image, images()[0])


@given(rate=st.floats(0.1, 5000), count=st.integers(1, 20))
def test_a_frame_rate_replaces_the_recorded_one(tmp_path_factory: Any, rate: float, count: int) -> None:
    clock = FakeClock()
    path = written(tmp_path_factory.mktemp("h5") / "a.h5", LAYOUTS["bsh5"])
    replay = opened(path, clock, rate=rate)
    began = clock.monotonic()
    assert numbers(replay, count) == [number % 6 for number in range(count)]
    assert clock.monotonic() == pytest.approx(began + (count - 1) / rate, abs=1e-4)
    replay.close()


def test_as_fast_as_asked_for(path: Path, clock: FakeClock) -> None:
    replay = opened(written(path, LAYOUTS["bsh5"]), clock, rate=0)
    began = clock.monotonic()
    assert numbers(replay, 7) == [0, 1, 2, 3, 4, 5, 0]
    assert clock.monotonic() == began


def test_without_times_ten_a_second(path: Path, clock: FakeClock) -> None:
    replay = opened(written(path, {"x": images()}), clock)
    began = clock.monotonic()
    numbers(replay, 11)
    assert clock.monotonic() == pytest.approx(began + 1)


@pytest.mark.parametrize("times", [np.zeros(6), np.arange(6)[::-1], np.full(6, np.nan), np.arange(7)])
def test_times_that_are_none_are_not_used(path: Path, clock: FakeClock, times: np.ndarray) -> None:
    replay = opened(written(path, {"x": images(), "timestamp": times, "pulse_id": times}), clock)
    began = clock.monotonic()
    frames = [replay.receive(1) for _ in range(11)]
    assert clock.monotonic() == pytest.approx(began + 1)
    assert {frame.pulse_id for frame in frames if frame} == {None}


def test_a_part_of_the_file_can_be_played(path: Path) -> None:
    replay = opened(written(path, LAYOUTS["bsh5"]), first=2, last=3)
    assert numbers(replay, 5) == [2, 3, 2, 3, 2]


def test_a_single_image_comes_again_and_again(path: Path) -> None:
    replay = opened(written(path, LAYOUTS["bsh5"]), first=4, last=4)
    frames = [replay.receive(1) for _ in range(3)]
    assert [frame.pulse_id for frame in frames if frame] == [1040, 1041, 1042]


@pytest.mark.parametrize("rate", [None, 0, 50])
def test_once_and_no_more(path: Path, clock: FakeClock, rate: float | None) -> None:
    replay = opened(written(path, LAYOUTS["bsh5"]), clock, loop=False, rate=rate)
    assert numbers(replay, 6) == list(range(6))
    ended = clock.monotonic()
    assert replay.receive(0.5) is None
    assert replay.receive(0.5) is None
    assert clock.monotonic() == pytest.approx(ended + 1)
    assert replay.lost == 0


def test_late_for_the_end_the_last_one_comes(path: Path, clock: FakeClock) -> None:
    replay = opened(written(path, LAYOUTS["bsh5"]), clock, loop=False)
    clock.move(60)
    frame = replay.receive(1)
    assert frame and frame.image[0, 0] == 5
    assert replay.lost == 5
    assert replay.receive(1) is None


@pytest.mark.parametrize("how", [{"compression": "gzip"}, {"compression": "lzf", "chunks": (1, 24, 32)}])
def test_what_hdf5_compresses_itself_is_read(path: Path, how: dict[str, Any]) -> None:
    assert numbers(opened(written(path, {"x": images()}, **how)), 3) == [0, 1, 2]


def test_bitshuffle_is_read(path: Path) -> None:
    import bitshuffle.h5

    how = {"compression": bitshuffle.h5.H5FILTER, "compression_opts": (0, bitshuffle.h5.H5_COMPRESS_LZ4)}
    written(path, {"x": images()}, chunks=(1, 24, 32), **how)
    # In a process of its own, where nobody has asked for bitshuffle before.
    program = f"""
from pyca.sources.hdf5 import Play, Replay
replay = Replay(Play({str(path)!r}, rate=0))
replay.open()
print([int(replay.receive(0).image[0, 0]) for _ in range(3)])
"""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=120
    )
    assert run.stdout == "[0, 1, 2]\n", run.stderr


@pytest.mark.parametrize(("number", "name"), [(32001, "blosc"), (32199, "unknown to us")])
def test_a_filter_that_is_missing_is_named(path: Path, number: int, name: str) -> None:
    with h5py.File(path, "w") as file:
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((1, 24, 32))
        plan.set_filter(number, h5py.h5z.FLAG_OPTIONAL, ())
        space = h5py.h5s.create_simple((6, 24, 32))
        h5py.h5d.create(file.id, b"x", h5py.h5t.NATIVE_UINT16, space, plan)
    with pytest.raises(SourceError, match=rf"HDF5 filter {number} \({name}\)") as told:
        opened(path)
    assert "HDF5_PLUGIN_PATH" in told.value.remedy


def refused(path: Path, **options: Any) -> str:
    with pytest.raises(SourceError) as told:
        opened(path, **options)
    # It is closed again.
    path.unlink(missing_ok=True)
    assert not isinstance(told.value, OfflineError)
    assert str(path) in told.value.message
    return told.value.message


def test_a_dataset_that_is_missing_is_told_with_those_that_are_there(path: Path) -> None:
    message = refused(written(path, LAYOUTS["default"]), dataset="picture")
    assert "no dataset picture" in message
    assert "data1/image/value, " in message


def test_of_many_datasets_some_are_told(path: Path) -> None:
    assert "x0, x1, x10" in (message := refused(written(path, {f"x{number}": [1] for number in range(15)})))
    assert "and 5 more" in message


def test_a_file_with_nothing_is_told(path: Path) -> None:
    assert refused(written(path, {})).endswith("holds no images. There are: none at all.")


def test_several_sets_of_images_are_named(path: Path) -> None:
    assert "several sets of images: left, right." in refused(
        written(path, {"left": images(), "right": images()})
    )


def test_of_several_the_usual_one_is_taken(path: Path) -> None:
    written(path, {"data1/other/value": images()[::-1], "data1/image/value": images()})
    assert numbers(opened(path), 1) == [0]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (np.zeros((4, 5)), "4×5"),
        (np.zeros((2, 3, 4, 3)), "2×3×4×3"),
        (np.zeros((0, 4, 5)), "0×4×5"),
        (np.zeros((3, 0, 5)), "3×0×5"),
        (7, "a single value"),
        (h5py.Empty("f4"), "a single value"),
    ],
    ids=str,
)
def test_what_is_no_series_of_images_is_told(path: Path, values: Any, found: str) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = values
    assert f"x holds {found}; expected are images" in refused(path, dataset="x")


@pytest.mark.parametrize("dtype", ["f2", "u8", "?", "c8", "S4"])
def test_what_is_no_pixel_is_told(path: Path, dtype: str) -> None:
    written(path, {"x": np.zeros((2, 3, 4), dtype)})
    assert "holds values of type" in refused(path, dataset="x")


def test_a_folder_of_the_file_is_no_dataset(path: Path) -> None:
    assert "no dataset data1" in refused(written(path, LAYOUTS["default"]), dataset="data1")


@pytest.mark.parametrize(("key", "value"), [("first", 6), ("last", 9)])
def test_images_that_are_not_there_cannot_be_played(path: Path, key: str, value: int) -> None:
    assert f"x holds 6 images, {key} is {value}." in refused(written(path, {"x": images()}), **{key: value})


@pytest.mark.parametrize("content", [b"", b"no hdf5", b"\x89HDF\r\n\x1a\n" + bytes(200)])
def test_what_is_no_hdf5_file_is_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is no HDF5 file, or it is damaged" in refused(path)


def test_a_file_whose_inside_is_damaged_is_told(path: Path) -> None:
    written(path, {"group/x": images(), "group/y": images()}, compression="gzip")
    content = path.read_bytes()
    for mark in (b"TREE", b"SNOD", b"HEAP"):
        content = content.replace(mark, b"????")
    path.write_bytes(content)
    assert "damaged" in refused(path)


def test_a_second_open_of_a_file_changes_nothing(path: Path) -> None:
    replay = opened(written(path, {"x": images()}))
    assert numbers(replay, 2) == [0, 1]
    replay.open()
    assert numbers(replay, 2) == [2, 3]


def test_a_file_that_was_cut_off_is_told(path: Path) -> None:
    written(path, {"x": images()})
    path.write_bytes(path.read_bytes()[:-5000])
    assert "no HDF5 file, or it is damaged" in refused(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no HDF5 file"):
        opened(tmp_path)


def test_a_pipe_is_no_file(path: Path) -> None:
    os.mkfifo(path)
    # To open it would wait for somebody who writes.
    assert "is no HDF5 file" in refused(path)


def test_what_is_no_path_is_told() -> None:
    with pytest.raises(SourceError, match="not the path"):
        made("hdf5", Camera("\ud800"))


def test_images_that_are_too_large_are_told(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (3, 2_000_000, 1_000_000), "u2", chunks=(1, 100, 100))
    assert "x holds images of 1000000 × 2000000 pixels: more than 1 GiB each" in refused(path)


@pytest.mark.parametrize("name", ["pulse_id", "timestamp"])
def test_columns_of_any_shape_are_not_read(path: Path, clock: FakeClock, name: str) -> None:
    with h5py.File(path, "w") as file:
        file["x"] = images(3)
        file.create_dataset(name, (3, 10**7, 10**5), "i8", chunks=(1, 100, 100))
    assert numbers(opened(path, clock, dataset="x"), 3) == [0, 1, 2]


def test_a_column_that_is_huge_is_not_read(path: Path, clock: FakeClock) -> None:
    with h5py.File(path, "w") as file:
        file.create_dataset("x", (10**12, 2, 2), "u1", chunks=(100, 2, 2))
        file.create_dataset("timestamp", (10**12,), "i8", chunks=(100,))
    assert numbers(opened(path, clock), 3) == [0, 0, 0]


def test_without_memory_for_an_image_it_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replay = opened(written(path, {"x": images()}))

    def full(*_arguments: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(h5py.Dataset, "__getitem__", full)
        with pytest.raises(SourceError, match="no memory for image 0"):
            replay.receive(1)
    assert numbers(replay, 1) == [1]


def test_a_file_that_is_being_written_is_offline_until_it_is_closed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(path, {"x": images()})
    real = h5py.File

    def locked(*_arguments: Any) -> None:
        raise BlockingIOError(errno.EAGAIN, "unable to lock file")

    monkeypatch.setattr(h5py, "File", locked)
    with pytest.raises(OfflineError, match="is being written"):
        opened(path)
    monkeypatch.setattr(h5py, "File", real)
    assert numbers(opened(path), 1) == [0]


def test_a_file_that_nobody_may_read_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_arguments: Any) -> None:
        raise PermissionError(errno.EACCES, "no")

    written(path, {"x": images()})
    monkeypatch.setattr(h5py, "File", forbidden)
    assert "may not be read" in refused(path)


def test_an_image_that_is_damaged_is_left_out(path: Path) -> None:
    written(path, {"x": images()}, compression="gzip", chunks=(1, 24, 32))
    with h5py.File(path, "r+") as file:
        file["x"].id.write_direct_chunk((1, 0, 0), b"no deflated data")
    replay = opened(path)
    assert numbers(replay, 1) == [0]
    with pytest.raises(SourceError, match="image 1 cannot be read"):
        replay.receive(1)
    assert numbers(replay, 1) == [2]


@pytest.fixture
def moved(path: Path) -> Iterator[Path]:
    yield path
    shutil.rmtree(path.parent)


def test_a_file_that_comes_later_is_found(moved: Path) -> None:
    replay = Replay(Play(str(moved)))
    with pytest.raises(OfflineError, match="There is no file"):
        replay.open()
    written(moved, {"x": images()})
    replay.open()
    assert replay.size() == SIZE
    replay.close()
    assert replay.lost == 0


@pytest.mark.parametrize("source", ["", "  ", "a\0b"])
def test_a_path_is_needed(source: str) -> None:
    with pytest.raises(SourceError, match="not the path"):
        hdf5.make(source, expanded(kinds()["hdf5"], {}))


def test_the_end_is_not_before_the_beginning() -> None:
    with pytest.raises(SourceError, match="last is 2 and first is 3"):
        made("hdf5", Camera("x.h5", options={"first": 3, "last": 2}))


@pytest.mark.parametrize(
    ("name", "value"),
    [("dataset", 5), ("frame_rate", -1), ("frame_rate", "fast"), ("loop", 1), ("first", -1), ("last", "end")],
)
def test_options_out_of_their_limits_are_told_for_files_too(name: str, value: object) -> None:
    option = {option.name: option for option in hdf5.OPTIONS}[name]
    assert option.check(value)


def test_empty_and_null_are_the_only_images(path: Path) -> None:
    written(path, {"x": images()})
    for name in ("", None):
        source = made("hdf5", Camera(str(path), options={"dataset": name}))
        source.open()
        assert source.size() == SIZE
        source.close()
