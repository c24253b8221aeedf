"""Messages that are none: each is a WireError in words, and never costs more memory than is there."""

import json
import math
import struct
import tracemalloc
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.bsread.decoder import Decoder
from pyca.bsread.encoder import Compression, Encoder
from pyca.bsread.header import NUMBERS
from pyca.core.errors import WireError

NOW = 1_774_600_000_123_456_789
VALUES = {
    "image": np.arange(3000, dtype="u2").reshape(50, 60),
    "n": 1,
    "s": "text",
    "b": np.ones((3, 3), "?"),
}
METHODS = ("", "lz4", "bitshuffle_lz4")


def good(method: str = "") -> list[bytes]:
    parts = Encoder(Compression(method, method, method)).encode(7, NOW, VALUES)
    return [bytes(part) for part in parts]


def headed(*channels: Any, value: bytes = b"\0" * 8, **main: Any) -> list[bytes]:
    """A message with a header of our choice."""
    first = {"htype": "bsr_m-1.1", "hash": "", "pulse_id": 1, "global_timestamp": {"sec": 1, "ns": 2}} | main
    header = json.dumps({"htype": "bsr_d-1.1", "channels": list(channels)}).encode()
    return [json.dumps(first).encode(), header, *(value, b"\0" * 16) * len(channels)]


@pytest.mark.parametrize("method", METHODS)
@given(st.data())
def test_any_bytes_are_a_message_or_an_error(method: str, data: st.DataObject) -> None:
    parts = good(method)
    for _ in range(data.draw(st.integers(1, 3))):
        which = data.draw(st.integers(0, len(parts) - 1))
        part = bytearray(parts[which])
        match data.draw(st.sampled_from(["replace", "change", "cut", "extend", "drop", "double"])):
            case "replace":
                part = bytearray(data.draw(st.binary(max_size=60)))
            case "change" if part:
                part[data.draw(st.integers(0, len(part) - 1))] = data.draw(st.integers(0, 255))
            case "cut" if part:
                del part[data.draw(st.integers(0, len(part) - 1)) :]
            case "extend":
                part += data.draw(st.binary(max_size=20))
            case "drop" if len(parts) > 1:
                del parts[which]
                continue
            case "double":
                parts.insert(which, bytes(part))
        parts[which] = bytes(part)
    decoder = Decoder()
    try:
        decoder.decode(parts)
    except WireError as error:
        assert len(str(error)) < 400
    # The same decoder goes on.
    assert decoder.decode(good()).values["n"] == 1


@given(
    st.binary(max_size=64), st.sampled_from(["lz4", "bitshuffle_lz4"]), st.sampled_from(["u1", "u2", "f8"])
)
def test_compressed_rubbish_is_an_error(rubbish: bytes, method: str, code: str) -> None:
    kind = {"u1": "uint8", "u2": "uint16", "f8": "float64"}[code]
    size = 64 * np.dtype(code).itemsize
    head = struct.pack("<I", size) if method == "lz4" else struct.pack(">QI", size, 64)
    channel = {"name": "x", "type": kind, "shape": [8, 8], "compression": method}
    with pytest.raises(WireError):
        Decoder().decode(headed(channel, value=head + rubbish[:8]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(st.sampled_from(["name", "type", "shape", "encoding", "compression"]), inner)
    ),
)
SIZES = st.integers(0, 4) | st.sampled_from([1 << 31, 1 << 48, 1 << 62, 1 << 63, 1 << 70])
CHANNELS = st.fixed_dictionaries(
    {"name": st.text(min_size=1), "type": st.sampled_from([*NUMBERS, "string"])},
    optional={
        "shape": st.lists(SIZES, max_size=5),
        "encoding": st.sampled_from(["little", "big"]),
        "compression": st.sampled_from(["none", "lz4", "bitshuffle_lz4"]),
    },
)


@given(JSON | st.lists(CHANNELS | JSON), st.data())
def test_any_header_is_a_message_or_an_error(header: Any, data: st.DataObject) -> None:
    first = headed()[0]
    stamps = st.sampled_from([b"", b"\0" * 16])
    for whole in (
        header,
        {"htype": "bsr_d-1.1", "channels": header},
        {"htype": "bsr_d-1.1", "channels": [header]},
    ):
        channels = whole.get("channels") if isinstance(whole, dict) else None
        parts = [first, json.dumps(whole).encode()]
        for _ in channels if isinstance(channels, list) else ():
            parts += [data.draw(st.binary(max_size=64)), data.draw(stamps)]
        with suppress(WireError):
            Decoder().decode(parts)


@given(st.lists(CHANNELS, min_size=1, unique_by=lambda one: one["name"]))
def test_valid_headers_reach_their_values(channels: list[dict[str, Any]]) -> None:
    for one in channels:
        one.pop("compression", None)
        sizes = [min(size, 4) for size in one.get("shape", [])]
        one["shape"] = sizes
    parts = headed()[:1] + headed(*channels)[1:2]
    for one in channels:
        code = NUMBERS.get(one["type"], "u1")
        parts += [b"\0" * (math.prod(one["shape"]) * np.dtype(code).itemsize), b"\0" * 16]
    assert Decoder().decode(parts).values.keys() == {one["name"] for one in channels}


N = {"name": "x", "type": "int64"}
BAD: dict[str, tuple[list[bytes], str]] = {
    "no parts": ([], "0 parts"),
    "one part": ([b"{}"], "1 parts"),
    "no JSON": ([b"\xff", b"{}"], "main header is no JSON"),
    "deep JSON": ([b"[" * 60_000, b"{}"], "main header is no JSON"),
    "long number": ([b'{"pulse_id": ' + b"9" * 9000 + b"}", b""], "no JSON"),
    "large main header": ([b" " * 70_000, b"{}"], "has 70000 bytes"),
    "no object": ([b"[]", b"{}"], "not of htype bsr_m-1.1"),
    "other main": (headed(htype="bsr_m-2.0"), "not of htype bsr_m-1.1, but 'bsr_m-2.0'"),
    "no pulse": (headed(pulse_id=None), "pulse_id is no whole number"),
    "true pulse": (headed(pulse_id=True), "pulse_id is no whole number"),
    "large pulse": (headed(pulse_id=1 << 64), "pulse_id is no whole number"),
    "no time": (headed(global_timestamp=None), "no global_timestamp"),
    "text as time": (headed(global_timestamp={"sec": "x", "ns": 1}), "sec of the global_timestamp"),
    "far time": (headed(global_timestamp={"sec": 1 << 62, "ns": 1}), "which is no time"),
    "unknown header compression": (headed(dh_compression="zip"), "has compression 'zip'"),
    "header not compressed": (headed(dh_compression="lz4"), "The data header"),
    "other data": ([headed()[0], b'{"htype": "x"}'], "not of htype bsr_d-1.1"),
    "no channels": ([headed()[0], b'{"htype": "bsr_d-1.1"}'], "no list of channels"),
    "channel no object": (headed(5), "Channel 0 of the data header is no object"),
    "no name": (headed({"type": "int64"}), "Channel 0 of the data header has no name"),
    "same name": (headed(N, N), "'x' twice"),
    "type": (headed(N | {"type": "int128"}), "is of type 'int128'"),
    "type no text": (headed(N | {"type": [1]}), "is of type"),
    "encoding": (headed(N | {"encoding": "middle"}), "encoding 'middle'"),
    "encoding no text": (headed(N | {"encoding": {"a": 1}}), "has encoding"),
    "compression": (headed(N | {"compression": "gzip"}), "compression 'gzip'"),
    "shape": (headed(N | {"shape": 3}), "has shape 3"),
    "negative": (headed(N | {"shape": [-1, 4]}), "has shape"),
    "true shape": (headed(N | {"shape": [True]}), "has shape"),
    "broken shape": (headed(N | {"shape": [1.0]}), "has shape"),
    "dimensions": (headed(N | {"shape": [1] * 33}), "has shape"),
    "too little": (headed(N | {"shape": [2]}), "has 8 bytes; its type and shape need 16"),
    "too much": (headed(N, value=b"\0" * 9), "has 9 bytes; its type and shape need 8"),
    "gigantic": (headed(N | {"shape": [10**6, 10**6]}), "need 8000000000000"),
    "empty and endless": (headed(N | {"shape": [0, 2**70]}, value=b""), "no value is that large"),
    "empty at last": (headed(N | {"shape": [2**62, 2**62, 0]}, value=b""), "no value is that large"),
    "endless text": (headed(N | {"type": "string", "shape": [2**70]}), "no value is that large"),
    "missing parts": (headed(N)[:3], "3 parts"),
    "too many parts": ([*headed(N), b""], "5 parts"),
    "timestamp": ([*headed(N)[:3], b"\0" * 8], "timestamp of channel 'x' has 8 bytes"),
    "far timestamp": ([*headed(N)[:3], b"\x7f" * 16], "which is no time"),
    "no UTF-8": (headed(N | {"type": "string"}, value=b"\xff"), "is not UTF-8"),
    "short lz4": (headed(N | {"compression": "lz4"}, value=b"12"), "too short"),
    "short bitshuffle": (headed(N | {"compression": "bitshuffle_lz4"}, value=b"12"), "too short"),
    "block size": (
        headed(
            N | {"shape": [8], "compression": "bitshuffle_lz4"}, value=struct.pack(">QI", 64, 12) + b"\0" * 64
        ),
        "blocks of 12 bytes",
    ),
    "no block": (
        headed(
            N | {"shape": [8], "compression": "bitshuffle_lz4"}, value=struct.pack(">QI", 64, 0) + b"\0" * 64
        ),
        "blocks of 0 bytes",
    ),
    "block beyond the end": (
        headed(N | {"shape": [8], "compression": "bitshuffle_lz4"}, value=struct.pack(">QII", 64, 64, 9999)),
        "cut off",
    ),
}


@pytest.mark.parametrize(("parts", "says"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said(parts: list[bytes], says: str) -> None:
    with pytest.raises(WireError) as caught:
        Decoder().decode(parts)
    assert says in str(caught.value)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["float64", "string"])
def test_claims_cost_no_memory(method: str, kind: str) -> None:
    size = (1 << 32) - 8
    heads = {"": b"", "lz4": struct.pack("<I", size), "bitshuffle_lz4": struct.pack(">QI", size, 8192)}
    channel = {"name": "x", "type": kind, "shape": [size // 8], "compression": method or "none"}
    parts = headed(channel, value=heads[method] + b"\0\0\0\x04abcd" * 10)
    tracemalloc.start()
    try:
        if kind == "string" and not method:
            Decoder().decode(parts)
        else:
            with pytest.raises(WireError):
                Decoder().decode(parts)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_value_beyond_the_limit_is_refused() -> None:
    plain = {"z": np.zeros(100_000, "u1")}
    for method in ("lz4", "bitshuffle_lz4"):
        parts = Encoder(Compression(method)).encode(1, NOW, plain)
        assert len(parts[2]) < 3000
        assert Decoder().decode(parts).values["z"].size == 100_000
        with pytest.raises(WireError, match="claims to have 100000 bytes"):
            Decoder(largest=99_999).decode(parts)


def test_a_large_header_is_refused() -> None:
    header = b" " * (5 << 20)
    with pytest.raises(WireError, match="at most"):
        Decoder().decode([headed()[0], header])


def test_old_and_lenient_headers_are_read() -> None:
    assert Decoder().decode(headed(global_timestamp={"epoch": 3, "ns": 4})).nanoseconds == 3_000_000_004
    assert Decoder().decode(headed({"name": "x", "compression": None, "encoding": None})).values == {"x": 0.0}
    assert Decoder().decode(headed(N | {"compression": "none", "shape": None})).values == {"x": 0}
    assert Decoder().decode(headed(N, value=b"")).values == {"x": None}


def test_a_wrong_hash_is_counted_and_harms_nobody() -> None:
    decoder = Decoder()
    assert decoder.decode(headed(N, hash="same")).values == {"x": 0}
    assert decoder.decode(headed({"name": "y"}, hash="same")).values == {"y": 0.0}
    assert (decoder.mismatches, decoder.header_changes) == (2, 2)
    decoder.decode(good())
    assert decoder.mismatches == 2


def test_truth_values_are_0_or_1() -> None:
    found = (
        Decoder()
        .decode(headed({"name": "x", "type": "bool", "shape": [8]}, value=b"\0\1\2\3\xff\0\0\0"))
        .values["x"]
    )
    assert found.view("u1").tolist() == [0, 1, 1, 1, 1, 0, 0, 0]
