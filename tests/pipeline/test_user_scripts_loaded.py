"""Scripts as they are found, read and read again, and the libraries that they import."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyca.core.errors import ImagingError
from pyca.pipeline.user.scripts import Loader

NONE = "def process(stream_data, pulse_id, timestamp, parameters):\n    return {'value': %s}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    return folder


@pytest.fixture
def libraries(tmp_path: Path) -> Iterator[Path]:
    """A folder of libraries; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    before = list(sys.path)
    yield folder
    sys.path[:] = before
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


def value(loader: Loader, name: str = "mine") -> object:
    found = loader.load(name, "process")({}, 0, 0.0, {})
    assert found is not None
    return found["value"]


def fault(loader: Loader, name: str = "mine", entry: str = "process") -> ImagingError:
    with pytest.raises(ImagingError) as caught:
        loader.load(name, entry)
    return caught.value


def test_none_are_run_where_that_is_off() -> None:
    error = fault(Loader(None, None))
    assert error.message == "Function 'mine' is a script, and no scripts are run here."
    assert "[pipeline] run_scripts = true" in error.remedy


def test_with_and_without_ending_and_with_a_mark_of_utf8(folder: Path) -> None:
    (folder / "mine.py").write_bytes(b"\xef\xbb\xbf" + (NONE % "'ü'").encode())
    assert value(Loader(folder, None)) == value(Loader(folder, None), "mine.py") == "ü"


def test_it_is_read_anew_each_time_it_is_loaded(folder: Path) -> None:
    loader = Loader(folder, None)
    (folder / "mine.py").write_text(NONE % 1, encoding="utf-8")
    before = loader.load("mine", "process")
    (folder / "mine.py").write_text(NONE % 2, encoding="utf-8")
    assert value(loader) == 2
    assert before({}, 0, 0.0, {}) == {"value": 1}


def test_unknown_scripts(folder: Path) -> None:
    assert fault(Loader(folder, None)).message == "Requested script 'mine' does not exist."


@pytest.mark.parametrize("name", ["a.c", "a.so", "a.cpp", "a.pyc"])
def test_compiled_functions_are_refused(folder: Path, name: str) -> None:
    (folder / name).touch()
    error = fault(Loader(folder, None), name)
    assert error.message == f"Function '{name}' is compiled or in C: only scripts of Python can be used."


@pytest.mark.parametrize("name", ["../mine", "", ".mine", "a/b", "mine\n"])
def test_names_that_no_script_has(folder: Path, name: str) -> None:
    assert "The script's name" in fault(Loader(folder, None), name).message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a = 1\ndef broken(:\n", "Script mine.py, line 2: SyntaxError: "),
        ("if True:\na = 1\n", "Script mine.py, line 2: IndentationError: "),
        ("a = 1\nb = a.c\n", "Script mine.py, line 2: AttributeError: 'int' object has no attribute 'c'."),
        ("import sys\nsys.exit('bye')\n", "Script mine.py, line 2: it calls exit('bye'), which ends nothing"),
        ("a = '\0'\n", "null byte"),
        ("", "Script mine.py has no function “process(stream_data, pulse_id, timestamp, parameters)”."),
        ("process = 3\n", "“process” of script mine.py is no function."),
        (
            "def process_image(image): pass\n",
            "It has “process_image”, which is for another type of pipeline.",
        ),
    ],
)
def test_scripts_that_cannot_be_used(folder: Path, text: str, said: str) -> None:
    (folder / "mine.py").write_text(text, encoding="utf-8")
    assert said in fault(Loader(folder, None)).message


def test_libraries_are_modules_packages_and_archives(folder: Path, libraries: Path) -> None:
    (libraries / "plain_of_user.py").write_text("value = 1\n", encoding="utf-8")
    (libraries / "package_of_user").mkdir()
    (libraries / "package_of_user" / "__init__.py").write_text("value = 2\n", encoding="utf-8")
    for number, name in enumerate(("zipped_of_user.zip", "egg_of_user.egg")):
        with zipfile.ZipFile(libraries / name, "w") as archive:
            archive.writestr(f"{Path(name).stem}.py", f"value = {number + 3}\n")
    modules = ("plain_of_user", "package_of_user", "zipped_of_user", "egg_of_user")
    text = (
        "import " + ", ".join(modules) + "\n" + NONE % ("[" + ", ".join(f"{m}.value" for m in modules) + "]")
    )
    (folder / "mine.py").write_text(text, encoding="utf-8")
    assert list(value(Loader(folder, libraries))) == [1, 2, 3, 4]  # type: ignore[call-overload]


def test_libraries_are_read_anew_with_the_script(folder: Path, libraries: Path) -> None:
    (folder / "mine.py").write_text("import own_of_user\n" + NONE % "own_of_user.value", encoding="utf-8")
    loader = Loader(folder, libraries)
    for number in (1, 22):
        (libraries / "own_of_user.py").write_text(f"value = {number}\n", encoding="utf-8")
        assert value(loader) == number


def test_no_library_takes_the_place_of_a_module(folder: Path, libraries: Path) -> None:
    (libraries / "colorsys.py").write_text("value = 'wrong'\n", encoding="utf-8")
    (folder / "mine.py").write_text(
        "import colorsys\n" + NONE % "hasattr(colorsys, 'rgb_to_hsv')", encoding="utf-8"
    )
    assert value(Loader(folder, libraries)) is True


def test_errors_in_libraries_have_their_file_and_line(folder: Path, libraries: Path) -> None:
    (libraries / "bad_of_user.py").write_text("\ndef fail():\n    return {}['a']\n", encoding="utf-8")
    (folder / "mine.py").write_text("import bad_of_user\n" + NONE % "bad_of_user.fail()", encoding="utf-8")
    function = Loader(folder, libraries).load("mine", "process")
    with pytest.raises(ImagingError, match=r"^Script bad_of_user\.py, line 3: KeyError: 'a'\.$"):
        function({}, 0, 0.0, {})


def test_a_folder_of_libraries_need_not_exist(folder: Path, tmp_path: Path) -> None:
    (folder / "mine.py").write_text(NONE % 1, encoding="utf-8")
    assert value(Loader(folder, tmp_path / "none")) == 1
