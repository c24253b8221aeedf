"""The example in the document runs, and the limits of this machine can be measured."""

import re
import textwrap
from pathlib import Path

import pytest

from benchmarks.limits import codec, memory, memory_copy, zeromq

DOCUMENT = Path(__file__).parents[2] / "docs" / "bsread.rst"


def test_the_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    found = re.search(r"code-block:: python\n\n((?:    .*\n|\n)+)", DOCUMENT.read_text("utf-8"))
    assert found
    exec(compile(textwrap.dedent(found[1]), str(DOCUMENT), "exec"), {})
    assert "(960, 1280) first light" in capsys.readouterr().out


@pytest.mark.parametrize("compression", ["", "bitshuffle_lz4"])
def test_the_cost_of_the_codec_is_measured(compression: str) -> None:
    cost = codec(64, 48, compression, rounds=2)
    assert cost.encode > 0
    assert cost.decode > 0
    assert cost.size > 64 * 48 // 4


@pytest.mark.parametrize("transport", ["tcp", "ipc"])
@pytest.mark.parametrize("copies", [False, True])
def test_the_limits_are_measured(transport: str, copies: bool) -> None:
    assert zeromq(transport, 100_000, copies=copies, seconds=0.05) > 0
    assert memory(64, 48, rounds=2) > 0
    assert memory_copy(64, 48, rounds=2) > 0
