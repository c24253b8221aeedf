"""The last words of a short command."""

import os
import sys
import threading
from pathlib import Path

import pytest

from pyca.core.clock import Clock, SystemClock
from pyca.core.errors import CommandError
from pyca.runtime.output import Output, last_output


def say(code: str, *, limit: float = 60, keep: int = 1000, clock: Clock | None = None) -> Output:
    return last_output([sys.executable, "-I", "-c", code], clock or SystemClock(), limit=limit, keep=keep)


class Patient(SystemClock):
    """A clock that stands still until a file is there: a busy machine takes its time to start a program."""

    def __init__(self, sign: Path) -> None:
        self._sign = sign
        self._begun = 0.0

    def monotonic(self) -> float:
        if not self._begun and self._sign.exists():
            self._begun = super().monotonic()
        return super().monotonic() - self._begun if self._begun else 0.0

    def spoken(self) -> str:
        """Return the code that makes the file."""
        return f"sys.stdout.flush(); open({str(self._sign)!r}, 'w')"


@pytest.fixture
def patient(tmp_path: Path) -> Patient:
    return Patient(tmp_path / "spoken")


def test_both_streams_and_the_code_are_told() -> None:
    output = say("import sys; print('out', flush=True); print('err', file=sys.stderr); sys.exit(3)")
    assert output == Output("out\nerr\n", False, 3)


def test_only_the_end_of_much_is_kept() -> None:
    output = say("print('x' * 500_000 + 'end')", keep=100)
    assert output == Output("x" * 96 + "end\n", True, 0)


def test_what_is_no_text_is_replaced() -> None:
    assert say("import sys; sys.stdout.buffer.write(b'a\\xff')").text == "a\ufffd"


@pytest.mark.parametrize(
    "code",
    [
        "import time; time.sleep(600)",
        "import os, time; os.close(1), os.close(2), time.sleep(600)",
        "import subprocess; subprocess.run(['sleep', '600'])",
    ],
)
def test_a_command_without_end_is_killed(code: str, patient: Patient) -> None:
    output = say(f"import sys; print('begun'); {patient.spoken()}; {code}", limit=1, clock=patient)
    assert (output.text, output.code) == ("begun\n", None)


def test_endless_words_are_cut_off(patient: Patient) -> None:
    begin = f"import sys; print('x' * 1000); {patient.spoken()}"
    output = say(f"{begin}\nwhile True: print('x' * 1000)", limit=0.5, clock=patient)
    assert (len(output.text), output.cut, output.code) == (1000, True, None)


@pytest.mark.parametrize("program", ["/nowhere/log", "nul\0"])
def test_a_program_that_is_not_there_is_named(program: str, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be started"):
        last_output([program], SystemClock(), limit=1, keep=10)


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_command_of_another_user_is_left_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, patient: Patient
) -> None:
    kill, refused = os.killpg, []

    def refuse(group: int, number: int) -> None:
        refused.append((group, number))
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "killpg", refuse)
    try:
        code = f"import sys; print('begun'); {patient.spoken()}; import time; time.sleep(600)"
        output = say(code, limit=1, clock=patient)
        assert (output.text, output.code) == ("begun\n", None)
        [(group, _)] = refused
        assert f"process {group} cannot be killed" in caplog.text
        # It still runs.
        assert os.waitpid(group, os.WNOHANG) == (0, 0)
    finally:
        for group, number in refused:
            kill(group, number)
            os.waitpid(group, 0)


def test_a_command_that_is_not_wanted_any_more_is_killed() -> None:
    cancelled = threading.Event()
    cancelled.set()
    output = last_output(["sleep", "600"], SystemClock(), limit=600, keep=10, cancelled=cancelled)
    assert output.code is None


@pytest.mark.parametrize("given", [False, True])
def test_our_passwords_are_not_passed_on(monkeypatch: pytest.MonkeyPatch, given: bool) -> None:
    secrets = ("PYCA_SERVER_PASSWORD", "PYCA_AGENT_DATABASE", "PYCA_UI_PASSWORD_FILE")
    for name in (*secrets, "PYCA_CONFIG", "HOOK_X"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PYCA_FFMPEG", "2")
    env = {**os.environ} if given else None
    said = last_output(["env"], SystemClock(), limit=20, keep=100_000, env=env).text.splitlines()
    assert sorted(line for line in said if line.startswith(("PYCA_", "HOOK_"))) == [
        "HOOK_X=1",
        "PYCA_CONFIG=1",
        "PYCA_FFMPEG=2",
    ]
