"""Cameras that crash, hang or are asked for at the same moment by many, as real processes."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from pyca.camera.cameras import Cameras
from pyca.core.errors import BusyError, OfflineError, SourceError
from pyca.instances import running as running_module
from pyca.instances.facts import Load
from pyca.instances.launcher import Launcher
from pyca.instances.running import Running, unpacked
from tests.camera_doubles import (
    facts,
    figures,
    is_alive,
    listening,
    message_of,
    obedient,
    pid_of,
    small,
    tell,
)
from tests.tools import wait_for


class CountedLock:
    """A lock that counts who has come to it."""

    def __init__(self) -> None:
        self.came = 0
        self._lock = threading.RLock()
        self.acquire, self.release = self._lock.acquire, self._lock.release

    def __enter__(self) -> None:
        self.came += 1
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def counted(cameras: Cameras, name: str) -> CountedLock:
    """Have a camera's lock count."""
    slot: Any = cameras._instances._slots.enter(name)
    slot.lock = CountedLock()
    found: CountedLock = slot.lock
    return found


@contextmanager
def hanging(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_camera_wanted_while_it_is_removed_is_still_known(
    cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.save("one", small())
    cameras.stream("one")
    lock, goes_on, real = counted(cameras, "one"), threading.Event(), Running.stop

    def stop(self: Running, *arguments: Any) -> None:
        assert goes_on.wait(60)
        real(self, *arguments)

    monkeypatch.setattr(Running, "stop", stop)
    with ThreadPoolExecutor(2) as pool:
        removed = pool.submit(cameras.remove, "one")
        wait_for(lambda: lock.came == 1, "the one who removes it")
        wanted = pool.submit(cameras.stream, "one")
        wait_for(lambda: lock.came == 2, "the one who wants it")
        goes_on.set()
        removed.result()
        assert wanted.result() == facts(cameras, "one")["stream_address"]
    pid = pid_of(cameras, "one")
    cameras.stop("one")
    assert not is_alive(pid)


def test_who_asks_during_a_restart_gets_the_same_process_and_port(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order))
    address, pid = cameras.stream("one"), pid_of(cameras, "one")
    nursery = psutil.Process(psutil.Process(pid).ppid())
    tell(order, "slow")
    os.kill(pid, signal.SIGKILL)
    following = wait_for(lambda: {one.pid for one in nursery.children()} - {pid}, "the next process")
    lock = counted(cameras, "one")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(cameras.stream, "one")
        wait_for(lambda: lock.came, "the one who asks")
        tell(order, "8x4")
        assert asked.result() == address
    assert {pid_of(cameras, "one")} == following


def test_who_asks_before_a_restart_gets_the_same_port(
    cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pyca.instances.instances.Instances.look_after", lambda _self: None)
    cameras.save("one", small(no_client_timeout=0))
    address, pid = cameras.stream("one"), pid_of(cameras, "one")
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: "one" not in cameras.info()["active_instances"], "its end")
    assert cameras.stream("one") == address


def test_many_who_want_an_offline_camera_share_one_attempt(
    cameras: Cameras, order: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launched: list[object] = []
    real = Launcher.launch

    def launch(self: Launcher, *arguments: Any, **more: Any) -> Running:
        launched.append(arguments)
        return real(self, *arguments, **more)

    monkeypatch.setattr(Launcher, "launch", launch)
    cameras.save("one", obedient(order))
    tell(order, "slow")
    lock = counted(cameras, "one")
    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(cameras.stream, "one") for _ in range(20)]
        wait_for(lambda: lock.came == 20, "all of them")
        tell(order, "offline")
        errors = [one.exception() for one in asked]
    assert all(isinstance(error, OfflineError) for error in errors)
    assert len({id(error) for error in errors}) == len(errors)
    assert len(launched) == 1
    tell(order, "8x4")
    cameras.stream("one")


def test_one_that_hangs_does_not_keep_others_from_following_their_files(
    cameras: Cameras, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "ANSWER_SECONDS", 600.0)
    for name in ("one", "two"):
        cameras.save(name, small(no_client_timeout=0))
        cameras.stream(name)
    lock = counted(cameras, "one")
    with hanging(pid_of(cameras, "one")):
        (tmp_path / "cameras" / "one.json").write_text(json.dumps(small(rotate=1)))
        slot = cameras._instances._slots.get("one")
        wait_for(lambda: slot.busy and not _is_free(lock), "the one that hangs to be asked")
        (tmp_path / "cameras" / "two.json").write_text(json.dumps(small(rotate=1)))
        wait_for(lambda: facts(cameras, "two")["config"]["rotate"] == 1, "the other one")
        pid = pid_of(cameras, "two")
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: "two" in cameras.info()["active_instances"], "its next process")
        assert facts(cameras, "one")["config"]["rotate"] == 0
    wait_for(lambda: facts(cameras, "one")["config"]["rotate"] == 1, "the first one")


def _is_free(lock: CountedLock) -> bool:
    free = lock.acquire(blocking=False)
    if free:
        lock.release()
    return free


def test_an_answer_that_comes_late_counts(cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running_module, "ANSWER_SECONDS", 0.2)
    cameras.save("one", small(no_client_timeout=0))
    cameras.stream("one")
    with hanging(pid_of(cameras, "one")):
        with pytest.raises(SourceError, match="nothing within"):
            cameras.save("one", small(no_client_timeout=0, rotate=1))
        wait_for(lambda: "does not follow its file" in str(cameras.logs()), "the keeper's trial")
    wait_for(lambda: facts(cameras, "one")["config"]["rotate"] == 1, "the late answer")


def test_a_crash_loop_that_nobody_watches_ends(cameras: Cameras, order: Path) -> None:
    cameras.save("one", obedient(order, no_client_timeout=3))
    tell(order, "raises")
    cameras.stream("one")
    wait_for(lambda: any(line[3].endswith("ended unexpectedly") for line in cameras.logs()), "the last one")
    assert not cameras.info()["active_instances"]


def _said(cameras: Cameras, words: str) -> bool:
    return any(words in line[3] for line in cameras.logs())


def test_a_folder_that_is_gone_for_a_moment_ends_no_camera(cameras: Cameras, tmp_path: Path) -> None:
    cameras.save("one", small())
    folder, elsewhere = tmp_path / "cameras", tmp_path / "elsewhere"
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: figures(cameras, "one")["clients"] == 1, "the client")
        pid = pid_of(cameras, "one")
        folder.rename(elsewhere)
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: _said(cameras, "is not started yet"), "the failure")
        while receiver.receive(0.1) is not None:
            pass
        elsewhere.rename(folder)
        message_of(receiver)
    assert pid_of(cameras, "one") != pid


def test_one_that_hangs_does_not_keep_others_from_a_new_background(
    cameras: Cameras, order: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.background("dark", np.full((4, 8), 5, np.uint16))
    for name in ("one", "two", "three"):
        cameras.save(name, obedient(order, image_background="dark"))
        cameras.stream(name)
    monkeypatch.setattr(running_module, "ANSWER_SECONDS", 3.0)
    with hanging(pid_of(cameras, "one")):
        with pytest.raises(SourceError, match="one"):
            cameras.background("dark", np.full((4, 8), 2, np.uint16))
        for name in ("two", "three"):
            assert cameras.snapshot(name).image.ravel()[:4].tolist() == [0, 0, 0, 1]


def test_a_client_that_takes_nothing_does_not_keep_a_camera_from_ending(cameras: Cameras) -> None:
    cameras.save("one", small(width=1024, height=1024))
    with listening(cameras.stream("one")) as receiver:
        message_of(receiver)
        wait_for(lambda: figures(cameras, "one")["clients"] == 1, "the client")
        pid = pid_of(cameras, "one")
        cameras.stop("one")
        assert not is_alive(pid)


def test_an_image_without_its_file() -> None:
    with pytest.raises(BusyError, match="Too many files"):
        unpacked({"answer": 1}, [])


def test_rates_of_the_machine_are_those_of_windows() -> None:
    load = Load()
    load.measure(10.0)
    load.measure(10.5)
    assert load.look()["tx"] is None
    load.measure(11.0)
    seen = [{name: load.look()[name] for name in ("cpu", "tx", "rx")} for _ in range(3)]
    assert seen[0]["tx"] is not None
    assert seen[0] == seen[1] == seen[2]


def test_several_who_look_see_the_same_processor_time(cameras: Cameras) -> None:
    cameras.save("one", small(width=512, height=512, no_client_timeout=0))
    cameras.stream("one")
    wait_for(lambda: all(facts(cameras, "one")["statistics"]["cpu"] > 0 for _ in range(5)), "its share")
