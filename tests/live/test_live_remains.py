"""Pictures of the room do not outlast a stream."""

from pathlib import Path

import pytest

from pyca.core.live import LinkState, LiveState
from pyca.live.service.remains import KEPT
from pyca.runtime.pulse import Pulse
from pyca.store.database import Database
from tests.live_desk import Desk, settings_with
from tests.tools import FakeClock


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Return a streamer's folder with pictures in it."""
    draw(tmp_path / "live")
    return tmp_path / "live"


def draw(folder: Path) -> None:
    (folder / "hls").mkdir(parents=True, exist_ok=True)
    for name in ("preview.jpg", "hls/index.m3u8", "hls/init-1.mp4", "hls/part-1.m4s"):
        (folder / name).write_text("a room")


def left(folder: Path) -> set[str]:
    return {one.name for one in folder.rglob("*") if one.is_file()}


def test_pictures_of_a_stream_go_with_it(
    database: Database, clock: FakeClock, pulse: Pulse, pictures: Path
) -> None:
    desk = Desk(database, clock, pulse, settings_with(directory=pictures))
    desk.turn()
    assert left(pictures) == set(), "what a killed one left"
    desk.start()
    draw(pictures)
    desk.engine.tell(LinkState.LIVE)
    desk.turn(2 * KEPT)
    desk.beat()
    assert "preview.jpg" in left(pictures)
    desk.stop()
    desk.engine.finish()
    desk.turn()
    assert left(pictures) == {"index.m3u8", "init-1.mp4", "part-1.m4s"}, "who watches sees the end"
    desk.turn(KEPT)
    assert left(pictures) == set()
    draw(pictures)
    desk.beat()
    desk.shows(LiveState.IDLE)
    desk.start()
    desk.turn(2 * KEPT)
    assert left(pictures)
    desk.service.close()
    assert left(pictures) == set()
