"""Files that stop growing."""

from pathlib import Path

from pyca.capture.watch import FileWatch


def grow(file: Path, size: int) -> None:
    file.write_bytes(b"x" * size)


def test_steady_writing_that_stops_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.ts"
    watch = FileWatch((file,), 0.0)
    for second in range(1, 10):
        grow(file, second)
        assert not watch.stuck(float(second))
    assert not watch.stuck(13.0)
    assert watch.stuck(15.1)


def test_a_command_that_writes_in_blocks_gets_more_time(tmp_path: Path) -> None:
    file = tmp_path / "a.mp3"
    watch = FileWatch((file,), 0.0)
    for second in range(1, 160):
        grow(file, 1 + second // 32)
        assert not watch.stuck(float(second)), second
    assert any(watch.stuck(float(second)) for second in range(160, 400))


def test_a_command_that_writes_nothing_is_told_but_left_alone(tmp_path: Path) -> None:
    watch = FileWatch((tmp_path / "elsewhere.ts",), 0.0)
    assert not any(watch.stuck(float(second)) for second in range(1, 8))
    assert watch.warning == ""
    assert not any(watch.stuck(float(second)) for second in range(8, 60))
    assert "elsewhere.ts" in watch.warning


def test_a_command_that_stops_after_its_first_bytes_is_noticed_later(tmp_path: Path) -> None:
    file = tmp_path / "a.ts"
    grow(file, 1)
    watch = FileWatch((file,), 0.0)
    assert not any(watch.stuck(float(second)) for second in range(1, 120))
    assert any(watch.stuck(float(second)) for second in range(120, 130))


def test_a_file_that_vanishes_with_its_disk_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "a.ts"
    watch = FileWatch((file,), 0.0)
    for second in range(1, 4):
        grow(file, second)
        assert not watch.stuck(float(second))
    file.unlink()
    assert any(watch.stuck(float(second)) for second in range(4, 12))
    assert watch.warning == ""
