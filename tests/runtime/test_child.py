import os
import signal
import subprocess

import pytest

from pyca.core.errors import CommandError
from pyca.core.states import Outcome
from pyca.runtime.child import Child
from pyca.runtime.process import start_time, usage

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(2, lambda *_: exit(3)); print('up', flush=True); time.sleep(60)"
)


def refuse(*_arguments):
    raise PermissionError(1, "Operation not permitted")


@pytest.fixture
def start(clock, log_file, python):
    """Start Python code as a child; whatever is left is killed afterwards."""
    children = []

    def start_(code, **options):
        child = Child.start(python(code), clock=clock, log_file=log_file, **options)
        children.append(child)
        return child

    yield start_
    for child in children:
        child.signal(signal.SIGKILL)
        child._process.wait()
        child.close()


@pytest.fixture
def end(readable):
    """Wait for a child's end by its descriptor."""

    def end_(child, **options):
        readable(child)
        return child.poll(**options)

    return end_


def test_an_expected_exit_code_is_a_success(start, end):
    result = end(start("exit(0)"))
    assert (result.outcome, result.code) == (Outcome.FINISHED, 0)
    assert end(start("exit(4)"), expected_code=4).outcome is Outcome.FINISHED


def test_another_exit_code_is_a_failure_that_names_both(start, end):
    result = end(start("exit(4)"))
    assert (result.outcome, result.code) == (Outcome.FAILED, 4)
    assert "exit code 4 instead of 0" in result.message


def test_a_running_child_has_no_result(start):
    child = start(SLEEP)
    assert child.poll() is None
    assert child.pid_started == start_time(child.pid)
    assert os.getsid(child.pid) == child.pid


def test_a_signal_of_others_is_a_kill(start, end):
    child = start(SLEEP)
    os.kill(child.pid, signal.SIGTERM)
    result = end(child)
    assert (result.outcome, result.code) == (Outcome.KILLED, -signal.SIGTERM)
    assert "SIGTERM" in result.message


@pytest.mark.parametrize("code", [SLEEP, STUBBORN])
def test_our_signal_is_a_stop(start, end, until, log_file, code):
    child = start(code)
    until(lambda: "up" in child.tail())
    assert child.signal(signal.SIGINT)
    assert end(child).outcome is Outcome.STOPPED
    assert not child.signal(signal.SIGINT)


def test_our_kill_is_a_kill(start, end):
    child = start(SLEEP)
    child.signal(signal.SIGKILL)
    assert end(child).outcome is Outcome.KILLED


def test_a_crash_after_our_signal_is_no_stop(start, end, until):
    child = start(f"import signal, os, time; signal.signal(2, lambda *_: os.abort()); {SLEEP}")
    until(lambda: "up" in child.tail())
    child.signal(signal.SIGINT)
    assert end(child).outcome is Outcome.KILLED


def test_signals_reach_the_whole_group(start, end, until, log_file):
    child = start(
        "import subprocess; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"
    )
    grandchild = int(until(child.tail))
    child.signal(signal.SIGTERM)
    end(child)
    until(lambda: start_time(grandchild) is None)


def test_a_command_of_another_user_is_told_about(start, monkeypatch, caplog):
    child = start(SLEEP)
    with monkeypatch.context() as patch:
        patch.setattr(os, "killpg", refuse)
        assert not child.signal(signal.SIGTERM)
    assert "another user" in caplog.text


def test_stdin_is_empty(start, end):
    assert end(start("import sys; exit(len(sys.stdin.read()))")).code == 0


def test_nothing_private_reaches_the_child(start, end, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", "/nowhere")
    child = start("import os; print(os.environ.get('NOTIFY_SOCKET'), os.environ.get('HOME'))")
    end(child)
    assert child.tail() == f"None {os.environ.get('HOME')}"


def test_the_tail_shows_the_last_lines_of_this_child_only(start, end, log_file):
    log_file.write_bytes(b"an earlier part\n")
    child = start("import sys; sys.stderr.buffer.write(b'a\\nb\\rc \\xff\\n\\n'); print('d')")
    end(child)
    assert set(child.tail().splitlines()) == {"a", "b", "c �", "d"}
    assert len(child.tail(2).splitlines()) == 2
    assert log_file.read_bytes().startswith(b"an earlier part\n")
    log_file.unlink()
    assert child.tail() == ""


def test_the_tail_of_a_huge_log_is_cheap(start, end, log_file):
    child = start("exit()")
    end(child)
    with log_file.open("wb") as log:
        log.seek(10**12)
        log.write(b"\nlast\n")
    assert child.tail(1) == "last"


@pytest.mark.parametrize(
    ("argv", "remedy"),
    [
        (["no-such-program-here"], "install it"),
        (["/etc/passwd"], "executable"),
        (["a\0b"], "by hand"),
    ],
)
def test_what_cannot_start_says_why(clock, log_file, argv, remedy):
    with pytest.raises(CommandError, match=remedy) as error:
        Child.start(argv, clock=clock, log_file=log_file)
    assert argv[0] in str(error.value)


def test_missing_folders_are_named(clock, tmp_path, log_file):
    with pytest.raises(CommandError, match="missing/log"):
        Child.start(["true"], clock=clock, log_file=tmp_path / "missing" / "log")
    with pytest.raises(CommandError, match="no such folder"):
        Child.start(["true"], clock=clock, log_file=log_file, cwd=tmp_path / "missing")


def test_a_process_of_an_earlier_run_is_adopted(python, clock, log_file, readable):
    process = subprocess.Popen(python("import time; time.sleep(60)"), start_new_session=True)
    child = Child.adopt(process.pid, start_time(process.pid), clock=clock, log_file=log_file)
    assert child.poll() is None
    child.signal(signal.SIGTERM)
    readable(child)
    assert (child.poll().outcome, child.poll().code) == (Outcome.STOPPED, None)
    child.close()
    assert start_time(process.pid) is None, "a zombie counts as gone"
    assert Child.adopt(process.pid, 1.0, clock=clock, log_file=log_file) is None
    process.wait()


def test_an_adopted_process_may_end_by_itself(python, clock, log_file, readable):
    process = subprocess.Popen(python("input()"), start_new_session=True, stdin=subprocess.PIPE)
    child = Child.adopt(process.pid, start_time(process.pid), clock=clock, log_file=log_file, name="ffmpeg")
    process.communicate(b"\n")
    readable(child)
    result = child.poll()
    assert (result.outcome, result.code) == (Outcome.FINISHED, None)
    assert result.message == "ffmpeg ended; its exit code is unknown"
    child.close()


def test_a_reused_pid_is_left_alone(clock, log_file):
    mine = start_time(os.getpid())
    assert Child.adopt(os.getpid(), mine - 5, clock=clock, log_file=log_file) is None
    assert Child.adopt(os.getpid(), 0.0, clock=clock, log_file=log_file) is None
    assert Child.adopt(2**22 - 1, mine, clock=clock, log_file=log_file) is None


def test_usage_counts_this_process():
    facts = usage()
    assert facts.memory > 1_000_000
    assert facts.threads >= 1
    assert usage(2**22 - 1) is None
