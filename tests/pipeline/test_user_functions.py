"""Functions of users: called, reported on with file and line, and never more than an error."""

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.core.errors import ImagingError
from pyca.pipeline.user.functions import Function
from pyca.pipeline.user.scripts import Loader

IMAGE = np.ones((2, 3), np.uint16)
MESSAGE = (IMAGE, 7, 1.5, np.arange(3), np.arange(2), {"camera_name": "one"}, {"more": 1})
Load = Callable[..., Function]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    loader = Loader(tmp_path, None)

    def load(text: str, entry: str = "process_image", name: str = "mine") -> Function:
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return loader.load(name, entry)

    return load


def body(*lines: str) -> str:
    """Return a function, its first line the second of its file."""
    head = "\ndef process_image(image, pulse_id, timestamp, x_axis, y_axis, parameters, bsdata):\n"
    return head + "".join(f"    {line}\n" for line in lines)


def fault(function: Function) -> str:
    with pytest.raises(ImagingError) as caught:
        function(*MESSAGE)
    return caught.value.message


def test_values_come_in_order_and_arrays_are_not_copied(load: Load) -> None:
    found = load(
        body(
            "from collections import OrderedDict",
            "return OrderedDict(z=image, a=pulse_id, t=timestamp, n=parameters['camera_name'],",
            "                   m=bsdata['more'], none=None, list=[1.5, 2])",
        )
    )(*MESSAGE)
    assert found is not None
    assert list(found) == ["z", "a", "t", "n", "m", "none", "list"]
    assert found["z"] is IMAGE
    assert (found["a"], found["t"], found["n"], found["m"], found["none"]) == (7, 1.5, "one", 1, None)
    assert isinstance(found["list"], np.ndarray)


def test_functions_of_streams(load: Load) -> None:
    text = (
        "def process(stream_data, pulse_id, timestamp, parameters):\n    return {'n': stream_data['n'] + 1}"
    )
    assert load(text, "process")({"n": 1}, 0, 0.0, {}) == {"n": 2}


def test_none_leaves_a_message_out(load: Load) -> None:
    assert load(body("return None"))(*MESSAGE) is None
    assert load(body("return {}"))(*MESSAGE) == {}


def test_older_functions_take_no_data_of_streams(load: Load) -> None:
    arguments = "image, pulse_id, timestamp, x_axis, y_axis, parameters"
    text = f"def process_image({arguments}):\n    return {{'p': pulse_id}}"
    assert load(text)(*MESSAGE) == {"p": 7}
    assert load("def process_image(*all):\n    return {'n': len(all)}")(*MESSAGE) == {"n": 7}
    assert load("def process_image(a, b, c, d, e, f, bsdata=None):\n    return bsdata")(*MESSAGE) == {
        "more": 1
    }


@pytest.mark.parametrize("arguments", ["", "image", "a, b, c, d, e, f, g, h", "*, image"])
def test_functions_with_other_arguments(load: Load, arguments: str) -> None:
    with pytest.raises(
        ImagingError, match=r"Script mine\.py: process_image takes .*expected is \(image, pul"
    ):
        load(f"def process_image({arguments}):\n    pass")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("1 / 0", "Script mine.py, line 3: ZeroDivisionError: division by zero."),
        ("raise SystemExit(3)", "Script mine.py, line 3: it calls exit(3), which ends nothing here."),
        ("import sys; sys.exit()", "Script mine.py, line 3: it calls exit(None), which ends nothing here."),
        ("raise KeyboardInterrupt", "Script mine.py, line 3: KeyboardInterrupt."),
        ("raise GeneratorExit", "Script mine.py, line 3: GeneratorExit."),
        ("raise BaseException('two\\nlines')", "Script mine.py, line 3: BaseException: two lines."),
        ("raise MemoryError", "Script mine.py, line 3: it needs more memory than it may have."),
        ("image[0] = 1 if image.shape == 0 else 'a'", "Script mine.py, line 3: ValueError: "),
        ("process_image(*[0] * 7)", "Script mine.py, line 3: RecursionError: "),
        ("import missing_module_of_nobody", "Script mine.py, line 3: ModuleNotFoundError: No module named"),
        ("exec('1 +')", "line 1: SyntaxError: invalid syntax."),
    ],
)
def test_what_is_raised_has_file_and_line(load: Load, line: str, said: str) -> None:
    assert said in fault(load(body(line)))


def test_the_line_of_the_script_and_not_of_a_library_it_calls(load: Load) -> None:
    assert "Script mine.py, line 4: " in fault(load(body("import json", "json.loads('{')")))


def test_exceptions_that_cannot_be_told(load: Load) -> None:
    text = "class Odd(Exception):\n    def __str__(self):\n        raise self\n" + body("raise Odd")
    assert fault(load(text)) == "Script mine.py, line 6: Odd."


def test_our_own_errors_are_errors_of_the_script_where_it_raises_them(load: Load) -> None:
    text = body("from pyca.core.errors import ImagingError", "raise ImagingError('own')")
    assert fault(load(text)) == "Script mine.py, line 4: ImagingError: own."


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("5", "returns 5; expected is a mapping from names of channels to values."),
        ("image", "returns a ndarray; expected is a mapping"),
        ("[('a', 1)]", "returns a list of 1; expected is a mapping"),
        ("{1: 2}", "returns a channel whose name 1 is no text."),
        ("{None: 2}", "returns a channel whose name null is no text."),
        ("{'': 2}", "returns a channel whose name '' cannot be sent."),
        ("{'a\\n': 2}", "returns a channel whose name 'a\\n' cannot be sent."),
        ("{'a': object()}", "Channel 'a' is of type object; expected is"),
        ("{'a': {'b': 1}}", "Channel 'a' is of type dict; expected is"),
        ("{'a': 1j}", "Channel 'a' is of type complex; expected is"),
        ("{'a': 2 ** 64}", "Channel 'a' is a whole number of more than 64 bits."),
        ("{'a': '\\ud800'}", "Channel 'a' is a text with half characters, which cannot be sent."),
        ("{'a': [[1], [1, 2]]}", "The list of channel 'a' is not even: it cannot be sent as an array."),
        ("{'a': image.astype(object)}", "Channel 'a' is of type object; expected is"),
        ("{'a': image.astype(complex)}", "Channel 'a' is of type complex128; expected is"),
        ("{'fine': 1, 'b': b'bytes'}", "Channel 'b' is of type bytes; expected is"),
        ("{'a': ['x', 'y']}", "Channel 'a' is of type <U1; expected is"),
    ],
)
def test_nonsense_names_its_channel(load: Load, result: str, said: str) -> None:
    message = fault(load(body(f"return {result}")))
    assert message.startswith("Script mine.py, line 2: process_image")
    assert said in message


def test_mappings_that_fail(load: Load) -> None:
    text = "class Odd(dict):\n    def items(self):\n        raise OSError('gone')\n" + body("return Odd(a=1)")
    assert fault(load(text)) == "Script mine.py, line 3: OSError: gone."


@pytest.mark.parametrize(
    "value",
    [
        True,
        -(2**63),
        2**64 - 1,
        np.float32(1),
        np.zeros((2, 0)),
        np.zeros((4, 4))[::2, ::-1],
        np.array(3),
        np.arange(3, dtype=">u2"),
        np.ones(2, bool),
        "ü",
    ],
)
def test_all_that_can_be_sent_is_taken(load: Load, value: Any) -> None:
    found = load(
        "def process(stream_data, pulse_id, timestamp, parameters):\n    return stream_data", "process"
    )
    result = found(OrderedDict(value=value), 0, 0.0, {})
    assert result is not None
    assert result["value"] is value
