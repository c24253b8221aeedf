"""Scripts that drive themselves: they take messages and yield what is to be sent."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pyca.core.errors import ImagingError
from pyca.pipeline.user.limits import Alarm, Guard
from pyca.pipeline.user.outputs import Output, Outputs, Taken
from pyca.pipeline.user.scripts import Loader

MESSAGES = [Taken(number, number * 1_000_000_000, {"n": number}) for number in (5, 6, 7)]
Run = Callable[..., Outputs]


class GoneError(Exception):
    """Something that is none of the script's."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run(text: str, source: Iterator[Taken] | None = None, guard: Guard | None = None) -> Outputs:
        head = "def run(messages, parameters):\n"
        (tmp_path / "own.py").write_text(head + text, encoding="utf-8")
        function = Loader(tmp_path, None, guard=guard).load("own", "run")
        return Outputs(function, iter(MESSAGES) if source is None else source, {"k": 2})

    return run


def fault(outputs: Iterator[Output]) -> str:
    with pytest.raises(ImagingError) as caught:
        list(outputs)
    return caught.value.message


def test_values_get_the_pulse_and_time_of_the_message_taken_last(run: Run) -> None:
    outputs = run(
        "    for m in messages:\n        yield {'v': m.data['n'] * parameters['k'], 't': m.timestamp}\n"
    )
    assert list(outputs) == [
        Output(number, number * 1_000_000_000, {"v": number * 2, "t": float(number)}) for number in (5, 6, 7)
    ]


def test_values_may_have_their_own(run: Run) -> None:
    assert list(
        run("    yield 3, 1.5, {}\n    yield None\n    yield 4, 2, None\n    yield 5, 2, {'a': 1}\n")
    ) == [
        Output(3, 1_500_000_000, {}),
        Output(5, 2_000_000_000, {"a": 1}),
    ]


def test_a_script_may_end_before_its_messages(run: Run) -> None:
    outputs = run("    yield {'v': next(messages).pulse_id}\n")
    assert [output.values for output in outputs] == [{"v": 5}]
    assert list(outputs) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("    yield {}\n", "Script own.py, line 1: run yields before it has taken a message."),
        ("    return []\n", "Script own.py, line 1: run yields nothing: it returns a list."),
        ("    return 3\n", "Script own.py, line 1: run yields nothing: it returns a int."),
        ("    yield 3\n", "Script own.py, line 1: run returns 3; expected is a mapping"),
        ("    yield 1, 2\n", "Script own.py, line 1: run yields 2 parts; expected: pulse id, time, values."),
        ("    yield 'a', 2, {}\n", "run yields the pulse id 'a'; expected is a whole number."),
        ("    yield True, 2, {}\n", "run yields the pulse id true; expected is a whole number."),
        ("    yield 1, 'now', {}\n", "run yields the time 'now'; expected are seconds since 1970"),
        ("    yield 1, float('nan'), {}\n", "run yields the time nan; expected are seconds since 1970"),
        ("    yield 1, -1, {}\n", "run yields the time -1; expected are seconds since 1970"),
        ("    yield 1, 1, {'a': object()}\n", "Channel 'a' is of type object"),
        ("    next(messages)\n    yield 1, 1, {}\n    1 / 0\n", "Script own.py, line 4: ZeroDivisionError"),
        ("    yield 1, 1, {}\n    raise SystemExit\n", "Script own.py, line 3: it calls exit(None)"),
        ("    raise StopIteration\n    yield\n", "Script own.py, line 2: RuntimeError: generator raised"),
    ],
)
def test_what_is_wrong_is_told(run: Run, text: str, said: str) -> None:
    def everything() -> Iterator[Output]:
        yield from run(text)

    assert said in fault(everything())


@pytest.mark.parametrize("caught", ["ValueError", "BaseException"])
def test_what_ends_the_messages_comes_out_as_it_is(run: Run, caught: str) -> None:
    def source() -> Iterator[Taken]:
        yield MESSAGES[0]
        raise GoneError

    text = (
        "    while True:\n        try:\n            yield {'v': next(messages).pulse_id}\n"
        f"        except {caught}:\n            return\n"
    )
    outputs = run(text, source())
    assert next(outputs).values == {"v": 5}
    if caught == "ValueError":
        with pytest.raises(GoneError):
            next(outputs)
    else:
        assert list(outputs) == []


def test_the_wait_for_a_message_is_not_the_scripts_time(run: Run) -> None:
    before = signal.getsignal(signal.SIGALRM)
    left: list[float] = []

    def source() -> Iterator[Taken]:
        left.append(signal.getitimer(signal.ITIMER_REAL)[0])
        yield MESSAGES[0]

    try:
        guard = Alarm(60, lambda _why: None)
        text = (
            "    import signal\n    for m in messages:\n"
            "        yield {'left': signal.getitimer(signal.ITIMER_REAL)[0]}\n"
        )
        (output,) = run(text, source(), guard)
        assert left == [0]
        assert 0 < output.values["left"] <= 60  # type: ignore[operator]
        text = "    import signal\n    signal.raise_signal(signal.SIGALRM)\n    yield\n"
        with pytest.raises(ImagingError, match=r"Script own\.py, line 3: it takes longer"):
            list(run(text, None, guard))
    finally:
        signal.signal(signal.SIGALRM, before)


def test_a_script_can_be_ended(run: Run) -> None:
    text = "    try:\n        while True: yield 1, 1, {}\n    finally:\n        1 / 0\n"
    outputs = run(text)
    assert next(outputs).pulse_id == 1
    with pytest.raises(ImagingError, match=r"line 5: ZeroDivisionError"):
        outputs.close()
    assert list(outputs) == []
