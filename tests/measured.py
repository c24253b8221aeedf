"""What was measured in this session: a table below pytest's summary, one row for each fault.

In a test::

    def test_…(measured: Measured) -> None:
        measured("FFmpeg killed", "lost 0.7 s, 2 parts joined")

The rows travel with the reports, so that they come together from several workers too.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

Measured = Callable[[str, str], None]
NAME = "measured"


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measured:
    """Return what notes a measured result: a row of the table, and what was found."""

    def note(row: str, text: str) -> None:
        request.node.user_properties.append((NAME, [row, text]))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    rows = [tuple(row) for row in _noted(terminalreporter.stats)]
    if not rows:
        return
    width = max(len("fault"), *(len(row) for row, _ in rows))
    terminalreporter.section("measured")
    terminalreporter.line(f"{'fault':{width}} | measured")
    for row, text in sorted(rows, key=_place):
        terminalreporter.line(f"{row:{width}} | {text}")


def _place(row: tuple[str, ...]) -> tuple[int, str]:
    """Sort rows that begin with a number by that."""
    number = row[0].split()[0]
    return (int(number) if number.isdigit() else 0, row[0])


def _noted(stats: dict[str, list[Any]]) -> Iterator[list[str]]:
    for reports in stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                yield from (value for name, value in report.user_properties if name == NAME)
