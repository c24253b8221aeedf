import json
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks.figures import Row, missing
from benchmarks.load import load


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


def test_of_what_should_be_much_the_target_is_the_least() -> None:
    row = Row("answers", "2 rps", 300.0, "rps", (600.0, 150.0, 500.0), at_least=True)
    assert (row.median, row.worst, row.ratio) == (500.0, 150.0, pytest.approx(0.6))
    assert row.cells()[2:] == ("≥ 300 rps", "500 / 150 rps", "0.60")


def test_figures_of_a_load_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Latency 50%  900.00us\n  3044 requests in 2.00s\nRequests/sec:   1522.33\n"
    (tmp_path / "wrk").write_text(f"#!/bin/sh\ncat <<END\n{said}END\n")
    (tmp_path / "wrk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = load("http://127.0.0.1:9/", {"Authorization": "Bearer x"}, connections=1, seconds=1)
    assert (found.latency, found.rate, found.count) == (pytest.approx(0.9), 1522.33, 3044)
    (tmp_path / "wrk").write_text("#!/bin/sh\necho '  Non-2xx or 3xx responses: 7'\n")
    with pytest.raises(RuntimeError, match="7 requests"):
        load("http://127.0.0.1:9/", {}, connections=1, seconds=1)
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError, match="apt-get install wrk"):
        load("http://127.0.0.1:9/", {}, connections=1, seconds=1)
