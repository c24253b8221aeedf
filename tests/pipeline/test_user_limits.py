"""The time of a frame, and the memory of a script."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pyca.core.errors import ImagingError
from pyca.pipeline.user.functions import Function
from pyca.pipeline.user.limits import Alarm, Guard, Unlimited, Watchdog
from pyca.pipeline.user.scripts import Loader, places_of

T = TypeVar("T")
HEAD = "import time\ndef process(stream_data, pulse_id, timestamp, parameters):\n"
RING = "__import__('signal').raise_signal(__import__('signal').SIGALRM)"
"""what an alarm does, at this very line"""
SHORT = 0.02
LONG = 60.0


@pytest.fixture
def said() -> list[str]:
    """What a process would have been given up for."""
    return []


@pytest.fixture
def alarms() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


class Switched:
    """A guard that is put in place after scripts have been loaded, however long that took."""

    def __init__(self) -> None:
        self.guard: Guard = Unlimited()

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        return self.guard.call(function, *arguments)

    def wait(self, function: Callable[..., T], *arguments: Any) -> T:
        return self.guard.wait(function, *arguments)


def loaded(folder: Path, text: str, make: Callable[[], Guard]) -> Function:
    """Return the function of a script, with a guard from now on."""
    (folder / "slow.py").write_text(HEAD + text, encoding="utf-8")
    switched = Switched()
    function = Loader(folder, None, guard=switched).load("slow", "process")
    switched.guard = make()
    return function


@pytest.mark.usefixtures("alarms")
def test_what_hangs_is_ended_and_can_be_called_again(tmp_path: Path, said: list[str]) -> None:
    text = "    while stream_data:\n        pass\n    return {}\n"
    function = loaded(tmp_path, text, lambda: Alarm(SHORT, said.append))
    for _ in range(2):
        with pytest.raises(ImagingError, match=r"Script slow\.py.*: it takes longer than it may for a frame"):
            function({"a": 1}, 0, 0.0, {})
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert not said


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize("words", ["raise SystemExit(3)", "raise KeyboardInterrupt", "while True: pass"])
def test_an_exception_whose_words_do_something_else(tmp_path: Path, said: list[str], words: str) -> None:
    text = f"    class Odd(Exception):\n        def __str__(self):\n            {words}\n    raise Odd\n"
    function = loaded(tmp_path, text, lambda: Alarm(SHORT, said.append))
    with pytest.raises(
        ImagingError, match=r"Script slow\.py, line 6: it raises an exception that cannot tell"
    ):
        function({}, 0, 0.0, {})
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert not said


@pytest.mark.usefixtures("alarms")
def test_file_and_line_of_what_is_ended(tmp_path: Path, said: list[str]) -> None:
    function = loaded(tmp_path, f"    pass\n    {RING}\n", lambda: Alarm(LONG, said.append))
    with pytest.raises(ImagingError, match=r"Script slow\.py, line 4: it takes longer"):
        function({"a": 1}, 0, 0.0, {})


@pytest.mark.usefixtures("alarms")
def test_what_catches_errors_is_ended_all_the_same(tmp_path: Path, said: list[str]) -> None:
    text = f"    try:\n        {RING}\n    except Exception:\n        return {{}}\n"
    function = loaded(tmp_path, text, lambda: Alarm(LONG, said.append))
    with pytest.raises(ImagingError, match=r"Script slow\.py, line 4: it takes longer"):
        function({}, 0, 0.0, {})


@pytest.mark.usefixtures("alarms")
def test_what_catches_everything_is_given_up(tmp_path: Path, said: list[str]) -> None:
    text = (
        "    while not parameters:\n        try:\n            time.sleep(60)\n"
        "        except BaseException:\n            pass\n    return {}\n"
    )
    function = loaded(tmp_path, text, lambda: Alarm(SHORT, said.append))
    assert function({}, 0, 0.0, said) == {}
    assert said == ["A script takes longer than 0.02 s for a frame, and cannot be ended."]


@pytest.mark.usefixtures("alarms")
def test_scripts_that_hang_as_they_are_loaded(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / "slow.py").write_text(f"\n{RING}\n", encoding="utf-8")
    with pytest.raises(ImagingError, match=r"Script slow\.py, line 2: it takes longer"):
        Loader(tmp_path, None, guard=Alarm(LONG, said.append)).load("slow", "process")


@pytest.mark.usefixtures("alarms")
def test_what_is_in_time_hears_of_no_alarm(tmp_path: Path, said: list[str]) -> None:
    function = loaded(tmp_path, "    return stream_data\n", lambda: Alarm(LONG, said.append))
    assert [function({"n": number}, 0, 0.0, {}) for number in range(3)] == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    # One that comes late finds nobody at work.
    signal.raise_signal(signal.SIGALRM)


def test_threads_are_watched(tmp_path: Path) -> None:
    said: list[str] = []
    released, told = threading.Event(), threading.Event()

    def abandon(why: str) -> None:
        said.append(why)
        told.set()

    guard = Watchdog(SHORT, abandon, places_of(tmp_path, None).of_thread)
    function = loaded(tmp_path, "    parameters.wait()\n", lambda: guard)
    worker = threading.Thread(target=function, args=({}, 0, 0.0, released))
    worker.start()
    assert told.wait(60)
    released.set()
    worker.join()
    guard.close()
    (why,) = said
    assert why.startswith("Script ")
    assert why.endswith(": it takes longer than 0.02 s for a frame.")


def test_threads_in_time_are_let_alone(tmp_path: Path, said: list[str]) -> None:
    guard = Watchdog(LONG, said.append, places_of(tmp_path, None).of_thread)
    assert loaded(tmp_path, "    return {}\n", lambda: guard)({}, 0, 0.0, {}) == {}
    assert loaded(tmp_path, "    return parameters(0)\n", lambda: guard)({}, 0, 0.0, lambda _: None) is None
    guard.close()
    assert not said


def test_where_a_thread_is(tmp_path: Path) -> None:
    places = places_of(tmp_path, None)

    def look() -> dict[str, str]:
        return {"where": places.of_thread(threading.get_ident())}

    function = loaded(tmp_path, "    pass\n    return parameters()\n", Unlimited)
    assert function({}, 0, 0.0, look) == {"where": "slow.py, line 4"}
    assert places.of_thread(threading.get_ident()) == places.of_thread(0) == ""


def called(tmp_path: Path, body: str, megabytes: int = 0, seconds: float = 60.0) -> list[str]:
    """Write a function, and return the words of a process that calls it."""
    (tmp_path / "mine.py").write_text(HEAD + f"    {body}\n    return {{}}\n", encoding="utf-8")
    program = (
        "from pathlib import Path\n"
        "from pyca.core.errors import ImagingError\n"
        "from pyca.pipeline.user.limits import Alarm, limit_memory\n"
        "from pyca.pipeline.user.scripts import Loader\n"
        f"limit_memory({megabytes})\n"
        f"function = Loader(Path({str(tmp_path)!r}), None).load('mine', 'process')\n"
        f"try:\n    Alarm({seconds}, print).call(function, {{}}, 0, 0.0, {{}})\n"
        "except ImagingError as error:\n    print(error.message)\n"
        "else:\n    print('fine')\n"
    )
    return [sys.executable, "-c", program]


def outcome(tmp_path: Path, body: str, megabytes: int = 0) -> tuple[int, str]:
    """Call a function in a process of its own; returns exit code and error."""
    words = called(tmp_path, body, megabytes)
    ended = subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)
    return ended.returncode, ended.stdout.strip()


def test_memory_is_limited(tmp_path: Path) -> None:
    found = outcome(tmp_path, "b = bytearray(2 * 10 ** 9)", megabytes=1000)
    assert found == (0, "Script mine.py, line 3: it needs more memory than it may have.")
    assert outcome(tmp_path, "b = bytearray(10 ** 6)", megabytes=1000) == (0, "fine")


def test_it_is_told_where_python_stands_still(tmp_path: Path) -> None:
    # It waits for itself, which no signal ends.
    lock = "__import__('ctypes').PyDLL(None).pthread_mutex_lock"
    words = called(tmp_path, f"mutex = bytes(64); {lock}(mutex); {lock}(mutex)", seconds=0.01)
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert any('mine.py", line 3 in process' in line for line in process.stderr)
        process.kill()
