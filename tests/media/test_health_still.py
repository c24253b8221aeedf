import os
import subprocess
from pathlib import Path

import pytest

from pyca.config.settings import Health
from pyca.core.alarm import AlarmKind
from pyca.core.errors import MediaError
from pyca.media.ffmpeg import Tools
from pyca.media.health import Fault
from pyca.media.still import Still, StillWatch, look

PIXELS = 32 * 18
DARK_CLOCK = bytes([0]) * (PIXELS - 8) + bytes([255]) * 8
BRIGHT, OTHER = bytes([90]) * PIXELS, bytes([90]) * (PIXELS - 1) + bytes([91])
BLACK = Fault(AlarmKind.BLACK, "the preview picture is black")
FROZEN = Fault(AlarmKind.FROZEN, "the preview picture stands still")
UNWRITTEN = Fault(AlarmKind.FROZEN, "the preview picture is not written any more")


def draw(tools: Tools, path: Path, source: str) -> Path:
    argv = [str(tools.ffmpeg), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", "1"]
    subprocess.run([*argv, "-update", "1", str(path)], check=True, timeout=60)
    return path


def mean(still: Still) -> float:
    """Mean brightness from 0 to 1."""
    return sum(still.pixels) / len(still.pixels) / 255


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_brightness(tools: Tools, tmp_path: Path, suffix: str) -> None:
    black = look(draw(tools, tmp_path / f"black.{suffix}", "color=black:s=320x180"), tools)
    white = look(draw(tools, tmp_path / f"white.{suffix}", "color=white:s=320x180"), tools)
    assert mean(black) == pytest.approx(0, abs=0.02)
    assert mean(white) == pytest.approx(1, abs=0.02)
    assert (black.darkness(0.1), white.darkness(0.1)) == (1, 0)
    spot = draw(tools, tmp_path / f"spot.{suffix}", "color=black:s=320x180,drawbox=0:0:80:45:white:t=fill")
    still = look(spot, tools)
    assert max(still.pixels) > 0.9 * 255
    assert mean(still) < 0.1 < 1 - still.darkness(0.1) + 0.05


def test_dark_picture_is_not_black(tools: Tools, tmp_path: Path) -> None:
    still = look(draw(tools, tmp_path / "dark.jpg", "testsrc2=s=320x180,lutyuv=y=val/5+24"), tools)
    assert mean(still) < 0.25
    assert still.darkness(Health().black_level) < 0.9


def test_digest_tells_pictures_apart(system: Tools, tmp_path: Path) -> None:
    one = look(draw(system, tmp_path / "one.jpg", "testsrc2=s=320x180"), system)
    same = look(draw(system, tmp_path / "same.jpg", "testsrc2=s=320x180"), system)
    other = look(draw(system, tmp_path / "other.jpg", "testsrc=s=320x180"), system)
    assert one.digest == same.digest != other.digest


def test_any_name(system: Tools, tmp_path: Path) -> None:
    path = draw(system, tmp_path / "one.jpg", "testsrc2=s=320x180")
    assert mean(look(path.rename(tmp_path / "-i %03d: 10%.jpg"), system)) > 0.1


@pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff"])
def test_no_picture(tools: Tools, tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "still.jpg"
    path.write_bytes(data)
    with pytest.raises(MediaError):
        look(path, tools)


def test_nothing_to_read(system: Tools, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "missing.jpg", tmp_path / "pipe", tmp_path):
        with pytest.raises(MediaError):
            look(path, system)


def faults(looks: list[tuple[bytes, int] | None], health: Health | None = None) -> list[tuple[Fault, ...]]:
    """The faults after each of some looks, one a second."""
    watch, found = StillWatch(health or Health()), []
    for now, seen in enumerate(looks):
        watch.feed(Still(*seen) if seen else None, float(now))
        found.append(watch.faults())
    return found


def test_changing_pictures_are_no_fault() -> None:
    assert not any(faults([((BRIGHT, OTHER)[number % 2], number) for number in range(60)]))


def test_black_picture() -> None:
    pictures = [BRIGHT, OTHER, *[DARK_CLOCK] * 6, BRIGHT]
    found = faults([(pixels, number) for number, pixels in enumerate(pictures)])
    assert found == [()] * 7 + [(BLACK,), ()]


def test_standing_picture() -> None:
    pictures = [OTHER, *[BRIGHT] * 8, OTHER]
    found = faults([(pixels, number) for number, pixels in enumerate(pictures)])
    assert found == [()] * 6 + [(FROZEN,), (FROZEN,), (FROZEN,), ()]


def test_seconds_of_zero_switch_off() -> None:
    off = Health(black_seconds=0, frozen_seconds=0)
    assert not any(faults([(DARK_CLOCK, number) for number in range(20)], off))
    assert not any(faults([(BRIGHT, 1)] * 30, off))


def test_picture_that_is_not_written_any_more() -> None:
    living = [((BRIGHT, OTHER)[number % 2], number) for number in range(10)]
    found = faults([*living, *[living[-1]] * 9, (BRIGHT, 99)])
    assert found[:16] == [()] * 16
    assert found[16:] == [(UNWRITTEN,), (UNWRITTEN,), (UNWRITTEN,), ()]


def test_picture_that_vanished() -> None:
    found = faults([(BRIGHT, 1), (OTHER, 2), (BRIGHT, 3), (OTHER, 4), *[None] * 9])
    assert found[-1] == (UNWRITTEN,)


def test_picture_that_never_was() -> None:
    assert not any(faults([None] * 60))


def test_slow_preview() -> None:
    """A picture every ten seconds is as good as its command wants it."""
    found = faults([((BRIGHT, OTHER)[now // 10 % 2], now // 10) for now in range(200)])
    assert not any(found[40:])
