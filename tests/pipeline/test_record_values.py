"""What becomes of values of all kinds in a file."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from pyca.core.errors import ImagingError
from pyca.pipeline.record.kinds import Kind, MisfitError, kind_of
from pyca.pipeline.record.writer import Writer
from tests.pipeline.record_tools import Record, contents, image

TYPES = ["?", "i1", "u1", "i2", ">u2", "u2", "i4", "u4", "i8", "u8", "f4", ">f8", "f8"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file.h5"


def write(path: Path, *messages: dict[str, Any], **how: Any) -> dict[str, Any]:
    """Write messages and return what is in the file."""
    writer = Writer(path, **how)
    try:
        for number, values in enumerate(messages):
            writer.write(Record(number, values))
    finally:
        writer.close()
    return contents(path)


@given(data=st.data())
def test_arrays_come_back_as_they_were(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    dtype = np.dtype(data.draw(st.sampled_from(TYPES)))
    shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9))
    elements = data.draw(st.integers(1, 4))
    rows = [data.draw(arrays.arrays(dtype, shape)) for _ in range(elements)]
    step = data.draw(st.sampled_from([1, -1, 2]))
    rows = [row[::step] for row in rows]
    found = write(tmp_path_factory.mktemp("file") / "file.h5", *({"a": row} for row in rows))["data1/a/value"]
    expected = np.stack(rows)
    assert found.dtype == dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, expected.reshape(found.shape))
    assert found.shape == (expected.shape if expected.shape[1:] != (1,) else expected.shape[:1])


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (True, "?"),
        (-3, "i8"),
        (2**63, "u8"),
        (1.5, "f8"),
        (np.float32(1.5), "f4"),
        (np.uint8(7), "u1"),
        (np.array([4], "i2"), "i2"),
        ([1, 2], "i8"),
        ((1.5, 2.0), "f8"),
        ("text", "S1000"),
        ("ä" * 501, "S2000"),
        ("", "S1000"),
    ],
)
def test_values_of_python_have_the_types_that_streams_give_them(path: Path, value: Any, dtype: str) -> None:
    found = write(path, {"a": value})["data1/a/value"]
    assert found.dtype == np.dtype(dtype)
    expected = value.encode() if isinstance(value, str) else value
    assert np.array_equal(found[0], np.asarray(expected).reshape(found.shape[1:]))


def test_a_text_that_is_longer_than_the_first_is_cut_off_between_letters(path: Path) -> None:
    found = write(path, {"a": "x"}, {"a": "yä" * 400}, {"a": "\ud800"})["data1/a/value"]
    assert found.tolist()[0] == b"x"
    assert found.tolist()[1].decode() == "yä" * 333 + "y"
    assert found.tolist()[2] == b"?"


def test_a_value_that_is_missing_is_an_empty_row_with_the_time_0(path: Path) -> None:
    whole = {"n": 5, "f": 1.5, "s": "text", "b": True, "image": image(1), "wide": image(2).astype("f4")}
    found = write(path, whole, dict.fromkeys(whole), {}, whole)
    assert found["data1/n/value"].tolist() == [5, 0, 0, 5]
    assert np.array_equal(found["data1/f/value"], [1.5, np.nan, np.nan, 1.5], equal_nan=True)
    assert found["data1/s/value"].tolist() == [b"text", b"", b"", b"text"]
    assert found["data1/b/value"].tolist() == [True, False, False, True]
    assert found["data1/image/value"][:, 0, 0].tolist() == [1, 0, 0, 1]
    assert not found["data1/image/value"][1:3].any()
    assert np.isnan(found["data1/wide/value"][1:3]).all()
    assert np.array_equal(found["data1/wide/value"][3], image(2))
    for name in whole:
        assert found[f"data1/{name}/timestamp"].any(1).tolist() == [True, False, False, True]
    assert len(found["header1/pulse_id"]) == 4


def test_a_channel_that_comes_later_has_empty_rows_before(path: Path) -> None:
    messages: list[dict[str, Any]] = [{"a": number, "late": None} for number in range(3)]
    messages += [{"a": number, "late": float(number), "image": image(number)} for number in range(3, 6)]
    found = write(path, *messages)
    assert np.array_equal(found["data1/late/value"], [np.nan] * 3 + [3, 4, 5], equal_nan=True)
    assert found["data1/image/value"][:, 0, 0].tolist() == [0, 0, 0, 3, 4, 5]
    assert found["data1/a/value"].tolist() == [0, 1, 2, 3, 4, 5]
    assert found["general/datasets"].tolist() == [b"a", b"late", b"image"]
    assert "header2/pulse_id" not in found


def test_thousands_of_rows_are_written_in_blocks(path: Path) -> None:
    count = 2500
    messages = [{"n": number, "p": np.arange(number, number + 900)} for number in range(count)]
    found = write(path, *messages)
    assert np.array_equal(found["data1/n/value"], np.arange(count))
    assert np.array_equal(found["data1/p/value"][:, 0], np.arange(count))
    assert np.array_equal(found["data1/p/value"][:, -1], np.arange(count) + 899)
    with h5py.File(path) as file:
        assert file["data1/n/value"].chunks == (1024,)
        assert file["data1/p/value"].chunks == (9, 900)


def test_values_that_no_file_can_hold_are_refused_and_leave_no_half_row(path: Path) -> None:
    writer = Writer(path)
    writer.write(Record(0, {"a": 1}))
    for value, said in (
        ({}, "of type dict"),
        (object(), "of type object"),
        ([[1], [2, 3]], "a list that is not even"),
        (1j, "of type complex"),
        (2**70, "of type int"),
        (np.array(["x"]), "of type <U1"),
    ):
        with pytest.raises(ImagingError, match=f"Channel 'bad' is {said}"):
            writer.write(Record(1, {"a": 2, "bad": value}))
    with pytest.raises(ImagingError, match="The pulse id 9223372036854775808 is too large"):
        writer.write(Record(2**63, {"a": 2}))
    writer.write(Record(2, {"a": 3}))
    writer.close()
    assert contents(path)["data1/a/value"].tolist() == [1, 3]
    assert writer.rows == 2


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        (1.5, 2, 2.0),
        (1, 2.0, 2),
        (1, 2.5, None),
        (1, "text", None),
        ("text", 1, None),
        (1, [1, 2], None),
        (True, 1, None),
        (1, True, 1),
        (np.uint8(1), 255, 255),
        (np.uint8(1), 256, None),
        (np.zeros((3, 4), "u2"), np.full((3, 4), 7, "u1"), 7),
        (np.zeros((3, 4), "u1"), np.full((3, 4), 7, "u2"), None),
        (np.zeros((3, 4), "u2"), np.full((4, 3), 7, "u2"), None),
        (1.5, np.inf, np.inf),
        (1, np.inf, None),
    ],
)
def test_another_type_is_taken_where_nothing_is_lost(path: Path, first: Any, then: Any, kept: Any) -> None:
    writer = Writer(path)
    writer.write(Record(7, {"a": first}))
    if kept is None:
        with pytest.raises(MisfitError, match=r"Channel 'a' is .* at pulse 8; it was .* before") as told:
            writer.write(Record(8, {"a": then}))
        assert "Set “change” to true" in told.value.remedy
    else:
        writer.write(Record(8, {"a": then}))
    writer.write(Record(9, {"a": first}))
    writer.close()
    found = contents(path)
    assert found["header1/pulse_id"].tolist() == [7, 9] if kept is None else [7, 8, 9]
    if kept is not None:
        assert (found["data1/a/value"][1] == kept).all()


@pytest.mark.parametrize("layout", ["DEFAULT", "FLAT", "BSH5"])
def test_with_change_another_part_begins_where_formats_change(path: Path, layout: str) -> None:
    messages = [{"image": image(number), "a": number} for number in range(3)]
    messages += [{"image": image(number, 60, 20), "a": number} for number in range(3, 5)]
    messages += [{"image": image(number, 60, 20), "a": "text"} for number in range(5, 6)]
    found = write(path, *messages, layout=layout, change=True)
    groups = [("data", "header"), ("data", "header"), ("", "part")][["DEFAULT", "FLAT", "BSH5"].index(layout)]
    ending = {"DEFAULT": "/value", "FLAT": "", "BSH5": "/data"}[layout]
    numbers = []
    for part, size in ((1, (30, 40)), (2, (20, 60)), (3, (20, 60))):
        if layout == "BSH5":
            data = header = "" if part == 1 else f"part{part}/"
        else:
            data, header = (f"{group}{part}/" for group in groups)
        assert found[f"{data}image{ending}"].shape[1:] == size
        numbers.append(found[f"{data}image{ending}"][:, 0, 0].tolist())
        assert found[f"{header}pulse_id"].tolist() == numbers[-1]
        assert len(found[f"{header}global_timestamp"]) == len(numbers[-1])
    assert numbers == [[0, 1, 2], [3, 4], [5]]
    assert found["general/datasets"].tolist() == [b"image", b"a"]


def test_a_file_of_some_records_takes_no_more(path: Path) -> None:
    writer = Writer(path, records=4, change=True)
    for number in range(3):
        writer.write(Record(number, {"a": number, "image": image(number)}))
    writer.write(Record(3, {"a": 3, "image": image(3, 8, 8)}))
    with pytest.raises(ImagingError, match="holds its 4 records already"):
        writer.write(Record(4, {"a": 4}))
    writer.close()
    found = contents(path)
    assert found["data1/a/value"].tolist() == [0, 1, 2]
    assert found["data2/a/value"].tolist() == [3]
    with h5py.File(path) as file:
        assert file["data1/image/value"].maxshape == (4, 30, 40)
        assert file["data2/a/value"].maxshape == (1,)


def test_times_before_1970_are_those_of_1970(path: Path) -> None:
    writer = Writer(path)
    writer.write(Record(1, {"a": 1}, nanoseconds=-5))
    writer.close()
    assert contents(path)["header1/global_timestamp"].tolist() == [[0, 0]]


def test_a_closed_file_takes_nothing(path: Path) -> None:
    writer = Writer(path)
    writer.close()
    writer.close()
    for attempt in (lambda: writer.write(Record(1, {"a": 1})), writer.flush):
        with pytest.raises(ImagingError, match="is closed"):
            attempt()
    assert set(contents(path)) == {f"general/{n}" for n in ("created", "user", "pid", "host", "datasets")}


def test_what_is_too_large_for_a_chunk_is_refused() -> None:
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, "u1"), (1 << 16, 1 << 16), (0, 0))
    kind = Kind(huge.dtype, huge.shape)
    assert kind.size == 1 << 32
    with pytest.raises(ImagingError, match="Channel 'a' has 4294967296 bytes"):
        kind_of("a", huge)


def test_what_has_more_dimensions_than_a_file_is_refused_and_the_file_goes_on(path: Path) -> None:
    writer = Writer(path)
    with pytest.raises(ImagingError, match="Channel 'a' has 32 dimensions: more than 31"):
        writer.write(Record(1, {"a": np.ones((2,) + (1,) * 31)}))
    writer.write(Record(2, {"a": np.ones((2,) + (1,) * 30)}))
    writer.close()
    assert contents(path)["header1/pulse_id"].tolist() == [2]
