"""How a stream is shown: the living line, plain lines, lines for programs."""

import json
from dataclasses import replace

import click
import pytest

from pyca.cli.stream.shown import Shown, describe
from pyca.core.live import LinkReport, LinkState, LiveReport, LiveState, LogLine, Program

NOW = 1_774_600_000.0
MAIN = LinkReport("main", "YouTube", LinkState.LIVE, bitrate=812e3, reconnects=1, dropped=2)
SECOND = LinkReport("2", "b.example", LinkState.WAITING, next_try=NOW + 4.2, reconnects=3)
REPORT = LiveReport(
    LiveState.STREAMING,
    started=NOW - 83,
    program=Program.CAMERA,
    at=NOW,
    fps=25.0,
    bitrate=1_240_000.0,
    dropped=5,
    links=(MAIN, SECOND),
)


def test_one_line_says_it_all() -> None:
    assert click.unstyle(describe(REPORT, NOW)) == (
        "streaming  1:23  25 fps  1.24 Mbit/s  dropped 7  reconnects 4"
        "  YouTube: live 812 kbit/s  b.example: waiting 4 s"
    )


def test_one_destination_needs_no_name_and_a_line_of_a_usual_terminal() -> None:
    line = click.unstyle(describe(replace(REPORT, links=(MAIN,)), NOW))
    assert line.endswith("  reconnects 1  live 812 kbit/s")
    assert len(line) < 80


def test_a_standby_picture_does_not_go_unnoticed() -> None:
    line = click.unstyle(describe(LiveReport(LiveState.STREAMING, program=Program.SLATE), NOW))
    assert line.startswith("streaming  no picture: standby picture  ")


def test_where_nothing_can_be_overwritten_a_line_comes_with_each_change(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = Shown(living=False)
    for state in (LiveState.PREPARING, LiveState.PREPARING, LiveState.STREAMING, LiveState.STREAMING):
        shown.report(LiveReport(state), NOW)
    states = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert states == ["preparing", "streaming"]


def test_events_take_the_place_of_the_living_line(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(living=True, names={"main": "YouTube", "2": "b.example"})
    shown.report(REPORT, NOW)
    shown.event(LogLine(NOW, "warning", "reconnecting: gone\x1b[31m\nhidden", "main"))
    shown.report(LiveReport(LiveState.STOPPING), NOW)
    shown.end()
    captured = capsys.readouterr()
    before, wiped, after, rest = captured.out.split("\r")[1:]
    assert before.startswith("streaming")
    assert wiped == " " * len(before)
    assert after == ""
    assert rest.startswith("stopping")
    assert rest.endswith("\n")
    assert captured.err.endswith("YouTube: reconnecting: gone hidden\n")


def test_a_line_is_no_longer_than_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    shown = Shown(living=True)
    shown.report(REPORT, NOW)
    line = capsys.readouterr().out.removeprefix("\r")
    assert len(line) == 39
    assert line.endswith("…")


def test_a_terminal_of_usual_width_shows_each_of_two_destinations(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = Shown(living=True)
    shown.report(replace(REPORT, links=(MAIN, replace(SECOND, label="a.rtmp.youtube.com"))), NOW)
    line = capsys.readouterr().out.removeprefix("\r")
    assert line.endswith("25 fps  1.2M  drop 7  rec 4  YouTube live  a.rtmp.yo… 4 s")
    assert len(line) < 80


def test_with_many_destinations_those_in_trouble_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    Shown(living=True).report(replace(REPORT, links=(*[MAIN] * 6, SECOND)), NOW)
    assert capsys.readouterr().out == "\rstreaming  1:23  6 of 7 live  b.example 4 s"


def test_lines_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    shown = Shown(as_json=True)
    shown.report(REPORT, NOW)
    shown.event(LogLine(NOW, "info", "connected", "main"))
    shown.end()
    status, event = map(json.loads, capsys.readouterr().out.splitlines())
    assert (status["type"], status["state"], status["fps"]) == ("status", "streaming", 25.0)
    assert [link["state"] for link in status["links"]] == ["live", "waiting"]
    assert event == {"type": "event", "at": NOW, "level": "info", "text": "connected", "destination": "main"}
