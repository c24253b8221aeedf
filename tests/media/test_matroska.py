from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pyca.media.matroska import is_closed

EBML = bytes.fromhex("1a45dfa3 84 00000000")
SEGMENT = bytes.fromhex("18538067")


@pytest.mark.parametrize(
    ("content", "closed"),
    [
        (EBML + SEGMENT + b"\x85" + b"12345", True),
        (EBML + SEGMENT + bytes.fromhex("0100000000000005") + b"12345", True),
        (EBML + SEGMENT + b"\x85" + b"1234", False),
        (EBML + SEGMENT + b"\xff" + b"12345", False),
        (EBML + SEGMENT + bytes.fromhex("01ffffffffffffff") + b"12345", False),
        (EBML + SEGMENT, False),
        (EBML, False),
        (EBML[:5], False),
        (b"RIFF....WAVE", True),
        (b"", True),
    ],
)
def test_is_closed(content: bytes, closed: bool, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(content)
    assert is_closed(tmp_path / "x") is closed


@given(st.binary(max_size=40))
def test_any_bytes(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder, "x")
        file.write_bytes(EBML[:4] + content)
        assert is_closed(file) in (True, False)
