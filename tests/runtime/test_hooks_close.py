"""Hooks at the end of their service: they get a short while, and never hold it up."""

from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from pyca.config.settings import Hooks as HookSettings
from pyca.config.settings import Settings
from pyca.core.clock import SystemClock
from pyca.runtime.hooks import AT_ONCE, Hook, Hooks
from tests.tools import wait_for

MakeHooks = Callable[[str], Hooks]


@pytest.fixture
def told(tmp_path: Path) -> Path:
    return tmp_path / "told"


@pytest.fixture
def hooks(tmp_path: Path) -> MakeHooks:
    def make(command: str) -> Hooks:
        script = tmp_path / "hook.sh"
        script.write_text(f"cd '{tmp_path}'\n{command}\n")
        return Hooks(
            Settings(hooks=HookSettings(recording_stop=f"sh '{script}'", time_limit=600)), SystemClock()
        )

    return make


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def test_short_ones_get_their_chance_also_those_that_wait(hooks: MakeHooks, told: Path) -> None:
    mine = hooks("echo $HOOK_NUMBER >> told")
    for number in range(2 * AT_ONCE):
        mine.run(Hook.RECORDING_STOP, {"NUMBER": str(number)})
    mine.close(patience=30)
    assert sorted(lines(told)) == [str(number) for number in range(2 * AT_ONCE)]


def test_long_ones_are_cut_short_and_those_that_wait_left_out(
    hooks: MakeHooks, told: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mine = hooks("echo $$ >> told; sleep 600 & wait")
    for _ in range(AT_ONCE + 3):
        mine.run(Hook.RECORDING_STOP, {})
    wait_for(lambda: len(lines(told)) == AT_ONCE, "the first hooks")
    groups = [psutil.Process(int(pid)) for pid in lines(told)]
    mine.close(patience=0.2)  # each would take ten minutes
    assert len(lines(told)) == AT_ONCE
    assert "3 hooks are left out" in caplog.text
    # It does not wait for the last of them where they are slow to die.
    wait_for(lambda: caplog.text.count("hook recording_stop was cut short") == AT_ONCE, "their last words")
    wait_for(lambda: not any(one.is_running() for one in groups), "the end of the hooks")


def test_after_the_end_none_is_run(hooks: MakeHooks, told: Path, caplog: pytest.LogCaptureFixture) -> None:
    mine = hooks("echo 1 >> told")
    mine.close()
    mine.run(Hook.RECORDING_STOP, {})
    assert "hook recording_stop is left out: the service ends" in caplog.text
    assert not told.exists()


def test_too_many_are_left_out_until_others_have_ended(
    hooks: MakeHooks, told: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pyca.runtime.hooks.WAITING", 1)
    mine = hooks("until [ -e go ]; do sleep 0.05; done; echo 1 >> told")
    mine.run(Hook.RECORDING_STOP, {})
    mine.run(Hook.RECORDING_STOP, {})
    assert "1 others have not ended yet" in caplog.text
    told.with_name("go").touch()
    wait_for(lambda: not mine._work, "the end of the hook")
    mine.run(Hook.RECORDING_STOP, {})
    mine.close(patience=30)
    assert lines(told) == ["1", "1"]
