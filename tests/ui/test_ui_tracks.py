"""Media files on the page: only a recording's own, in parts as browsers ask, converted where needed."""

import os
import runpy
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient

from pyca.config.settings import Settings
from pyca.core.access import Scope
from pyca.core.errors import MediaError
from pyca.core.recording import Track, Upload, UploadStep
from pyca.media import passing
from pyca.media.ffmpeg import find_tools
from pyca.media.passing import PassingCopy
from pyca.store import uploads
from pyca.store.database import Database
from pyca.ui import threads
from pyca.ui.pages import tracks
from pyca.ui.view.playback import playback_of
from tests.tools import FakeClock, wait_for
from tests.ui_shown import program, recorded
from tests.ui_tools import Person

ROOT = Path(__file__).parents[2]
MP4 = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 40
H264 = ("video h264 640x360 25 fps", "audio aac 48000 Hz mono")
needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffmpeg"), reason="FFmpeg is not installed")


@pytest.fixture
def folder(settings: Settings) -> Path:
    found = settings.capture.directory / "recording-1-r"
    found.mkdir(parents=True)
    return found


def one(
    database: Database, folder: Path, clock: FakeClock, file: Path, streams: tuple[str, ...] = H264
) -> str:
    """Store a recording with one track and return the track's address."""
    (number,) = recorded(database, folder, "r", {str(file): streams}, clock.now())
    return f"/recordings/r/tracks/{number}"


def made(file: Path, *arguments: str) -> Path:
    """Make a short film."""
    source = ["-f", "lavfi", "-i", "testsrc=s=64x48:r=10", "-f", "lavfi", "-i", "sine", "-t", "1"]
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *source, *arguments, str(file)], check=True)
    return file


def test_a_file_is_sent_as_what_it_is(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    file = folder / '..ü "<b>;\r\n.mkv'
    file.write_bytes(MP4)
    address = one(database, folder, clock, file)
    answer = person.get(address)
    assert answer.status_code == 200 and answer.data == MP4
    assert answer.headers["Content-Type"] == "video/mp4", "the content decides, not the name"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == "inline; filename=_b_.mkv"
    saved = person.get(f"{address}?download=1").headers["Content-Disposition"]
    assert saved == "attachment; filename=_b_.mkv"


@pytest.mark.parametrize(
    ("asked", "status", "part"),
    [
        ("bytes=0-9", 206, MP4[:10]),
        ("bytes=100-", 206, MP4[100:]),
        ("bytes=-5", 206, MP4[-5:]),
        (f"bytes=0-{10**30}", 206, MP4),
        (f"bytes={len(MP4)}-", 416, b""),
        ("bytes=99999999-100000000", 416, b""),
        ("bytes=5-1", 200, MP4),
        ("bytes=a-b", 200, MP4),
        ("bytes=--1", 200, MP4),
        ("bytes=0-1,5-6", 200, MP4),
        ("lines=0-1", 200, MP4),
        ("bytes", 200, MP4),
        ("\xff" * 50, 200, MP4),
    ],
)
def test_ranges_right_and_wrong(
    person: Person, database: Database, clock: FakeClock, folder: Path, asked: str, status: int, part: bytes
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    address = one(database, folder, clock, folder / "a.mp4")
    for path in (address, f"{address}/play"):
        answer = person.get(path, Range=asked)
        assert (answer.status_code, answer.data) == (status, part)
        if status == 416:
            assert answer.headers["Content-Range"] == f"bytes */{len(MP4)}"


def test_a_part_is_only_sent_of_the_file_that_the_browser_knows(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    address = one(database, folder, clock, folder / "a.mp4")
    tag = person.get(address).headers["ETag"]
    assert person.get(address, Range="bytes=0-1", If_Range=tag).status_code == 206
    assert person.get(address, If_None_Match=tag).status_code == 304
    (folder / "a.mp4").write_bytes(MP4 + b"more")
    assert person.get(address, Range="bytes=0-1", If_Range=tag).status_code == 200


def test_players_get_pieces_and_downloads_all(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    whole = MP4 + bytes(2 * tracks.PIECE)
    (folder / "a.mp4").write_bytes(whole)
    address = one(database, folder, clock, folder / "a.mp4")
    piece = person.get(f"{address}/play", Range="bytes=10-")
    assert piece.status_code == 206 and len(piece.data) == tracks.PIECE
    assert piece.headers["Content-Range"] == f"bytes 10-{tracks.PIECE + 9}/{len(whole)}"
    assert person.get(address, Range="bytes=10-").data == whole[10:]


@pytest.mark.parametrize(
    "path", ["{outside}", "{folder}/link", "{folder}/../../secret", "/etc/passwd", "{folder}", "a\nb"]
)
def test_nothing_but_the_recordings_own_files_is_sent(
    person: Person, database: Database, clock: FakeClock, folder: Path, tmp_path: Path, path: str
) -> None:
    outside = tmp_path / "secret"
    outside.write_bytes(MP4)
    (folder / "link").symlink_to(outside)
    file = Path(path.format(outside=outside, folder=folder))
    address = one(database, folder, clock, file)
    for each in (address, f"{address}?download=1", f"{address}/play"):
        assert person.get(each).status_code == 404
    assert "This file is not where it should be" in person.get("/recordings/r").text


def test_a_recording_that_claims_a_foreign_folder_gets_nothing_of_it(
    person: Person, database: Database, clock: FakeClock, tmp_path: Path
) -> None:
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "a.mp4").write_bytes(MP4)
    assert person.get(one(database, foreign, clock, foreign / "a.mp4")).status_code == 404


def test_a_folder_that_is_a_link_leads_nowhere(
    person: Person, database: Database, clock: FakeClock, settings: Settings, tmp_path: Path
) -> None:
    foreign = tmp_path / "home"
    foreign.mkdir()
    (foreign / "a.mp4").write_bytes(MP4)
    settings.capture.directory.mkdir()
    link = settings.capture.directory / "r"
    link.symlink_to(foreign)
    assert person.get(one(database, link, clock, link / "a.mp4")).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/recordings/r/tracks/999999",
        "/recordings/r/tracks/0",
        "/recordings/r/tracks/99999999999999999999999",
        "/recordings/r/tracks/-1",
        "/recordings/r/tracks/../../../../etc/passwd",
        "/recordings/r/tracks/%2e%2e%2fetc%2fpasswd",
        "/recordings/r/tracks/a.mp4",
        "/recordings/other/tracks/{number}",
        "/recordings/r%00/../tracks/{number}",
    ],
)
def test_no_path_comes_from_the_address(
    person: Person, database: Database, clock: FakeClock, folder: Path, path: str
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    number = one(database, folder, clock, folder / "a.mp4").rpartition("/")[2]
    assert person.get(path.format(number=number)).status_code == 404


def test_a_named_pipe_holds_nobody_up(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    os.mkfifo(folder / "a.mp4")
    assert person.get(one(database, folder, clock, folder / "a.mp4")).status_code == 404


def test_a_file_that_vanishes_is_missing_in_words(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    address = one(database, folder, clock, folder / "a.mp4")
    assert "<video" in person.get("/recordings/r").text
    (folder / "a.mp4").unlink()
    answer = person.get(address)
    assert answer.status_code == 404 and "not on this machine any more" in answer.text
    assert "<video" not in person.get("/recordings/r").text


def test_only_who_may_operate_gets_a_film(
    client: FlaskClient, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    address = one(database, folder, clock, folder / "a.mp4")
    reader, operator = (
        program(client, database, scope, clock.now()) for scope in (Scope.READ, Scope.OPERATE)
    )
    for path in (address, f"{address}?download=1", f"{address}/play"):
        assert client.get(path).status_code in (303, 401)
        refused = reader.get(path)
        assert refused.status_code == 403 and MP4[:9] not in refused.data
        assert operator.get(path).data == MP4


def test_who_only_looks_learns_why_there_is_no_player(
    client: FlaskClient, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mp4").write_bytes(MP4)
    one(database, folder, clock, folder / "a.mp4")
    node = "https://ingest.example"
    with database.write() as session:
        uploads.save(session, Upload("r", "opencast", UploadStep.TRACKS, node=node))
    page = program(client, database, Scope.READ, clock.now()).get("/recordings/r").text
    assert "needs the right “operate”" in page
    assert not [word for word in ("<video", "/tracks/", str(folder), node) if word in page]
    page = program(client, database, Scope.OPERATE, clock.now()).get("/recordings/r").text
    assert "needs the right" not in page
    assert all(word in page for word in ("<video", "/tracks/", str(folder), node))


def test_few_download_at_once_and_each_gives_its_place_back(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    whole = MP4 + bytes(2 * tracks.PIECE)
    (folder / "a.mp4").write_bytes(whole)
    address = one(database, folder, clock, folder / "a.mp4")
    auth = (person.ui.username, person.ui.password)
    wishes = [{}, {"Range": "bytes=7-"}, {}]
    for _ in range(2):
        running = [person.client.get(address, auth=auth, headers=wish, buffered=False) for wish in wishes]
        assert [answer.status_code for answer in running] == [200, 206, 200]
        assert len(running) == tracks.DOWNLOADS
        refused = person.get(address, Range="bytes=7-")
        assert refused.status_code == 503 and refused.headers["Retry-After"] == "60"
        # What is short, and what players ask for, is not kept waiting.
        assert person.get(address, Range="bytes=7-9").data == whole[7:10]
        assert person.get(f"{address}/play", Range="bytes=7-").status_code == 206
        with person.client.head(address, auth=auth) as head:
            assert head.status_code == 200
        running[0].close()
        assert person.get(address).data == whole
        assert running[1].data == whole[7:]
        for answer in running:
            answer.close()
    for _ in range(tracks.DOWNLOADS + 1):
        tag = person.get(address).headers["ETag"]
        assert person.get(address, If_None_Match=tag).status_code == 304
        assert person.get(address, Range="bytes=99999999-").status_code == 416


def test_enough_threads_are_left_for_others() -> None:
    """Were all that takes long to happen at once, pages would still be answered."""
    left = threads.THREADS - sum(threads.HELD.values())
    assert left >= 3
    assert runpy.run_path(str(ROOT / "etc" / "gunicorn.conf.py"))["threads"] == threads.THREADS


@pytest.mark.parametrize(
    ("head", "streams", "direct", "container"),
    [
        (MP4, H264, True, ""),
        (MP4, ("video hevc 2x2",), False, ""),
        (b"\0\0\0\x14ftypqt  ", H264, False, "mp4"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x84webm", ("video vp8 2x2", "audio opus"), True, ""),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", H264, False, "mp4"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", ("video vp8 2x2", "audio vorbis"), False, "webm"),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", ("video h264 2x2", "audio vorbis"), False, ""),
        (b"\x1aE\xdf\xa3\x9fB\x82\x88matroska", ("video mpeg2video 2x2",), False, ""),
        (b"RIFF\0\0\0\0WAVEfmt ", ("audio pcm_s16le",), True, ""),
        (b"OggS\0\0", ("audio vorbis",), True, ""),
        (b"ID3\4", ("audio mp3",), True, ""),
        (b"fLaC", ("audio flac",), True, ""),
        (b"<html><script>", H264, False, "mp4"),
        (b"", H264, False, ""),
        (MP4, (), False, ""),
    ],
)
def test_how_a_file_is_played(
    tmp_path: Path, head: bytes, streams: tuple[str, ...], direct: bool, container: str
) -> None:
    (tmp_path / "a").write_bytes(head)
    found = playback_of(Track(tmp_path / "a", "presenter/source", streams=streams))
    assert (found.direct, found.container) == (direct, container)
    assert bool(found.why) is not found.playable
    assert "html" not in found.mimetype


def test_what_browsers_cannot_play_is_offered_for_download(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mkv").write_bytes(b"\x1aE\xdf\xa3\x9fB\x82\x88matroska")
    address = one(database, folder, clock, folder / "a.mkv", ("video mpeg2video 64x48",))
    text = person.get("/recordings/r").text
    assert "Browsers do not play mpeg2video. Download it to play it." in text and "<video" not in text
    answer = person.get(f"{address}/play")
    assert answer.status_code == 409 and "another player" in answer.text


@needs_ffmpeg
def test_matroska_is_converted_without_encoding(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    file = made(folder / "a ü.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    address = one(database, folder, clock, file)
    answer = person.get(f"{address}/play")
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "video/mp4"
    assert answer.data[4:8] == b"ftyp" and b"moof" in answer.data
    head = person.client.head(f"{address}/play", auth=(person.ui.username, person.ui.password))
    assert head.status_code == 200 and head.data == b""


@needs_ffmpeg
def test_a_file_cut_in_the_middle_is_played_as_far_as_it_goes(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    file = made(folder / "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    assert b"moof" in person.get(f"{one(database, folder, clock, file)}/play").data


@needs_ffmpeg
def test_a_file_that_is_no_film_is_refused_in_words(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    (folder / "a.mkv").write_bytes(b"\x1aE\xdf\xa3\x9fB\x82\x88matroska" + b"junk" * 500)
    address = one(database, folder, clock, folder / "a.mkv")
    for _ in range(tracks.COPIES + 1):
        answer = person.get(f"{address}/play")
        assert answer.status_code == 409 and "cannot be shown" in answer.text, "each gives its place back"


@needs_ffmpeg
def test_no_more_than_two_are_converted_at_once(
    person: Person, database: Database, clock: FakeClock, folder: Path
) -> None:
    file = made(folder / "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    address = f"{one(database, folder, clock, file)}/play"
    auth = (person.ui.username, person.ui.password)
    playing = [person.client.get(address, auth=auth, buffered=False) for _ in range(tracks.COPIES)]
    assert [answer.status_code for answer in playing] == [200] * tracks.COPIES
    refused = person.get(address)
    assert refused.status_code == 503 and "Close another player" in refused.text
    playing[0].close()
    assert person.get(address).status_code == 200
    playing[1].close()


@needs_ffmpeg
def test_the_program_ends_when_nobody_looks_any_more(tmp_path: Path) -> None:
    file = made(tmp_path / "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    closed: list[bool] = []
    copy = PassingCopy(file, "mp4", find_tools(os.environ), lambda: closed.append(True))
    copy.close()
    copy.close()
    assert closed == [True]
    wait_for(lambda: not psutil.pid_exists(copy.pid), "the end of the program")


@needs_ffmpeg
def test_a_program_that_cannot_be_killed_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    file = made(tmp_path / "a.mkv", "-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac")
    closed: list[bool] = []
    copy = PassingCopy(file, "mp4", find_tools(os.environ), lambda: closed.append(True))
    signals: list[int] = []
    with monkeypatch.context() as stubborn:
        stubborn.setattr(passing, "_PATIENCE", 0.01)
        stubborn.setattr(passing, "_DYING", 0.01)
        stubborn.setattr(copy._process, "poll", lambda: None)
        stubborn.setattr(copy._process, "wait", _hang)
        stubborn.setattr(os, "killpg", lambda pid, number: signals.append(number))
        copy.close()
    assert closed == [True]
    assert signals == [signal.SIGTERM, signal.SIGKILL]
    assert "is left alone" in caplog.text
    copy._process.kill()
    copy._process.wait()


def _hang(seconds: float | None = None) -> int:
    assert seconds is not None, "this would wait without end"
    raise subprocess.TimeoutExpired("ffmpeg", seconds)


def test_no_program_no_film(tmp_path: Path) -> None:
    (tmp_path / "a.mkv").write_bytes(b"x")
    tools = find_tools({"PATH": os.environ["PATH"]})
    with pytest.raises(MediaError, match="cannot be run"):
        PassingCopy(tmp_path / "a.mkv", "mp4", type(tools)(tmp_path / "none"))
