"""A machine that has no descriptor left: it costs one try of one part, and nothing is lost."""

import errno
import gc
import os
from pathlib import Path

import psutil
import pytest

from pyca.core.errors import CommandError
from pyca.core.live import Destination, LinkState
from pyca.live.engine.distribution import Distribution
from pyca.live.flow.flv import HEADER
from pyca.live.flow.leftovers import Leftovers
from pyca.live.flow.watch import Watch
from pyca.live.plan import Plan
from pyca.live.send.link import Link
from pyca.live.send.outlets import Outlet
from pyca.live.source.encoding import CameraCommand
from pyca.live.source.preparation import Preparation
from pyca.live.source.run import Means, Run
from tests.live_tools import Workshop, key, plan, surroundings, video_setup
from tests.tools import wait_for

BEGINNING = HEADER + video_setup().encode() + key(0).encode()


def held() -> int:
    gc.collect()  # so that none of an earlier test is closed meanwhile
    return len(os.listdir("/proc/self/fd"))


def fail_at(patch: pytest.MonkeyPatch, name: str, number: int) -> None:
    """Let one of the next calls find that there are too many open files."""
    real, calls = getattr(os, name), []

    def counted(*given: object) -> object:
        calls.append(given)
        if len(calls) == number:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))
        return real(*given)

    patch.setattr(os, name, counted)


@pytest.mark.parametrize(("name", "number"), [("pipe", 1), ("pipe", 2), ("pipe", 3), ("pidfd_open", 1)])
def test_a_link_tries_again(tmp_path: Path, name: str, number: int) -> None:
    watch = Watch()
    around = surroundings(tmp_path)
    outlet = Outlet(("/bin/cat",), "somewhere")
    link = Link(Destination("d"), around, watch, lambda: BEGINNING, lambda _l, _t: None, [lambda: outlet])
    before, processes = held(), psutil.Process().children()
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, name, number)
        link.tick(around.clock.monotonic())
    assert link.report().state is LinkState.WAITING and "Too many open files" in link.report().error
    assert held() == before
    assert not set(psutil.Process().children()) - set(processes)
    link.kill()
    watch.close()


@pytest.mark.parametrize(
    ("name", "number"), [("pipe", 1), ("pipe", 2), ("pipe", 3), ("pidfd_open", 1), ("pidfd_open", 2)]
)
def test_a_camera_that_cannot_be_begun_leaves_nothing(tmp_path: Path, name: str, number: int) -> None:
    around, watch = surroundings(tmp_path), Watch()
    means = Means(around, watch, Leftovers(tmp_path, around.clock))
    before, processes = held(), psutil.Process().children()
    prepared = Preparation(lambda _: CameraCommand(["/bin/cat"], before=["/bin/sleep", "60"]))
    wait_for(lambda: prepared.done, "the command")
    with pytest.MonkeyPatch.context() as patch:
        fail_at(patch, name, number)
        with pytest.raises(CommandError, match="Too many open files"):
            Run(prepared, means, lambda _: None)
    assert held() == before
    assert not set(psutil.Process().children()) - set(processes)
    watch.close()


def test_nothing_is_left_of_any_destination_after_a_kill(tmp_path: Path) -> None:
    shop, watch = Workshop(), Watch()
    wanted: Plan = plan(Destination("a"), Destination("b"))
    all_of_them = Distribution(shop.makers, surroundings(tmp_path), watch, lambda: BEGINNING, lambda *_: None)
    all_of_them.follow(wanted)
    all_of_them.tick(0.0)
    for sink in shop.sinks:
        sink.close = lambda: None  # type: ignore[method-assign]
        sink.kill = lambda sink=sink: setattr(sink, "_ended", True)  # type: ignore[method-assign]
    all_of_them.kill()
    assert [sink.ended for sink in shop.sinks] == [True, True] and all_of_them.ended
    watch.close()
