import json
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks.figures import Row, missing


def test_a_row_compares_its_median_with_the_target() -> None:
    row = Row("start", "0.41 / 0.98 s", 0.010, "s", (0.004, -0.090, 0.006), 0.050)
    assert (row.median, row.worst, row.ratio) == (0.004, -0.090, pytest.approx(0.4))
    assert row.cells() == ("start", "0.41 / 0.98 s", "0.010 / 0.050 s", "0.004 / -0.090 s", "0.40")


def test_a_figure_without_target_has_no_ratio() -> None:
    assert Row("peak", "–", None, "MiB", (61.25,)).cells() == ("peak", "–", "–", "61.2 MiB", "–")


def test_what_cannot_be_measured_says_why() -> None:
    assert missing("start", "no bash").cells() == ("start", "–", "–", "not measured: no bash", "–")


def test_one_failing_benchmark_spares_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_quick: bool):
        raise OSError("no such thing")

    good = Row("good", "–", 2.0, "s", (1.0,))
    monkeypatch.setattr(program, "AGENT", {"broken": broken, "good": lambda quick: iter([good])})
    assert program.main(["agent", "--json", str(tmp_path / "figures")]) == 0
    out = capsys.readouterr().out
    assert "not measured: OSError: no such thing" in out
    assert out.splitlines()[-1].endswith("| 0.50")
    assert json.loads((tmp_path / "figures").read_text())[1]["median"] == 1.0
