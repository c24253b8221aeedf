"""Pickled arrays: what the existing client sends is read, and nothing is ever executed."""

import codecs
import copyreg
import pickle
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.core.errors import ImagingError
from pyca.images.image import KINDS
from pyca.images.unpickle import unpickled
from pyca.images.upload import image_of

IMAGE = np.arange(12, dtype="u2").reshape(3, 4)


class Call:
    """Pickles as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._call = (function, arguments)

    def __reduce__(self) -> Any:
        return self._call


@pytest.mark.parametrize("protocol", range(5))
@pytest.mark.parametrize("kind", [*(kind.name for kind in KINDS), "int64"])
def test_arrays_of_the_existing_client(protocol: int, kind: str) -> None:
    array = IMAGE.astype(kind) * 21
    found = image_of(pickle.dumps(array, protocol))
    assert found.tolist() == array.tolist()
    assert found.dtype == ("u2" if kind == "int64" else kind)
    assert not found.flags.writeable or found.base is None


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_other_orders_of_bytes_and_rows(protocol: int) -> None:
    for array in (IMAGE.astype(">u2"), np.asfortranarray(IMAGE), IMAGE[:, ::2]):
        assert unpickled(pickle.dumps(array, protocol)).tolist() == array.tolist()


def test_older_numpys_and_pythons() -> None:
    new = pickle.dumps(IMAGE, 0)
    assert b"numpy._core.multiarray" in new
    old = new.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    assert unpickled(old).tolist() == IMAGE.tolist()
    pixels = b"S'" + b"".join(b"\\x%02x" % byte for byte in IMAGE.tobytes()) + b"'\n"
    two = (
        b"cnumpy.core.multiarray\n_reconstruct\np0\n(cnumpy\nndarray\np1\n(I0\ntp2\nS'b'\np3\ntp4\nRp5\n"
        b"(I1\n(L3L\nL4L\ntp6\ncnumpy\ndtype\np7\n(S'u2'\np8\nI0\nI1\ntp9\nRp10\n(I3\nS'<'\np11\nNNNI-1\nI-1\n"
        b"I0\ntp12\nbI00\n" + pixels + b"p13\ntp14\nb."
    )
    assert unpickled(two).tolist() == IMAGE.tolist()


def test_protocol_5_is_refused_with_a_way_out() -> None:
    with pytest.raises(ImagingError, match=r"refused.*numpy\.save"):
        unpickled(pickle.dumps(IMAGE, 5))


def refused(body: bytes) -> str:
    with pytest.raises(ImagingError) as caught:
        image_of(body)
    assert len(str(caught.value)) < 400
    return str(caught.value)


@pytest.mark.parametrize("protocol", range(6))
def test_calls_are_refused(tmp_path: Path, protocol: int) -> None:
    proof = tmp_path / "executed"
    for function, arguments in (
        (__import__("os").system, (f"touch {proof}",)),
        (eval, (f"open({str(proof)!r}, 'w')",)),
        (exec, (f"open({str(proof)!r}, 'w')",)),
        (open, (str(proof), "w")),
        (getattr, (proof, "touch")),
        (__import__("subprocess").Popen, (["touch", str(proof)],)),
        (np.load, (str(proof),)),
        (np.save, (str(proof), IMAGE)),
        (np.fromfile, ("/etc/passwd",)),
        (codecs.decode, (b"", "zip")),
    ):
        call = Call(function, *arguments)
        for value in (call, [call], (IMAGE, call), {"image": call}, Call(np.dtype, call)):
            assert "refused" in refused(pickle.dumps(value, protocol))
        assert not proof.exists()


def test_a_call_within_the_state_of_an_array(tmp_path: Path) -> None:
    proof = tmp_path / "executed"
    good = pickle.dumps(IMAGE, 0)
    assert good.count(b"I3\nI4\n") == 1
    evil = good.replace(b"I3\nI4\n", b"I3\ncos\nsystem\n(Vtouch " + str(proof).encode() + b"\ntR")
    assert "os.system" in refused(evil)
    assert not proof.exists()


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("__builtin__", "eval"),
        ("copyreg", "_reconstructor"),
        ("copy_reg", "_reconstructor"),
        ("copyreg", "__newobj__"),
        ("numpy", "load"),
        ("numpy", "f2py"),
        ("numpy", "ndarray.tofile"),
        ("numpy", "dtype.__reduce__"),
        ("numpy.core.multiarray", "_reconstruct.__globals__"),
        ("numpy.core.multiarray", "fromfile"),
        ("_codecs", "decode"),
        ("_codecs", "lookup"),
        ("codecs", "encode"),
        ("pyca.images.unpickle", "_Word"),
    ],
)
def test_every_other_name_is_refused(module: str, name: str) -> None:
    assert f"{module}.{name}" in refused(f"c{module}\n{name}\n.".encode())
    words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name))
    assert f"{module}.{name}" in refused(b"\x80\x04" + words + b"\x93.")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b".",
        b"nonsense",
        b"N.",
        b"I1\n.",
        b"(lp0\n.",
        b"]q\x00.",
        b"}q\x00.",
        b"cnumpy\nndarray\n.",
        b"cnumpy\ndtype\n.",
        # dtype, ndarray and the codec, called as no array calls them
        b"cnumpy\nndarray\n(I1000000000000\ntR.",
        b"cnumpy\ndtype\n(tR.",
        b"cnumpy\ndtype\n(VO\ntR.",
        b"c_codecs\nencode\n(Vx\nVzlib_codec\ntR.",
        b"c_codecs\nencode\n(Vx\nVrot13\ntR.",
        b"c_codecs\nencode\n(Vx\ntR.",
        # what stands for a name is to be changed
        b"cnumpy\ndtype\n}V__call__\nNsb.",
        b"cnumpy\ndtype\n(NVx\ntb.",
        b"cnumpy\ndtype\nNb.",
        b"cnumpy\ndtype\n(Vu2\ntR(I3\nVx\ntb.",
        b"cnumpy\ndtype\n(Vu2\ntR}b.",
        b"cnumpy\ndtype\n(Vu2\ntRNb.",
        # an array without pixels, or with a state of another kind
        b"cnumpy.core.multiarray\n_reconstruct\n(tR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(tR}b.",
        b"cnumpy.core.multiarray\n_reconstruct\n(tRNb.",
        b"cnumpy.core.multiarray\n_reconstruct\n(tR(NNNNNtb.",
        b"cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I1\nI1\ntVu2\nI0\nVxx\ntb.",
        # instructions that no array needs
        b"(icos\nsystem\n.",
        b"(Vls\ncos\nsystem\no.",
        b"Pid\n.",
        b"\x80\x02Vid\nQ.",
        b"\x80\x02\x82\x01.",
        b"\x80\x02cnumpy\ndtype\n)\x81.",
        b"\x80\x04cnumpy\ndtype\n)}\x92.",
        b"\x80\x05\x97.",
        # remembering and recalling what is not there
        b"g99\n.",
        b"h\x05.",
        b"p99999999\n.",
        b"I1\nr\xff\xff\xff\x7f.",
        b"I1\np2147483647\n.",
        b"I1\np-1\n.",
        b"R.",
        b"b.",
        b"(t(t",
        b"0.",
        b"L" + b"9" * 100_000 + b"L\n.",
        b"I" + b"9" * 100_000 + b"\n.",
        b"F1e999\n.",
        b"\x80\xff.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",
        b"(" * 100_000,
        b"(" * 400 + b"t" * 400 + b".",
        b"N" * 1000 + b".",
        b"\x8c\xffshort",
    ],
)
def test_programs_that_are_no_arrays(body: bytes) -> None:
    refused(body)


def test_it_is_said_what_is_refused() -> None:
    assert "an image has no EXT1 in it" in refused(b"\x80\x02\x82\x01.")
    assert "an image has no INST in it" in refused(b"(icos\nsystem\n.")
    assert "longer than that of an image" in refused(b"Nr\xff\xff\xff\x7f.")
    assert "longer than that of an image" in refused(b"N" * 1000 + b".")


def test_nothing_stays_behind() -> None:
    refused(b"cnumpy\ndtype\n}V_name\nVevil\nsb.")
    assert unpickled(pickle.dumps(IMAGE, 0)).tolist() == IMAGE.tolist()


@pytest.mark.parametrize(
    "body",
    [
        b"\x80\x04B\xff\xff\xff\x7f.",
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b".",
        b"\x80\x05\x96" + struct.pack("<Q", 2**36) + b".",
        b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b".",
        b"X\xff\xff\xff\x7fx.",
        b"\x8b\xff\xff\xff\x7fx.",
        b"Nr\xff\xff\xff\x7f.",
        b"cnumpy\nndarray\n(I99999999999\ncnumpy\ndtype\n(VO\ntRtR.",
        b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I99999999999\ntVb\ntR.",
    ],
)
def test_a_few_bytes_take_little_memory(body: bytes) -> None:
    tracemalloc.start()
    try:
        refused(body)
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_arrays_that_are_no_images() -> None:
    for array in (
        np.zeros(3),
        np.zeros((2, 2, 2)),
        np.zeros((0, 2)),
        np.array([["x"]]),
        np.array([[None]]),
        np.zeros((2, 2), "c16"),
        np.zeros((2, 2), [("a", "u2")]),
        np.zeros((2, 2), "M8[s]"),
        np.zeros((2, 2), "?"),
        np.float64(3),
        np.dtype("u2"),
        [[1, 2], [3, 4]],
        "text",
    ):
        for protocol in range(6):
            refused(pickle.dumps(array, protocol))


def test_bytes_and_size_must_fit() -> None:
    good = pickle.dumps(IMAGE, 0)
    assert "24 bytes" in refused(good.replace(b"I3\nI4\n", b"I3\nI5\n"))
    refused(good.replace(b"I3\nI4\n", b"I-3\nI-4\n"))
    refused(good.replace(b"I3\nI4\n", b"I99999999999\nI4\n"))


def test_too_large_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pyca.images.unpickle.LARGEST", 100)
    assert "too large" in refused(pickle.dumps(IMAGE, 0))


def test_registered_reducers_are_nothing_special() -> None:
    class Own:
        pass

    copyreg.pickle(Own, lambda own: (print, ("executed",)))  # type: ignore[arg-type, return-value]
    try:
        assert "print" in refused(pickle.dumps(Own(), 2))
    finally:
        copyreg.dispatch_table.pop(Own)


@given(st.binary(max_size=200))
def test_noise(body: bytes) -> None:
    refused(body)


@given(st.integers(0, 4), st.integers(0, 400), st.binary(min_size=1, max_size=4))
def test_mangled_arrays(protocol: int, place: int, bite: bytes) -> None:
    good = pickle.dumps(IMAGE, protocol)
    place %= len(good)
    try:
        found = unpickled(good[:place] + bite + good[place + len(bite) :])
    except ImagingError:
        return
    assert found.ndim == 2
