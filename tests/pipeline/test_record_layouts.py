"""What is where in a file, in all layouts, and that the camera which plays files finds it."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
import pytest

from pyca.core.errors import ImagingError
from pyca.pipeline.record.layouts import Layout, Paths, layout_of
from pyca.pipeline.record.writer import Writer
from pyca.sources.hdf5 import Play, Replay
from tests.pipeline.record_tools import NOW, Record, contents, image

GENERAL = {"general/created", "general/user", "general/pid", "general/host", "general/datasets"}
EXPECTED = {
    "DEFAULT": {
        "data1/image/value",
        "data1/image/timestamp",
        "data1/x/value",
        "data1/x/timestamp",
        "header1/pulse_id",
        "header1/global_timestamp",
    },
    "FLAT": {
        "data1/image",
        "data1/image_timestamp",
        "data1/x",
        "data1/x_timestamp",
        "header1/pulse_id",
        "header1/global_timestamp",
    },
    "BSH5": {"image/data", "image/timestamp", "x/data", "x/timestamp", "pulse_id", "global_timestamp"},
}


def write(path: Path, count: int = 3, **how: object) -> None:
    writer = Writer(path, **how)  # type: ignore[arg-type]
    for number in range(count):
        values = {"image": image(number), "x": number / 2}
        writer.write(Record(100 + number, values, NOW + number, {"x": 5 * 10**9 + 7}))
    writer.close()


@pytest.mark.parametrize("layout", list(Layout))
def test_everything_is_where_its_layout_has_it(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "file.h5"
    write(path, layout=layout.lower())
    found = contents(path)
    assert set(found) == EXPECTED[layout] | GENERAL
    values = {name.split("/")[-1] if layout == "FLAT" else name: one for name, one in found.items()}
    images = next(one for one in values.values() if one.ndim == 3)
    assert images.dtype == np.uint16
    assert np.array_equal(images, [image(0), image(1), image(2)])
    numbers = found[{"DEFAULT": "data1/x/value", "FLAT": "data1/x", "BSH5": "x/data"}[layout]]
    assert numbers.dtype == np.float64
    assert numbers.tolist() == [0.0, 0.5, 1.0]
    header = "" if layout == "BSH5" else "header1/"
    assert found[header + "pulse_id"].tolist() == [100, 101, 102]
    times = found[header + "global_timestamp"]
    assert times.dtype == np.uint64
    assert times.tolist() == [[1_700_000_000, 123_456_789 + number] for number in range(3)]


@pytest.mark.parametrize("layout", list(Layout))
def test_a_channel_has_its_own_times_unless_they_are_not_wanted(tmp_path: Path, layout: Layout) -> None:
    write(tmp_path / "with.h5", layout=layout)
    write(tmp_path / "without.h5", layout=layout, localtime=False)
    every, fewer = contents(tmp_path / "with.h5"), contents(tmp_path / "without.h5")
    stamps = {name for name in every if name.endswith("timestamp") and "global" not in name}
    assert len(stamps) == 2
    assert set(every) - set(fewer) == stamps
    own = next(every[name] for name in stamps if "x" in name.removeprefix("data1/").split("_")[0])
    assert own.dtype == np.uint64
    assert own.tolist() == [[5, 7]] * 3
    other = next(every[name] for name in stamps if "image" in name)
    assert other.tolist() == [[1_700_000_000, 123_456_789 + number] for number in range(3)]


def test_a_file_tells_of_itself(tmp_path: Path) -> None:
    write(tmp_path / "file.h5")
    found = contents(tmp_path / "file.h5")
    assert found["general/pid"] == os.getpid()
    assert found["general/host"].decode() == socket.gethostname()
    assert found["general/user"].decode()
    assert found["general/datasets"].tolist() == [b"image", b"x"]
    age = datetime.now(UTC) - datetime.fromisoformat(found["general/created"].decode())
    assert 0 <= age.total_seconds() < 3600


@pytest.mark.parametrize("layout", list(Layout))
def test_the_camera_that_plays_files_plays_ours(tmp_path: Path, layout: Layout) -> None:
    path = tmp_path / "file.h5"
    write(path, layout=layout)
    replay = Replay(Play(str(path), rate=0))
    replay.open()
    try:
        frames = [replay.receive(1) for _ in range(3)]
    finally:
        replay.close()
    assert [frame.pulse_id for frame in frames if frame] == [100, 101, 102]
    assert [int(frame.image[0, 0]) for frame in frames if frame] == [0, 1, 2]


def test_images_are_compressed_one_by_one_unless_that_is_not_wanted(tmp_path: Path) -> None:
    even = np.full((100, 120), 7, np.uint16)
    sizes = {}
    for compression in ("bitshuffle_lz4", "none", None):
        path = tmp_path / f"{compression}.h5"
        writer = Writer(path, compression=compression)
        for number in range(10):
            writer.write(Record(number, {"image": even + number}))
        writer.close()
        assert contents(path)["data1/image/value"][:, 5, 5].tolist() == list(range(7, 17))
        with h5py.File(path) as file:
            images = file["data1/image/value"]
            sizes[compression] = images.id.get_storage_size()
            assert images.chunks == (1, 100, 120)
            assert images.id.get_num_chunks() == 10
            if compression == "bitshuffle_lz4":
                assert images.id.get_create_plist().get_filter(0)[0] == 32008
    assert sizes["none"] == sizes[None] == 10 * even.nbytes
    assert sizes["bitshuffle_lz4"] < even.nbytes


def test_a_layout_or_compression_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImagingError, match="There is no layout 'ROUND'; expected is DEFAULT, FLAT, BSH5"):
        layout_of("ROUND")
    with pytest.raises(ImagingError, match="no compression 'lz4'; expected is bitshuffle_lz4 or none"):
        Writer(tmp_path / "file.h5", compression="lz4")
    with pytest.raises(ImagingError, match="A file of 0 records cannot be"):
        Writer(tmp_path / "file.h5", records=0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("layout", "channels", "expected"),
    [
        ("DEFAULT", ["a/b", "a_b"], ["data1/a_b/value", "data1/a_b_/value"]),
        ("DEFAULT", [".", "..", "", "a\0"], [f"data1/{n}/value" for n in ("_", "__", "___", "a_")]),
        ("FLAT", ["a", "a_timestamp"], ["data1/a", "data1/a_timestamp_"]),
        ("FLAT", ["a_timestamp", "a"], ["data1/a_timestamp", "data1/a_"]),
        ("BSH5", ["pulse_id", "general"], ["pulse_id_/data", "general_/data"]),
        ("BSH5", ["part2", "party"], ["part2_/data", "party/data"]),
    ],
)
def test_names_that_cannot_be_or_are_taken_become_others(
    layout: str, channels: list[str], expected: list[str]
) -> None:
    paths = Paths(Layout(layout), 1)
    assert [paths.spot(channel).value for channel in channels] == expected


def test_channels_with_odd_names_are_written(tmp_path: Path) -> None:
    path = tmp_path / "file.h5"
    writer = Writer(path, layout="BSH5")
    writer.write(Record(1, {"pulse_id": 7, "a/b": 8, "ä\ud800": 9, "..": 10}))
    writer.close()
    found = contents(path)
    assert [found[f"{name}/data"].tolist() for name in ("pulse_id_", "a_b", "ä?", "__")] == [
        [7],
        [8],
        [9],
        [10],
    ]
    assert found["pulse_id"].tolist() == [1]
