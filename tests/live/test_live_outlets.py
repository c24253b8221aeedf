"""The command lines of what passes a stream on."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pyca.core.control import HIDDEN, ParameterError
from pyca.core.errors import CommandError
from pyca.live.flow.hidden import PRESET, opened, placed, preset, reads_presets
from pyca.live.plan import Surroundings
from pyca.live.send import outlets
from pyca.live.send.address import parse
from pyca.live.send.outlets import Outlet, check_file, free_name, to_file, to_player, to_preview, to_server
from pyca.media.ffmpeg import Tools
from tests.tools import FakeClock

KEY = "geheimer-schluessel"


@pytest.fixture
def around(tmp_path: Path) -> Surroundings:
    return Surroundings(Tools(Path("/usr/bin/ffmpeg")), tmp_path, FakeClock(), {})


@pytest.fixture
def with_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outlets, "reads_presets", lambda _: True)


def after(outlet: Outlet, word: str) -> str:
    return outlet.argv[outlet.argv.index(word) + 1]


@pytest.mark.usefixtures("with_files")
@pytest.mark.parametrize(
    "url", ["rtmp://host/live", "rtmps://host/live", "srt://host:9000?passphrase=geheimgeheim"]
)
def test_no_secret_in_the_argument_list(around: Surroundings, url: str) -> None:
    outlet = to_server(parse(url, KEY), around)
    assert not [word for word in outlet.argv if KEY in word or "geheimgeheim" in word]
    assert after(outlet, "-fpre") == PRESET and KEY.encode() in outlet.preset
    assert KEY not in outlet.shown + repr(outlet) and HIDDEN in outlet.shown


def test_an_ffmpeg_without_presets_has_the_key_in_its_list(
    around: Surroundings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outlets, "reads_presets", lambda _: False)
    assert to_server(parse("rtmp://host/live", KEY), around).argv[-1] == f"rtmp://host/live/{KEY}"
    srt = to_server(parse("srt://host:9000?passphrase=geheimgeheim", KEY), around)
    assert srt.argv[-1].endswith(f"&streamid={KEY}") and after(srt, "-passphrase") == "geheimgeheim"
    assert not srt.preset


@pytest.mark.usefixtures("with_files")
def test_certificates_are_checked(around: Surroundings, tmp_path: Path) -> None:
    address = parse("rtmps://host/live", KEY)
    assert after(to_server(address, around), "-tls_verify") == "1"
    own = tmp_path / "own.pem"
    own.write_text("OWN", "ascii")
    trusting = Surroundings(around.tools, tmp_path, around.clock, {}, ca_file=own)
    together = Path(after(to_server(address, trusting), "-ca_file")).read_text("utf-8")
    assert together.endswith("OWN")
    insecure = Surroundings(around.tools, tmp_path, around.clock, {}, insecure=True)
    assert after(to_server(address, insecure), "-tls_verify") == "0"
    missing = Surroundings(around.tools, tmp_path, around.clock, {}, ca_file=tmp_path / "no.pem")
    with pytest.raises(CommandError, match=r"no\.pem"):
        to_server(address, missing)


@pytest.mark.usefixtures("with_files")
def test_a_listener_may_wait(around: Surroundings) -> None:
    assert to_server(parse("srt://:9000?mode=listener"), around).waits
    assert not to_server(parse("srt://host:9000", "x"), around).waits


def test_a_recording_is_never_overwritten(tmp_path: Path, around: Surroundings) -> None:
    file = tmp_path / "a.mkv"
    assert free_name(file) == file
    file.touch()
    (tmp_path / "a-2.mkv").symlink_to("nowhere")
    assert free_name(file) == tmp_path / "a-3.mkv"
    assert to_file(file, around).argv[-2:] == ("-n", f"file:{tmp_path}/a-3.mkv")


def test_a_recording_that_cannot_be_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="ending"):
        check_file(tmp_path / "a.txt")
    with pytest.raises(ParameterError, match="no folder"):
        check_file(tmp_path / "no" / "a.mkv")
    if os.geteuid():
        tmp_path.chmod(0o500)
        with pytest.raises(ParameterError, match="written"):
            check_file(tmp_path / "a.mkv")


def test_old_files_of_the_player_page_are_removed(tmp_path: Path, around: Surroundings) -> None:
    folder = tmp_path / "hls"
    folder.mkdir()
    for name in ("index.m3u8", "part-1.m4s", "init-1.mp4", "part-2.m4s.tmp", "notes.txt"):
        (folder / name).touch()
    outlet = to_player(folder, around)
    assert [file.name for file in folder.iterdir()] == ["notes.txt"]
    assert after(outlet, "-start_number") == str(int(around.clock.now()))
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(CommandError, match="cannot be written"):
        to_player(blocked, around)


def test_only_key_frames_are_decoded_for_the_preview(tmp_path: Path, around: Surroundings) -> None:
    outlet = to_preview(tmp_path / "p.jpg", around)
    assert outlet.argv.index("-skip_frame") < outlet.argv.index("-i")
    assert not outlet.network


def test_a_file_in_memory_is_read_by_a_child() -> None:
    descriptor = opened(preset({"rtmp_playpath": KEY}))
    try:
        argv = placed(["cat", PRESET], descriptor)
        done = subprocess.run(argv, pass_fds=(descriptor,), capture_output=True, check=True)
    finally:
        os.close(descriptor)
    assert done.stdout.decode() == f"rtmp_playpath={KEY}\n"


def test_what_is_no_ffmpeg_reads_no_presets() -> None:
    assert not reads_presets(Path("/bin/true")) and not reads_presets(Path("/bin/false"))
    assert not reads_presets(Path("/no/such/program"))


def test_pieces_have_new_names_also_after_the_clock_was_set_back(tmp_path: Path) -> None:
    clock = FakeClock()
    around = Surroundings(Tools(Path("/usr/bin/ffmpeg")), tmp_path, clock, {})
    first = to_player(tmp_path, around)
    name = after(first, "-hls_segment_filename") % int(after(first, "-start_number"))
    Path(name).touch()
    clock.move(-5000)
    second = to_player(tmp_path, around)
    assert int(after(second, "-start_number")) > int(after(first, "-start_number"))
    assert after(second, "-hls_segment_filename") != after(first, "-hls_segment_filename")
    pages = Path(name).name, after(first, "-hls_fmp4_init_filename")
    assert all(re.fullmatch(r"(?:part|init)-\d{1,15}\.(m4s|mp4)", page) for page in pages)


def test_an_old_preview_is_removed(tmp_path: Path, around: Surroundings) -> None:
    picture = tmp_path / "preview.jpg"
    picture.touch()
    outlet = to_preview(picture, around)
    assert not picture.exists()
    picture.touch()
    (tmp_path / "preview.jpg.tmp").touch()
    outlet.wipe()
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("with_files")
def test_certificates_that_are_read_are_never_half_written(around: Surroundings, tmp_path: Path) -> None:
    own = tmp_path / "own.pem"
    own.write_text("OWN", "ascii")
    trusting = replace(around, ca_file=own)
    address = parse("rtmps://host/live", KEY)
    file = Path(after(to_server(address, trusting), "-ca_file"))
    with file.open("rb") as read:
        before = file.stat()
        to_server(address, trusting)
        assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
        own.write_text("NEW", "ascii")
        to_server(address, trusting)
        assert read.read().endswith(b"OWN") and file.read_bytes().endswith(b"NEW")
