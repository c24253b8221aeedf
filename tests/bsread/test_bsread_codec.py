"""The codec of bsread: what is encoded comes out again, and exactly the bytes of the protocol are between."""

import hashlib
import json
import struct
from collections.abc import Mapping
from typing import Any

import bitshuffle
import lz4.block
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pyca.bsread.decoder import Decoder
from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.header import COMPRESSIONS, NUMBERS, Channel
from pyca.core.errors import WireError

NOW = 1_774_600_000_123_456_789
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
DTYPES = st.sampled_from([f"{order}{code}" for code in NUMBERS.values() for order in "<>"]).map(np.dtype)
SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, min_side=0, max_side=30).filter(lambda shape: shape != (1,))
ARRAYS = hnp.arrays(DTYPES, SHAPES)
SCALARS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, ())).map(lambda array: array[()])
PYTHON = st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False) | st.booleans() | TEXTS
VALUES = st.dictionaries(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1), ARRAYS | SCALARS | PYTHON | st.none()
)
METHODS = st.sampled_from(COMPRESSIONS)


def same(found: Any, value: Any) -> bool:
    """Whether a value has come through, with its type."""
    if isinstance(value, str) or value is None:
        return type(found) is type(value) and found == value
    wanted = np.asarray(value)
    got = np.asarray(found)
    equal_nan = wanted.dtype.kind == "f"
    return (
        got.dtype == wanted.dtype.newbyteorder("=")
        and got.shape == wanted.shape
        and np.array_equal(got, wanted, equal_nan=equal_nan)
    )


def parts_of(values: Mapping[str, Any], **more: Any) -> list[Any]:
    return Encoder(**more).encode(7, NOW, values)


@given(VALUES, METHODS, METHODS, METHODS, st.booleans(), st.integers(-(1 << 63), (1 << 64) - 1))
def test_what_is_encoded_comes_out_again(
    values: dict[str, Any], arrays: str, scalars: str, header: str, shape: bool, pulse_id: int
) -> None:
    encoder = Encoder(Compression(arrays, scalars, header), scalar_shape=shape)
    message = Decoder().decode(encoder.encode(pulse_id, NOW, values))
    # What is None from the beginning has no type.
    wanted = {name: value for name, value in values.items() if value is not None}
    assert (message.pulse_id, message.nanoseconds) == (pulse_id, NOW)
    assert list(message.values) == list(wanted)
    assert all(same(message.values[name], value) for name, value in wanted.items())
    assert message.timestamps == dict.fromkeys(wanted, NOW)


@given(st.dictionaries(TEXTS.filter(bool), ARRAYS | PYTHON, min_size=1), METHODS)
def test_none_keeps_the_place_of_its_channel(values: dict[str, Any], method: str) -> None:
    encoder, decoder = Encoder(Compression(method, method)), Decoder()
    before = decoder.decode(encoder.encode(1, NOW, values))
    parts = encoder.encode(2, NOW, dict.fromkeys(values))
    assert parts[2:] == [b"", b""] * len(values)
    message = decoder.decode(parts)
    assert message.values == dict.fromkeys(values)
    assert not message.timestamps
    assert message.channels == before.channels
    assert encoder.header_changes == decoder.header_changes == 1


def test_the_bytes_are_those_of_the_protocol() -> None:
    parts = parts_of(
        {"image": np.arange(6, dtype="u2").reshape(2, 3), "big": np.array([1, 2], ">i4"), "s": "ä"}
    )
    main, header = json.loads(parts[0]), json.loads(parts[1])
    assert main == {
        "htype": "bsr_m-1.1",
        "hash": hashlib.md5(parts[1]).hexdigest(),
        "pulse_id": 7,
        "global_timestamp": {"sec": 1_774_600_000, "ns": 123_456_789},
    }
    assert header == {
        "htype": "bsr_d-1.1",
        "channels": [
            {"name": "image", "type": "uint16", "shape": [3, 2], "encoding": "little"},
            {"name": "big", "type": "int32", "shape": [2], "encoding": "big"},
            {"name": "s", "type": "string", "shape": [1], "encoding": "little"},
        ],
    }
    assert bytes(parts[2]) == struct.pack("<6H", *range(6))
    assert bytes(parts[3]) == struct.pack("<qq", 1_774_600_000, 123_456_789)
    assert bytes(parts[4]) == struct.pack(">2i", 1, 2)
    assert bytes(parts[5]) == struct.pack(">qq", 1_774_600_000, 123_456_789)
    assert bytes(parts[6]) == "ä".encode()
    assert len(parts) == 8


def test_compressed_parts_are_those_of_the_protocol() -> None:
    image = np.arange(10_000, dtype="u2").reshape(100, 100)
    method = "bitshuffle_lz4"
    parts = parts_of({"image": image, "n": 5}, compression=Compression(method, method, method))
    assert json.loads(parts[0])["dh_compression"] == method
    assert json.loads(parts[0])["hash"] == hashlib.md5(parts[1]).hexdigest()
    assert struct.unpack(">QI", parts[2][:12]) == (20_000, 8192)
    plain = bitshuffle.decompress_lz4(np.frombuffer(parts[2], "u1")[12:], (10_000,), np.dtype("u2"), 4096)
    assert np.array_equal(plain, image.reshape(-1))
    assert bytes(parts[4]) == struct.pack(">QI", 8, 8192) + struct.pack("<q", 5)
    parts = parts_of({"image": image}, compression=Compression("lz4"))
    assert "dh_compression" not in json.loads(parts[0])
    assert parts[2][:4] == struct.pack("<I", 20_000)
    assert lz4.block.decompress(parts[2][4:], uncompressed_size=20_000) == image.tobytes()
    assert json.loads(parts[1])["channels"][0]["compression"] == "lz4"


def test_lz4_is_never_big_endian() -> None:
    value = np.array([1, 2, 3], ">i4")
    parts = parts_of({"a": value, "n": value[0]}, compression=Compression("lz4"))
    assert [one["encoding"] for one in json.loads(parts[1])["channels"]] == ["little", "little"]
    assert same(Decoder().decode(parts).values["a"], value)
    # Both orders of its size are read.
    parts[2] = struct.pack(">I", 12) + bytes(parts[2][4:])
    assert same(Decoder().decode(parts).values["a"], value)


def test_numbers_of_a_camera_have_no_shape() -> None:
    parts = parts_of({"width": 4, "s": "x"}, scalar_shape=False)
    width, text = json.loads(parts[1])["channels"]
    assert "shape" not in width
    assert text["shape"] == [1]


def test_single_channels_are_compressed_otherwise() -> None:
    compression = Compression("lz4", channels={"image": "bitshuffle_lz4", "n": "lz4"})
    message = Decoder().decode(parts_of({"image": [[1, 2]], "axis": [1, 2], "n": 1}, compression=compression))
    assert [one.compression for one in message.channels] == ["bitshuffle_lz4", "lz4", "lz4"]


def test_arrays_are_not_copied() -> None:
    image = np.zeros((4, 5), "u2")
    parts = parts_of({"image": image})
    assert np.shares_memory(np.frombuffer(parts[2], "u2"), image)
    found = Decoder().decode(parts).values["image"]
    assert np.shares_memory(found, image)
    assert not found.flags.writeable


@pytest.mark.parametrize("turned", [np.s_[::-1], np.s_[:, ::-1], np.s_[1:3, 1:4], np.s_[::2, ::3]])
def test_arrays_with_gaps_come_through(turned: Any) -> None:
    image = np.arange(20, dtype="u2").reshape(4, 5)[turned]
    assert same(Decoder().decode(parts_of({"image": image})).values["image"], image)


def test_headers_change_with_types_and_shapes_only() -> None:
    encoder, decoder = Encoder(), Decoder()
    steps: list[tuple[dict[str, Any], int]] = [
        ({"a": 1, "b": np.zeros((2, 3))}, 1),
        ({"a": 2, "b": np.ones((2, 3))}, 1),
        ({"a": 2, "b": np.ones((3, 2))}, 2),
        ({"a": 2.5, "b": np.ones((3, 2))}, 3),
        ({"a": None, "b": np.ones((3, 2))}, 3),
        ({"b": np.ones((3, 2)), "a": 2.5}, 4),
        ({"b": np.ones((3, 2), ">f8"), "a": 2.5}, 5),
        ({"b": np.ones((3, 2), ">f8")}, 6),
        ({"b": np.ones((3, 2), ">f8"), "new": None}, 6),
        ({"b": np.ones((3, 2), ">f8"), "new": "x"}, 7),
    ]
    hashes = set()
    for values, changes in steps:
        message = decoder.decode(encoder.encode(1, NOW, values))
        hashes.add(message.hash)
        assert encoder.header_changes == decoder.header_changes == changes
        assert {
            name: one for name, one in values.items() if name in message.values
        }.keys() == message.values.keys()
    assert len(hashes) == 7


def test_one_header_is_made_for_all_that_are_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[bytes] = []
    monkeypatch.setattr("pyca.bsread.encoder.md5", lambda part: made.append(bytes(part)) or "0")
    for strategy, expected in (("on_change", 1), ("once", 1), ("always", 3)):
        made.clear()
        encoder = Encoder(strategy=strategy)
        for _ in range(3):
            encoder.encode(1, NOW, {"a": 1})
        assert len(made) == expected
        assert encoder.header_changes == 1


def test_a_header_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder, decoder = Encoder(), Decoder()
    decoder.decode(encoder.encode(1, NOW, {"a": 1}))
    monkeypatch.setattr("pyca.bsread.decoder.read_data", None)
    assert decoder.decode(encoder.encode(2, NOW, {"a": 2})).values == {"a": 2}


@pytest.mark.parametrize("values", [{"a": 1.5}, {"a": [1, 2]}, {"a": 1, "b": 1}, {"a": "x"}])
def test_a_header_that_is_made_once_stays(values: dict[str, Any]) -> None:
    encoder, decoder = Encoder(strategy="once"), Decoder()
    encoder.encode(1, NOW, {"a": 1, "other": 1})
    with pytest.raises(WireError, match="in the header, which is made once"):
        encoder.encode(2, NOW, values)
    assert decoder.decode(encoder.encode(3, NOW, {"a": 5})).values == {"a": 5, "other": None}


def test_times_of_single_channels() -> None:
    parts = Encoder().encode(1, NOW, {"a": 1, "b": np.array([1, 2], ">i2")}, {"b": -5})
    message = Decoder().decode(parts)
    assert message.timestamps == {"a": NOW, "b": -5}


def test_formats_are_told() -> None:
    message = Decoder().decode(parts_of({"image": np.zeros((2, 3), "u1"), "n": np.float32(1)}))
    assert message.channels == (Channel("image", "uint8", (3, 2)), Channel("n", "float32", (1,)))


UNFIT = {
    "complex": 1j,
    "half": np.zeros(3, "f2"),
    "bytes": b"x",
    "object": object(),
    "objects": np.array([None, 1]),
    "texts": ["a", "b"],
    "uneven": [[1], [1, 2]],
    "huge": 1 << 64,
    "small": -(1 << 63) - 1,
    "surrogate": "\ud800",
    "mapping": {},
    "date": np.datetime64("2026-01-01"),
}


@pytest.mark.parametrize("value", UNFIT.values(), ids=UNFIT)
def test_what_the_protocol_has_no_type_for_is_refused(value: Any) -> None:
    with pytest.raises(WireError, match="'odd'"):
        Encoder().encode(1, NOW, {"odd": value})


def test_times_that_cannot_be_sent_are_refused() -> None:
    with pytest.raises(WireError, match="no time that can be sent"):
        Encoder().encode(1, 1 << 100, {"a": 1})


def test_pulses_and_times_of_numpy_are_numbers() -> None:
    message = Decoder().decode(Encoder().encode(np.uint64(3), np.int64(NOW), {"a": 1}, {"a": np.int64(5)}))
    assert (message.pulse_id, message.nanoseconds, message.timestamps) == (3, NOW, {"a": 5})


@pytest.mark.parametrize("odd", [1.5, np.float64(1), None, "1", 1 << 64, -(1 << 63) - 1])
def test_pulses_and_times_that_are_no_whole_numbers_are_refused(odd: Any) -> None:
    with pytest.raises(WireError, match="pulse"):
        Encoder().encode(odd, NOW, {"a": 1})
    with pytest.raises(WireError, match="time"):
        Encoder().encode(1, odd, {})
    with pytest.raises(WireError, match="no time that can be sent"):
        Encoder().encode(1, NOW, {"a": 1}, {"a": odd << 40 if isinstance(odd, int) else odd})


def test_unknown_words_are_refused() -> None:
    with pytest.raises(WireError, match="no compression 'zip'"):
        Compression("zip")
    with pytest.raises(WireError, match="no strategy 'never'"):
        Encoder(strategy="never")
