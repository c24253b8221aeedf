"""What is printed for people never steers their terminal."""

import os

import pytest

from pyca.cli.output import plain, print_table


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Hörsaal 1 – Übung", "Hörsaal 1 – Übung"),
        ("two\nlines\tand a tab", "two lines and a tab"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;owned\x07Title", "Title"),
        ("\x1b]8;;http://example.org\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("a\x9b2Jb\x1bcc\x7f", "abc"),
        ("\u202eevil", "evil"),
    ],
)
def test_plain(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_a_long_title_is_cut_for_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "title"), [("1", "x" * 500)])
    assert capsys.readouterr().out.splitlines()[1] == "1   " + "x" * 119 + "…"


def test_a_long_title_is_cut_to_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((40, 20)))
    print_table(("id", "title"), [("1", "x" * 500)])
    assert all(len(line) <= 40 for line in capsys.readouterr().out.splitlines())
