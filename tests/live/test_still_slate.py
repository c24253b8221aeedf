"""The slate is played from memory without a seam."""

from pathlib import Path

import pytest

from pyca.core.live import Program
from pyca.live.engine import desk
from pyca.live.flow.flv import Kind
from pyca.live.flow.watch import Watch
from pyca.live.source.still import Still
from tests.live_tools import Workshop, audio_setup, inter, key, plan, sound, surroundings, video_setup
from tests.tools import FakeClock

SETUP = [video_setup(), audio_setup()]
GROUP = [key(100), sound(100), inter(600), sound(590), inter(1100), sound(1090)]


def learned() -> Still:
    still = Still()
    still.learn([sound(60), *SETUP, *GROUP[:3]])
    assert not still.complete
    still.learn([*GROUP[3:], sound(1600), key(1600), inter(2100)])
    return still


def test_one_group_of_pictures_is_learned() -> None:
    still = learned()
    assert still.complete
    assert still.rewind(50.0) == SETUP
    assert [(tag.kind, tag.time) for tag in still.play(51.499)] == [
        (tag.kind, tag.time - 100) for tag in GROUP
    ]


def test_it_goes_on_and_on() -> None:
    still = learned()
    still.rewind(50.0)
    found = [tag for step in range(100) for tag in still.play(50.0 + step * 0.15)]
    pictures = [tag.time for tag in found if tag.kind == Kind.VIDEO]
    assert (
        pictures == [round_ * 1500 + step for round_ in range(10) for step in (0, 500, 1000)][: len(pictures)]
    )
    assert len(pictures) == 30
    assert sum(tag.is_key for tag in found) == 10


def test_it_begins_at_once_and_anew_after_each_rewind() -> None:
    still = learned()
    for moment in (50.0, 70.3):
        still.rewind(moment)
        assert still.play(moment)[0] == key(0)


def test_what_never_comes_to_a_second_key_frame_fills_no_memory() -> None:
    still = Still()
    still.learn([*SETUP, key(0)])
    for number in range(40):
        still.learn([inter(40 * number, bytes(1_000_000))])
    still.learn([key(5000)])
    assert not still.complete
    still.learn([inter(5040), key(7000)])
    assert still.complete


def test_it_has_its_turn_on_time_and_flows(
    tmp_path: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "FEED_PATIENCE", 0.5)
    watch, around = Watch(), surroundings(tmp_path, clock)
    one = desk.Desk(plan(camera=False, feed=True), around, Workshop().makers, watch, lambda *_: None)
    assert one.tick(clock.monotonic()) == clock.monotonic() + 0.5
    one._still.learn([*SETUP, *GROUP, key(1600)])
    clock.move(1)
    for _ in range(5):
        # Nothing else calls while it is shown.
        assert one.tick(clock.monotonic()) < clock.monotonic() + 0.2
        assert one.program is Program.SLATE
        clock.move(0.1)
    one.close()
    watch.close()
