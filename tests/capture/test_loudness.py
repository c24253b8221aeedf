"""The sound levels of running inputs reach the file for the page, and never hinder the recorder."""

import shutil
import threading
from pathlib import Path

import pytest

from pyca.capture.loudness import Loudness
from pyca.media import levels
from pyca.media.levels import NAME, Sounding
from tests.capture_rig import Rig
from tests.tools import FakeClock, wait_for

TONE = (
    "ffmpeg -nostats -hide_banner -loglevel warning -re -f lavfi -i {sound} -c:a pcm_s16le -y "
    "{{{{dir}}}}/{{{{name}}}}.wav -af {{{{sound_health}}}} -f null -"
)


def at(rms: float, moment: float = 1.0) -> dict[str, Sounding]:
    return {"camera": Sounding(rms, None, moment)}


def test_levels_are_written_once_a_second_and_taken_away(tmp_path: Path) -> None:
    clock = FakeClock()
    board = Loudness(tmp_path, clock)
    board.show(at(-20))
    wait_for(lambda: levels.read(tmp_path) == at(-20), "file")
    board._free.wait(30)
    board.show(at(-30, 2))
    clock.move(1)
    board.show(at(-40, 3))
    wait_for(lambda: levels.read(tmp_path) == at(-40, 3), "file")
    board._free.wait(30)
    board.show({})
    wait_for(lambda: not (tmp_path / NAME).exists(), "file")
    board.close()


def test_what_an_earlier_run_left_is_taken_away(tmp_path: Path) -> None:
    levels.write(tmp_path, at(-20))
    board = Loudness(tmp_path, FakeClock())
    board.show({})
    wait_for(lambda: not (tmp_path / NAME).exists(), "file")
    board.close()


def test_the_end_takes_the_levels_away(tmp_path: Path) -> None:
    board = Loudness(tmp_path, FakeClock())
    board.show(at(-20))
    board.close()  # which waits for the disk no longer than it must
    wait_for(lambda: not (tmp_path / NAME).exists(), "the end of the file")


def test_a_missing_folder_is_no_error_and_is_used_as_soon_as_it_is_there(tmp_path: Path) -> None:
    folder, clock = tmp_path / "later", FakeClock()
    board = Loudness(folder, clock)
    board.show(at(-20))
    board._free.wait(30)
    folder.mkdir()
    clock.move(1)
    board.show(at(-21))
    wait_for(lambda: levels.read(folder) == at(-21), "file")
    board.close()


def refuse(_thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")


def test_a_thread_that_cannot_begin_is_no_error_and_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = Loudness(tmp_path, FakeClock())
    with monkeypatch.context() as crowded:
        crowded.setattr(threading.Thread, "start", refuse)
        board.show(at(-20))
        board.close()
    board.show(at(-20))
    wait_for(lambda: levels.read(tmp_path) == at(-20), "file")
    board.close()


def test_recordings_begin_and_end_where_no_levels_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig(tmp_path)
    start = threading.Thread.start

    def crowded(thread: threading.Thread) -> None:
        if thread.name == "loudness":
            refuse(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", crowded)
    try:
        rig.add(length=60.0)
        rig.drive(rig.is_writing)
    finally:
        rig.close()
    assert rig.parts()[0].ended, "the end of the service was carried out to its last write"


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="needs FFmpeg")
def test_a_tone_has_its_level(tmp_path: Path) -> None:
    # Its filter makes full scale 1/8; so many dB more give a peak of −20 dB.
    sound = "sine=f=440:r=48000,volume=-1.94dB"
    rig = Rig(tmp_path, command=TONE.format(sound=sound), files=("{{dir}}/{{name}}.wav",), watch_for=())
    previews = rig.settings.capture.preview_dir
    try:
        rig.add(length=60.0)
        rig.drive(lambda: levels.read(previews))
        level = levels.read(previews)["default"]
        assert level.rms == pytest.approx(-23, abs=0.3)
        assert level.peak == pytest.approx(-20, abs=0.3)
        assert abs(level.at - rig.clock.now()) < 30
    finally:
        rig.close()
    assert not (previews / NAME).exists()
