"""What stands on the command line of ``pyca stream``, what becomes of it, and what is refused how."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from pyca.cli.app import cli
from pyca.cli.stream import stream
from pyca.cli.stream.wanted import Given, Order, wanted
from pyca.core.errors import UsageError
from pyca.core.live import MAIN, Destination, Profile, Source
from pyca.live.send import address
from pyca.live.send.presets import PRESETS
from tests.cli.conftest import Run

URL = "rtmp://a.example/live2/s3cret"


def order(*words: str, environ: Mapping[str, str] | None = None) -> Order:
    """Return what is ordered by some words."""
    return wanted(Given(**stream.make_context("stream", list(words)).params), environ or {})


def destinations(*words: str, environ: Mapping[str, str] | None = None) -> list[tuple[str, str, str, str]]:
    """Return address, key, backup and label of all destinations."""
    found = order(*words, environ=environ).plan.destinations
    return [(one.url, one.key, one.backup, one.label) for one in found]


def test_an_address_is_enough() -> None:
    plan = order(URL).plan
    assert plan.profile == Profile("360p", 750_000, "1kHz", 25, None)
    assert plan.source == Source("auto", "auto")
    assert plan.destinations == (Destination(MAIN, "rtmp://a.example/live2", "s3cret", "a.example"),)
    assert plan.record is None


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("--resolution 1080p", Profile("1080p", 4_500_000)),
        ("--resolution 240p --bitrate 800kpbs", Profile("240p", 800_000)),
        ("--bitrate 1M", Profile("360p", 1_000_000)),
        ("--bitrate 100000", Profile("360p", 100_000)),
        ("--audio silence --fps 30 --quality 20", Profile(audio="silence", fps=30, quality=20)),
        ("--audio alsa:hw:1", Profile(audio="alsa:hw:1")),
    ],
)
def test_the_profile(words: str, expected: Profile) -> None:
    assert order(*words.split(), URL).plan.profile == expected


def test_the_source() -> None:
    words = "--input rtsp://camera/1 --encoder copy --hflip --vflip"
    assert order(*words.split(), URL).plan.source == Source("rtsp://camera/1", "copy", True, True)


def test_several_addresses_each_with_its_backup() -> None:
    words = (
        f"{URL} --backup rtmp://b.example/live2?backup=1/s3cret srt://c.example:9000?streamid=s --backup none"
    )
    assert destinations(*words.split()) == [
        ("rtmp://a.example/live2", "s3cret", "rtmp://b.example/live2?backup=1", "a.example"),
        ("srt://c.example:9000", "s", "", "c.example:9000"),
    ]


def test_destinations_of_one_host_can_be_told_apart() -> None:
    found = order(URL, "rtmp://a.example/live2/OTHER").plan.destinations
    assert [(one.id, one.label) for one in found] == [(MAIN, "a.example"), ("2", "a.example (2)")]


def test_a_preset_needs_no_address_but_a_key() -> None:
    youtube = PRESETS["youtube"]
    environ = {"PYCA_STREAM_KEY": " KEY\n"}
    expected = [(youtube.url, "KEY", youtube.backup, "youtube")]
    assert destinations("--preset", "youtube", environ=environ) == expected
    with pytest.raises(UsageError, match=r"key is missing .*PYCA_STREAM_KEY"):
        order("--preset", "youtube")


@pytest.mark.parametrize("name", [name for name, one in PRESETS.items() if one.url])
def test_the_addresses_of_presets_can_be_sent_to(name: str) -> None:
    preset = PRESETS[name]
    for url in filter(None, (preset.url, preset.backup)):
        parsed = address.parse(url, "KEY")
        assert (parsed.base, parsed.key) == (url, "KEY")


def test_another_server_of_a_platform() -> None:
    words = ["--preset", "twitch", "rtmp://near.example/app"]
    assert destinations(*words, environ={"PYCA_STREAM_KEY": "KEY"}) == [
        ("rtmp://near.example/app", "KEY", "", "twitch")
    ]


def test_an_address_of_a_platform_with_its_key() -> None:
    whole = "rtmps://a.rtmps.youtube.com:443/live2/KEY"
    assert destinations("--preset", "youtube", whole) == [
        ("rtmps://a.rtmps.youtube.com:443/live2", "KEY", "", "youtube")
    ]


def test_a_key_behind_a_preset_is_not_repeated() -> None:
    with pytest.raises(UsageError, match=r"is no address .*--key-file FILE or PYCA_STREAM_KEY") as caught:
        order("--preset", "youtube", "KEYKEY")
    assert "KEYKEY" not in str(caught.value)


def test_the_key_of_a_file_belongs_to_the_first_address(folder: Path) -> None:
    (folder / "key").write_text("KEY\n", "utf-8")
    found = destinations("--key-file", "key", "rtmp://a.example/live", "rtmp://b.example/live/OTHER")
    assert [one[:2] for one in found] == [
        ("rtmp://a.example/live", "KEY"),
        ("rtmp://b.example/live", "OTHER"),
    ]


def test_what_a_platform_would_not_like_is_told() -> None:
    words = ["--preset", "twitch", "--bitrate", "8M"]
    (text,) = order(*words, environ={"PYCA_STREAM_KEY": "KEY"}).cautions
    assert "at most 6 Mbit/s" in text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("", "nobody is there to send to"),
        ("--preset custom", "nobody is there to send to"),
        (f"--resolution 4k {URL}", "resolution “4k”"),
        (f"--bitrate 8x {URL}", "bitrate “8x”"),
        (f"--bitrate 5 {URL}", "bitrate “5”"),
        (f"--fps 0 {URL}", "frame rate “0”"),
        (f"--quality 99 {URL}", "quality “99”"),
        (f"--audio loud {URL}", "sound “loud”"),
        ("--preset mars", "no preset “mars”"),
        ("ftp://a.example/x/y", "“ftp”"),
        ("rtmp:///live/KEY", "no host"),
        ("rtmp://a.example", "no application"),
        ("rtmp://a.example:99999/live/KEY", "“99999” is no port"),
        ("rtmp://a.example/live", "the stream key is missing"),
        ("KEY", "this is no address"),
        (f"--backup rtmp://b.example/live2/OTHER {URL}", "another key"),
        (f"--backup rtmp://b.example/live2 {URL} {URL}2", "1 backup addresses for 2"),
        (f"--key-file missing {URL}", "missing cannot be read: No such file"),
        (f"--key-file empty {URL}", "empty is empty"),
        (f"--record taken.mkv {URL}", "taken.mkv exists already"),
        (f"--record no/such.mkv {URL}", "no folder"),
        (f"--record film.avi {URL}", "no known ending"),
        (f"--ca-file missing {URL}", "no file missing"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(pyca: Run, folder: Path, words: str, said: str) -> None:
    (folder / "empty").touch()
    (folder / "taken.mkv").touch()
    result = pyca("stream", *words.split())
    assert result.code == os.EX_USAGE
    assert said in result.err
    assert "s3cret" not in result.err
    assert sorted(os.listdir(folder)) == ["empty", "taken.mkv"]


def test_the_variable_with_the_key_is_none_of_the_configuration() -> None:
    from pyca.config.environment import overrides
    from pyca.config.report import Report
    from pyca.runtime.process import environment

    report = Report()
    assert overrides({"PYCA_STREAM_KEY": "KEY"}, report) == {}
    assert not report.warnings
    assert environment({"PYCA_STREAM_KEY": "KEY", "PATH": "/bin"}) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("words", "begun", "offered"),
    [
        ([], "--reso", {"--resolution"}),
        (["--resolution"], "", {"240p", "360p", "480p", "720p", "1080p"}),
        (["--preset"], "you", {"youtube", "youtube-rtmp"}),
        (["--audio"], "s", {"silence"}),
        (["--input"], "te", {"test"}),
    ],
)
def test_the_shell_completes(words: list[str], begun: str, offered: set[str]) -> None:
    shell = ShellComplete(cli, {}, "pyca", "_PYCA_COMPLETE")
    assert {item.value for item in shell.get_completions(["stream", *words], begun)} == offered


def test_presets_are_listed(pyca: Run) -> None:
    result = pyca("stream", "--list-presets")
    assert result.code == 0
    assert all(name in result.out for name in PRESETS)
