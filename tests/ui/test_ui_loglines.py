"""Lines of whatever log there is."""

import json
import time

import pytest

from pyca.ui.view.loglines import LONGEST_LINE, Level, Line, parse

NOW = 1_774_600_000.0


def one(text: str, service: str = "") -> Line:
    [line] = parse(text, NOW, service)
    return line


OUR = "[pyca.capture.lane:42:run()] [ERROR] it broke"


@pytest.mark.parametrize(
    ("text", "level", "service", "rest"),
    [
        (f"2026-03-27 08:26:40,123 {OUR}", "error", "capture", "it broke"),
        (f"2026-03-27T08:26:40+0000 hall python[12]: {OUR}", "error", "capture", "it broke"),
        (f"Mar 27 08:26:40 hall pyca-ingest[12]: {OUR}", "error", "ingest", "it broke"),
        (f"<3>{OUR}", "error", "capture", "it broke"),
        ("<4>disk", "warning", "", "disk"),
        ("<6>note", "info", "", "note"),
        ("<7>detail", "debug", "", "detail"),
        ("[2026-03-27 08:26:40 +0000] [7] [INFO] Booting", "info", "", "[7] [INFO] Booting"),
        ("WARNING: own format", "warning", "", "WARNING: own format"),
        ("Sat 2026-03-27 08:26:40 UTC hall pyca-ui.service[3]: [CRITICAL] x", "error", "ui", "x"),
        ("just words with no error word", "unknown", "", "just words with no error word"),
    ],
)
def test_what_a_line_begins_with_is_understood(text: str, level: str, service: str, rest: str) -> None:
    line = one(text)
    assert (str(line.level), line.service, line.text) == (level, service, rest)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-27T08:26:40+00:00 x",
        "2026-03-27T09:26:40+0100 x",
        "[2026-03-27 08:26:40 +0000] x",
        "Fri 2026-03-27 08:26:40 UTC hall pyca[3]: x",
    ],
)
def test_moments_are_read_with_their_zone(text: str) -> None:
    assert one(text).moment == 1_774_600_000.0
    assert one(text).text == "x"


def test_a_moment_without_zone_is_the_machines() -> None:
    line = one("2026-03-27 08:26:40,250 x")
    assert line.moment == time.mktime((2026, 3, 27, 8, 26, 40, 0, 0, -1)) + 0.25


def test_a_date_without_year_lies_in_the_past() -> None:
    early, late = one("Mar 26 08:00:00 hall pyca[1]: x"), one("Dec 31 08:00:00 hall pyca[1]: x")
    assert early.moment is not None
    assert late.moment is not None
    assert time.localtime(early.moment).tm_year == 2026
    assert time.localtime(late.moment).tm_year == 2025


@pytest.mark.parametrize("text", ["0001-01-01 00:00:00 x", "2026-13-45 99:00:00 x", "Foo 99 10:00:00 x"])
def test_impossible_dates_are_words(text: str) -> None:
    assert one(text).moment is None
    assert one(text).text == text


def test_a_traceback_belongs_to_the_line_before() -> None:
    text = f"2026-03-27 08:26:40,1 {OUR}\nTraceback (most recent call last):\n  File\nValueError: 3\n<6>next"
    lines = list(parse(text, NOW))
    assert [str(line.level) for line in lines] == ["error"] * 4 + ["info"]
    assert {line.service for line in lines[:4]} == {"capture"}
    assert {line.moment for line in lines[:4]} == {lines[0].moment}
    assert lines[2].text == "  File"


def test_in_the_journal_it_belongs_to_what_the_same_process_said() -> None:
    stamp = "2026-03-27T08:26:40+00:00 hall"
    text = f"{stamp} python[1]: [ERROR] broke\n{stamp} python[2]: [INFO] fine\n{stamp} python[1]: Traceback"
    assert [str(line.level) for line in parse(text, NOW)] == ["error", "info", "error"]


def entry(**more: object) -> str:
    return json.dumps({"MESSAGE": "words", "PRIORITY": "6", "_PID": "7"} | more)


@pytest.mark.parametrize(
    ("more", "level", "service", "text"),
    [
        ({"PRIORITY": "2"}, "error", "", "words"),
        ({"PRIORITY": "4", "_SYSTEMD_UNIT": "pyca-ingest.service"}, "warning", "ingest", "words"),
        ({"PRIORITY": "7", "_SYSTEMD_UNIT": "pyca.service"}, "debug", "pyca", "words"),
        ({"MESSAGE": OUR}, "error", "capture", "it broke"),
        ({"MESSAGE": [72, 246, 114, 300, "x"]}, "info", "", "H�r"),
        ({"MESSAGE": None}, "info", "", "(too long for the journal)"),
        ({"MESSAGE": "\ud800 half"}, "info", "", "� half"),
        ({"PRIORITY": {"a": 1}}, "unknown", "", "words"),
        ({"__REALTIME_TIMESTAMP": "x" * 30}, "info", "", "words"),
    ],
)
def test_the_journals_own_entries(more: dict[str, object], level: str, service: str, text: str) -> None:
    line = one(entry(**more))
    assert (str(line.level), line.service, line.text) == (level, service, text)


def test_an_entry_has_its_moment() -> None:
    assert one(entry(__REALTIME_TIMESTAMP="1774600000250000")).moment == 1_774_600_000.25


@pytest.mark.parametrize("text", ['{"MESSAGE": ', "[" * 20, '{"a":' * 50_000, '{"a": 1}', "{" + "9" * 6000])
def test_what_only_looks_like_an_entry_is_words(text: str) -> None:
    assert one(text).text.startswith(text[:10])


def test_hostile_lines_are_harmless() -> None:
    line = one("a\x1b[31mred\x1b[0m \x1b]0;title\x07b\0c\x7f \u202egnp \x85 \ud800 \r\n")
    assert line.text == "ared b�c� �gnp � �"


def test_a_huge_line_is_cut_and_fast() -> None:
    line = one("x" * 1_000_000)
    assert len(line.text) < LONGEST_LINE + 50
    assert line.text.endswith("(1000000 characters in all)")
    for hostile in ("[" * 10**6, "2026-" * 10**5, "://a:" * 10**5, "\x1b]" * 10**5, "<" * 10**6):
        assert len(one(hostile).text) < LONGEST_LINE + 50


def test_passwords_in_addresses_are_masked() -> None:
    text = one("rtsp://root:geheim99@camera/x?password=other1 cannot be opened").text
    assert "geheim99" not in text
    assert "other1" not in text
    assert "rtsp://root:********@camera" in text


def test_what_has_no_level_counts_as_information() -> None:
    assert Level.INFO.covers(Level.UNKNOWN)
    assert not Level.WARNING.covers(Level.UNKNOWN)
    assert Level.DEBUG.covers(Level.DEBUG)
    assert not Level.INFO.covers(Level.DEBUG)
    assert Level.WARNING.covers(Level.ERROR)
