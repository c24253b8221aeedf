"""Preview pictures: whole or not at all, and never a file that the configuration does not name."""

import os
from pathlib import Path

import pytest

from pyca.config.settings import Capture, Input, Settings
from pyca.ui.view.previews import Previews, preview_files
from tests.tools import FakeClock
from tests.ui_tools import JPEG, PNG, Person


@pytest.fixture
def picture(settings: Settings) -> Path:
    file = settings.capture.preview_dir / "camera.jpg"
    file.write_bytes(JPEG)
    return file


def test_a_picture_is_sent_as_it_is_and_only_once(person: Person, picture: Path) -> None:
    answer = person.get("/img/0")
    assert (answer.data, answer.mimetype) == (JPEG, "image/jpeg")
    assert answer.headers["Last-Modified"]
    assert person.get("/img/0", If_None_Match=answer.headers["ETag"]).status_code == 304
    picture.write_bytes(PNG)
    changed = person.get("/img/0", If_None_Match=answer.headers["ETag"])
    assert (changed.data, changed.mimetype) == (PNG, "image/png"), "the content decides, not the name"


def test_a_half_written_picture_leaves_the_last_good_one(person: Person, picture: Path) -> None:
    person.get("/img/0")
    picture.write_bytes(JPEG[:100])
    assert person.get("/img/0").data == JPEG
    picture.unlink()
    assert person.get("/img/0").status_code == 404


@pytest.mark.parametrize(
    "content", [b"", JPEG[:-2], PNG[:50], b"<svg onload=x>", b"root:x:0:0", b"RIFF\xff\xff"]
)
def test_what_is_no_picture_is_not_shown(person: Person, picture: Path, content: bytes) -> None:
    picture.write_bytes(content)
    assert person.get("/img/0").status_code == 404


@pytest.mark.parametrize("path", ["/img/2", "/img/99999999999999999999", "/img/-1", "/img/x", "/img/"])
def test_other_numbers_are_unknown(person: Person, picture: Path, path: str) -> None:
    assert person.get(path).status_code == 404


@pytest.mark.parametrize("up", ["..", "%2e%2e", "..%2f.."])
@pytest.mark.parametrize("start", ["/img", "/static"])
def test_no_path_leads_out(person: Person, start: str, up: str) -> None:
    assert person.get(f"{start}/{up}/auth.py").status_code == 404


def test_pipes_and_folders_do_not_hold_the_page(person: Person, picture: Path, settings: Settings) -> None:
    picture.unlink()
    os.mkfifo(picture)
    (settings.capture.preview_dir / "screen.png").mkdir()
    assert person.get("/img/0").status_code == 404
    assert person.get("/img/1").status_code == 404
    assert person.get("/").text.count("No picture yet") == 2


def test_an_old_picture_is_called_so(person: Person, picture: Path, clock: FakeClock) -> None:
    os.utime(picture, (clock.now() - 2, clock.now() - 2))
    assert "live, 2 s old" in person.get("/").text
    clock.move(60)
    text = person.get("/").text
    assert "not live, taken" in text and "preview stale" in text


def test_previews_are_numbered_through_all_inputs(tmp_path: Path) -> None:
    settings = Settings(
        capture=Capture(preview_dir=tmp_path, preview=("{{previewdir}}/a.jpg", "/b.jpg")),
        inputs={"screen": Input(preview=("{{previewdir}}/c d.jpg",))},
    )
    found = preview_files(settings)
    assert [(one.number, one.label, one.path) for one in found] == [
        (0, "Input 1", tmp_path / "a.jpg"),
        (1, "Input 2", Path("/b.jpg")),
        (2, "screen", tmp_path / "c d.jpg"),
    ]
    assert Previews(found).picture(3) is None
