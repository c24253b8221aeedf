"""The folder of cameras: changed by servers and by hand, with all that people put into folders."""

import fcntl
import gc
import json
import logging
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyca.camera.files.configuration import Configuration
from pyca.camera.files.folder import open_folder
from pyca.core.errors import BusyError, ConfigError, ImagingError, PycaError, UnknownNameError
from pyca.folders import jsonfile
from pyca.folders.folder import Folder
from pyca.images.backgrounds import Backgrounds

ROOT = Path(__file__).parents[2]
SIMULATED: dict[str, Any] = {"source": "simulation", "source_type": "simulation"}

pytestmark = pytest.mark.usefixtures("kinds")


Cameras = Folder[Configuration]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "cameras").mkdir()
    return tmp_path / "cameras"


@pytest.fixture
def cameras(path: Path) -> Cameras:
    return open_folder(path)


def write(path: Path, name: str, **keys: Any) -> None:
    (path / f"{name}.json").write_text(json.dumps(SIMULATED | keys), "utf-8")


def refuse_writing(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def write_bytes(self: Path, data: bytes) -> int:
        raise OSError(number, os.strerror(number), str(self))

    monkeypatch.setattr(Path, "write_bytes", write_bytes)


def test_a_first_start_has_something_to_show(tmp_path: Path) -> None:
    cameras = open_folder(tmp_path / "configuration" / "camera_config")
    assert cameras.names() == ["simulation"]
    assert cameras.read("simulation").source_type == "simulation"


def test_a_folder_that_was_there_is_left_alone(path: Path, cameras: Cameras) -> None:
    assert cameras.names() == []
    assert list(path.iterdir()) == []


def test_looking_only_makes_nothing(tmp_path: Path) -> None:
    cameras = open_folder(tmp_path / "missing", create=False)
    with pytest.raises(ImagingError, match="cannot be read: No such file"):
        cameras.check()
    assert not (tmp_path / "missing").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ImagingError, match="is no folder"):
        open_folder(tmp_path / "file")
    with pytest.raises(ImagingError, match="cannot be made: Not a directory"):
        open_folder(tmp_path / "file" / "folder")


def test_saved_and_read(path: Path, cameras: Cameras) -> None:
    saved = cameras.save("cam", {"source": "x", "name": "other", "alias": ["A"], "group": ["g"]})
    assert saved.name == "cam"
    assert cameras.read("cam") == cameras.read("A") == saved
    assert json.loads((path / "cam.json").read_text("utf-8")) == saved.as_json()
    assert [file.name for file in path.iterdir()] == ["cam.json"]


def test_other_files_are_no_cameras(path: Path, cameras: Cameras) -> None:
    write(path, "cam")
    for name in ("servers", "permanent_instances", "cam_parameters", "cam_background", ".hidden"):
        write(path, name)
    (path / "notes.txt").write_text("")
    (path / "folder").mkdir()
    assert cameras.names() == ["cam"]
    with pytest.raises(UnknownNameError):
        cameras.read("servers")


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a/b",
        "../a",
        "a\\b",
        "..",
        "a..b",
        ".a",
        "a\nb",
        "a\0b",
        "a" * 201,
        "ä" * 101,
        " a",
        "\ud800",
    ],
)
def test_impossible_names(cameras: Cameras, path: Path, name: str) -> None:
    for refused in (
        lambda: cameras.save(name, SIMULATED),
        lambda: cameras.read(name),
        lambda: cameras.delete(name),
        lambda: cameras.rename(name, "new"),
        lambda: cameras.resolve(name),
    ):
        with pytest.raises(ImagingError, match="The camera's name"):
            refused()
    assert list(path.iterdir()) == []


@pytest.mark.parametrize("name", ["aliases", "info", "servers", "cam_background", "permanent_instances"])
def test_names_that_mean_something_else(cameras: Cameras, name: str) -> None:
    with pytest.raises(ImagingError, match="The camera's name"):
        cameras.save(name, SIMULATED)
    cameras.save("cam", SIMULATED)
    with pytest.raises(ImagingError, match="The camera's name"):
        cameras.rename("cam", name)


@pytest.mark.parametrize("name", ["a" * 200, "käse 1", "CAM-1.x", "SAR:1", "日本"])
def test_possible_names(cameras: Cameras, name: str) -> None:
    cameras.save(name, SIMULATED)
    assert cameras.names() == [name]
    assert cameras.read(name).name == name


def test_unknown_cameras(cameras: Cameras, path: Path) -> None:
    expected = f"Unable to load config 'nope'. Config file '{path}/nope.json' does not exist."
    with pytest.raises(UnknownNameError) as caught:
        cameras.read("nope")
    assert caught.value.message == expected
    with pytest.raises(UnknownNameError) as caught:
        cameras.delete("nope")
    assert caught.value.message == "Config 'nope' does not exist."
    with pytest.raises(UnknownNameError):
        cameras.rename("nope", "new")


def test_aliases_resolve_everywhere(cameras: Cameras, path: Path) -> None:
    cameras.save("cam", SIMULATED | {"alias": ["A", "B"]})
    assert cameras.aliases() == {"A": "cam", "B": "cam"}
    assert cameras.resolve("A") == cameras.resolve("cam") == "cam"
    assert cameras.save("A", SIMULATED | {"alias": ["A"], "rotate": 1}).name == "cam"
    assert cameras.read("cam").rotate == 1
    assert cameras.aliases() == {"A": "cam"}
    assert cameras.rename("A", "new").name == "new"
    assert cameras.delete("A") == "new"
    assert list(path.iterdir()) == []


def test_aliases_are_unique(cameras: Cameras) -> None:
    cameras.save("one", SIMULATED | {"alias": ["A"]})
    cameras.save("two", SIMULATED)
    for alias, words in (
        (["A"], "an alias of camera 'one'"),
        (["one"], "the name of a camera"),
        (["two"], "the name of a camera"),
        ("A", "an alias of camera 'one'"),
        (["info"], "word of the interface"),
    ):
        with pytest.raises(ConfigError, match=words):
            cameras.save("two", SIMULATED | {"alias": alias})
    assert cameras.read("two").alias == ()
    cameras.save("one", SIMULATED | {"alias": ["A", "B"]})


def test_a_taken_alias_is_told_with_all_other_mistakes(cameras: Cameras) -> None:
    cameras.save("one", SIMULATED | {"alias": ["A"]})
    with pytest.raises(ConfigError) as caught:
        cameras.save("two", {"alias": ["A"], "rotate": "x"})
    assert len(caught.value.problems) == 3


def test_doubles_made_by_hand(path: Path, cameras: Cameras, caplog: pytest.LogCaptureFixture) -> None:
    write(path, "b", alias=["A"])
    write(path, "c", alias=["A", "b"])
    with caplog.at_level(logging.WARNING):
        assert cameras.aliases() == {"A": "b"}
        assert cameras.resolve("b") == "b"
        cameras.names()
    assert len(caplog.records) == 2
    assert "'A'" in caplog.text
    findings = {finding.file.name: finding.problems for finding in cameras.check()}
    assert findings == {
        "b.json": ("alias: 'A' is an alias of 'c' too",),
        "c.json": ("alias: 'A' is an alias of 'b' too", "alias: 'b' is the name of a camera"),
    }


def test_groups(cameras: Cameras) -> None:
    cameras.save("b", SIMULATED | {"group": ["two", "one"]})
    cameras.save("a", SIMULATED | {"group": ["one"]})
    assert cameras.groups() == {"one": ["a", "b"], "two": ["b"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "line 1, column 1"),
        (b'{\n  "source": "x",\n  // a camera\n}', "line 3, column 3.*no comments"),
        (b'{"source": "x",}', "line 1, column"),
        (b'{"source": NaN}', "NaN is no number"),
        (b'{"source": "x", "source": "y"}', "'source' is there twice"),
        (b"\xff\xfe\x00", "no text in UTF-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"rotate": ' + b"9" * 10_000 + b"}", "no JSON"),
        (b"[]", "is an object"),
        (b"null", "is an object"),
        (b'{"source": 1, "rotate": "x"}', "^rotate: found 'x'"),
    ],
)
def test_a_broken_file_hides_no_other(path: Path, cameras: Cameras, text: bytes, words: str) -> None:
    write(path, "cam", alias=["A"])
    (path / "broken.json").write_bytes(text)
    assert cameras.names() == ["broken", "cam"]
    assert cameras.aliases() == {"A": "cam"}
    with pytest.raises((ImagingError, ConfigError), match=words):
        cameras.read("broken")
    broken, fine = cameras.check()
    assert (broken.file, len(broken.problems)) == (path / "broken.json", 1)
    assert "broken.json" not in broken.problems[0]
    assert fine.problems == ()
    cameras.save("broken", SIMULATED)
    assert cameras.read("broken").source == "simulation"


def test_files_that_are_none(path: Path, cameras: Cameras) -> None:
    os.mkfifo(path / "pipe.json")
    (path / "folder.json").mkdir()
    (path / "nowhere.json").symlink_to(path / "nothing")
    with (path / "huge.json").open("wb") as file:
        file.truncate(100_000_000)
    write(path, "cam")
    assert cameras.names() == ["cam", "folder", "huge", "nowhere", "pipe"]
    for name in ("folder", "huge", "nowhere", "pipe"):
        with pytest.raises(ImagingError, match="cannot be read"):
            cameras.read(name)
    assert cameras.read("cam").source == "simulation"


def test_changes_by_hand_are_followed(path: Path, cameras: Cameras) -> None:
    for turns in range(20):
        write(path, "cam", rotate=turns % 10)
        assert cameras.read("cam").rotate == turns % 10
    (path / "cam.json").rename(path / "new.json")
    assert cameras.names() == ["new"]
    assert cameras.read("new").name == "new"
    (path / "new.json").unlink()
    with pytest.raises(UnknownNameError):
        cameras.read("new")


def test_a_settled_file_is_not_read_again(
    path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(path, "cam")
    os.utime(path / "cam.json", (1, 1))
    first = cameras.read("cam")

    def refuse(file: Path) -> Any:
        raise AssertionError(f"{file} was read")

    monkeypatch.setattr(jsonfile, "load", refuse)
    assert cameras.read("cam") is first


@pytest.mark.parametrize("text", ["{", '{"wrong": 1}', None])
def test_nothing_is_kept_of_who_met_a_file_that_cannot_be_used(
    path: Path, cameras: Cameras, text: str | None
) -> None:
    class Image:
        """What a request holds, such as a picture."""

    if text is None:
        (path / "cam.json").symlink_to(path / "nowhere")
    else:
        (path / "cam.json").write_text(text)
        os.utime(path / "cam.json", (1, 1))

    def ask(question: Callable[[], Any]) -> weakref.ref[Image]:
        image = Image()
        try:
            question()
        except PycaError:
            return weakref.ref(image)
        return weakref.ref(image)

    questions = (cameras.names, lambda: cameras.read("cam"), cameras.everything, lambda: cameras.read("cam"))
    held = [ask(question) for question in questions]
    gc.collect()
    assert [reference() for reference in held] == [None] * 4


def test_each_error_is_a_new_one(path: Path, cameras: Cameras) -> None:
    (path / "cam.json").write_text('{"wrong": 1, "rotate": "x"}')
    os.utime(path / "cam.json", (1, 1))
    found = []
    for _ in range(2):
        with pytest.raises(ConfigError) as caught:
            cameras.read("cam")
        found.append(caught.value)
    assert found[0] is not found[1]
    assert found[0].problems == found[1].problems and len(found[0].problems) > 2
    assert cameras.everything()["cam"] is not cameras.everything()["cam"]


def test_a_link_to_nowhere_is_read_once(
    path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path / "cam.json").symlink_to(path / "elsewhere")
    with pytest.raises(ImagingError, match="cannot be read: No such file"):
        cameras.read("cam")
    load, read = jsonfile.load, []
    monkeypatch.setattr(jsonfile, "load", lambda file: [read.append(file), load(file)][1])
    assert cameras.names() == ["cam"]
    assert read == []
    (path / "elsewhere").write_text(json.dumps(SIMULATED), "utf-8")
    assert cameras.read("cam").source == "simulation"


def test_a_reason_of_ours_passes(path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    write(path, "cam")
    os.utime(path / "cam.json", (1, 1))

    def exhausted(file: Path, most: int) -> bytes:
        raise OSError(24, "Too many open files")

    with monkeypatch.context() as patch:
        patch.setattr(jsonfile, "read_regular", exhausted)
        with pytest.raises(ImagingError, match="Too many open files"):
            cameras.read("cam")
    assert cameras.read("cam").source == "simulation"


@pytest.mark.parametrize("number", [28, 30])
def test_what_cannot_be_written_stays(
    path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    cameras.save("cam", SIMULATED)
    before = (path / "cam.json").read_bytes()
    refuse_writing(monkeypatch, number)
    with pytest.raises(ImagingError, match=f"cannot be written: {os.strerror(number)}"):
        cameras.save("cam", SIMULATED | {"rotate": 1})
    assert (path / "cam.json").read_bytes() == before
    assert cameras.read("cam").rotate == 0
    assert [file.name for file in path.iterdir()] == ["cam.json"]


def test_half_a_write_leaves_nothing(path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras.save("cam", SIMULATED)

    def half(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", half)
    with pytest.raises(ImagingError, match="No space left"):
        cameras.save("cam", SIMULATED | {"rotate": 1})
    assert [file.name for file in path.iterdir()] == ["cam.json"]
    assert cameras.read("cam").rotate == 0


def test_the_folder_goes_away(path: Path, cameras: Cameras) -> None:
    path.rmdir()
    for refused in (cameras.names, lambda: cameras.save("cam", SIMULATED), lambda: cameras.delete("cam")):
        with pytest.raises(ImagingError, match="The folder "):
            refused()
    path.mkdir()
    assert cameras.names() == []


def test_a_link_is_written_through(tmp_path: Path, path: Path, cameras: Cameras) -> None:
    write(tmp_path, "kept")
    (path / "cam.json").symlink_to(tmp_path / "kept.json")
    cameras.save("cam", SIMULATED | {"rotate": 1})
    assert (path / "cam.json").is_symlink()
    assert json.loads((tmp_path / "kept.json").read_text("utf-8"))["rotate"] == 1


def test_renaming(path: Path, cameras: Cameras) -> None:
    cameras.save("old", SIMULATED | {"rotate": 3, "alias": ["A", "new"]})
    cameras.save("other", SIMULATED | {"alias": ["O"]})
    for taken in ("other", "O"):
        with pytest.raises(ImagingError, match="exists already"):
            cameras.rename("old", taken)
    renamed = cameras.rename("old", "new")
    assert (renamed.name, renamed.rotate, renamed.alias) == ("new", 3, ("A",))
    assert cameras.names() == ["new", "other"]
    assert json.loads((path / "new.json").read_text("utf-8"))["name"] == "new"
    assert cameras.resolve("A") == "new"


def test_a_broken_one_is_not_renamed(path: Path, cameras: Cameras) -> None:
    (path / "broken.json").write_text("{")
    with pytest.raises(ImagingError, match="no JSON"):
        cameras.rename("broken", "new")
    assert cameras.names() == ["broken"]
    cameras.delete("broken")
    assert cameras.names() == []


def test_a_value_that_is_no_utf8_is_written_as_json(cameras: Cameras) -> None:
    cameras.save("cam", SIMULATED | {"script": "\ud800"})
    assert cameras.read("cam").ignored == {"script": "\ud800"}


def test_a_configuration_without_end(cameras: Cameras, path: Path) -> None:
    with pytest.raises(ImagingError, match="too large"):
        cameras.save("cam", SIMULATED | {"script": "x" * 2_000_000})
    assert list(path.iterdir()) == []


def test_threads_lose_nothing(cameras: Cameras) -> None:
    def work(number: int) -> None:
        try:
            for turn in range(5):
                cameras.save(f"cam{number}", SIMULATED | {"alias": [f"A{number}"], "rotate": turn})
                cameras.names()
                assert cameras.read(f"A{number}").rotate == turn
            cameras.rename(f"cam{number}", f"new{number}")
        except BaseException as error:
            failures.append(error)

    failures: list[BaseException] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert cameras.names() == [f"new{number}" for number in range(6)]


@pytest.fixture
def another_server(path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that keeps the folder to itself until its input ends."""
    program = (
        "import fcntl, os, sys\n"
        "fd = os.open(sys.argv[1], os.O_RDONLY)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        yield process
        process.kill()


def test_another_server_is_waited_for(
    cameras: Cameras, another_server: subprocess.Popen[str], path: Path
) -> None:
    cameras._writers.patience = 0.0
    with pytest.raises(BusyError, match="Another server has been writing"):
        cameras.save("cam", SIMULATED)
    assert cameras.names() == []
    cameras._writers.patience = 60.0
    saving = threading.Thread(target=cameras.save, args=("cam", SIMULATED))
    saving.start()
    # Whoever only asks does not wait.
    assert cameras.names() == []
    write(path, "theirs", alias=["A"])
    assert another_server.stdin is not None
    another_server.stdin.close()
    saving.join()
    assert cameras.names() == ["cam", "theirs"]
    with pytest.raises(ConfigError):
        cameras.save("cam", SIMULATED | {"alias": ["A"]})


def test_a_file_system_without_locks(cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(descriptor: int, operation: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", flock)
    cameras.save("cam", SIMULATED)
    assert cameras.names() == ["cam"]


def test_what_is_to_be_said_is_said_once(
    path: Path, cameras: Cameras, caplog: pytest.LogCaptureFixture
) -> None:
    write(path, "cam", script="x.py")
    (path / "broken.json").write_text("{", "utf-8")
    for _ in range(3):
        cameras.names()
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "script: has no effect" in caplog.text
    assert "is no JSON" in caplog.text
    write(path, "cam", script="x.py", forwarder_port=9000)
    cameras.names()
    assert len(caplog.records) == 3
    assert "forwarder_port: has no effect" in caplog.records[2].getMessage()


def test_a_look_at_a_folder_logs_nothing(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(path, "b", alias=["A"])
    write(path, "c", alias=["A"], script="x.py")
    assert len(open_folder(path, create=False).check()) == 2
    assert caplog.records == []


def refuse(*arguments: Any, **words: Any) -> Any:
    raise OSError(30, "Read-only file system")


def test_what_cannot_be_deleted_or_renamed(
    path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.save("cam", SIMULATED)
    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ImagingError, match="cannot be deleted: Read-only"):
        cameras.delete("cam")
    # Both are there then, which is better than none.
    with pytest.raises(ImagingError, match="cannot be renamed: Read-only"):
        cameras.rename("cam", "new")
    assert "cam" in cameras.names()


def test_a_full_disk_renames_nothing(path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras.save("cam", SIMULATED | {"rotate": 1})
    before = (path / "cam.json").read_bytes()
    refuse_writing(monkeypatch, 28)
    with pytest.raises(ImagingError, match=r"cam.json” cannot be renamed: .*No space left"):
        cameras.rename("cam", "new")
    assert [file.name for file in path.iterdir()] == ["cam.json"]
    assert (path / "cam.json").read_bytes() == before
    assert cameras.read("cam").rotate == 1


def test_what_cannot_be_taken_away_is_not_there_twice(
    path: Path, cameras: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras.save("cam", SIMULATED)
    unlink = Path.unlink

    def kept(self: Path, missing_ok: bool = False) -> None:
        if self.name == "cam.json":
            raise PermissionError(1, "Operation not permitted")
        unlink(self, missing_ok)

    monkeypatch.setattr(Path, "unlink", kept)
    with pytest.raises(ImagingError, match="cannot be renamed: Operation not permitted"):
        cameras.rename("cam", "new")
    assert [file.name for file in path.iterdir()] == ["cam.json"]


def test_a_renamed_link_is_one(tmp_path: Path, path: Path, cameras: Cameras) -> None:
    write(tmp_path, "kept", rotate=1)
    (path / "cam.json").symlink_to("../kept.json")
    assert cameras.rename("cam", "new").rotate == 1
    assert (path / "new.json").is_symlink() and cameras.names() == ["new"]
    assert json.loads((tmp_path / "kept.json").read_text("utf-8"))["name"] == "new"


def test_aliases_that_are_no_names(cameras: Cameras) -> None:
    with pytest.raises(ConfigError, match="alias: found"):
        cameras.save("cam", SIMULATED | {"alias": [1, "fine"]})
    assert cameras.aliases() == {}


def test_a_thread_that_hangs_while_it_writes(cameras: Cameras) -> None:
    cameras._writers.patience = 0.0
    with cameras._writers._lock, pytest.raises(BusyError, match="Somebody has been writing"):
        cameras.save("cam", SIMULATED)
    assert cameras.save("cam", SIMULATED).name == "cam"


def test_warnings_are_found(path: Path, cameras: Cameras) -> None:
    write(path, "cam", script="x.py")
    write(path, "info")
    cam, info = cameras.check()
    assert cam.problems == ()
    assert cam.warnings[0].startswith("script: has no effect")
    assert info.problems == ("the name 'info' is a word of the interface",)


def test_a_background_has_to_be_there(tmp_path: Path, path: Path) -> None:
    backgrounds = Backgrounds(tmp_path / "backgrounds")
    cameras = open_folder(path, tmp_path / "backgrounds")
    wanted = SIMULATED | {"image_background": "dark"}
    with pytest.raises(ConfigError) as caught:
        cameras.save("cam", wanted | {"rotate": "x"})
    assert "Requested background 'dark' does not exist." in caught.value.problems
    assert len(caught.value.problems) == 2
    assert cameras.names() == []
    backgrounds.save("dark", np.zeros((2, 2), np.uint16))
    assert cameras.save("cam", wanted).image_background == "dark"
    assert cameras.check()[0].problems == ()
    # It goes on with what it has, and whoever looks is told.
    (tmp_path / "backgrounds" / "dark.npy").unlink()
    assert cameras.read("cam").image_background == "dark"
    assert cameras.check()[0].problems == ("Requested background 'dark' does not exist.",)
    assert open_folder(path, create=False).check()[0].problems == ()


def test_a_background_is_no_path(tmp_path: Path, path: Path) -> None:
    (tmp_path / "dark.npy").write_bytes(b"")
    cameras = open_folder(path, tmp_path / "backgrounds")
    with pytest.raises(ConfigError, match="does not exist"):
        cameras.save("cam", SIMULATED | {"image_background": "../dark"})
